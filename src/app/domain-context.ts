import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AppConfig } from '#libs/config';
import { NO_NOTIFICATIONS, TransactionRunner } from '#libs/database';
import { systemClock } from '#libs/kernel';
import { Telemetry } from '#libs/telemetry';
import type { Imports } from './api.module.js';
import { nameDatabase, printError } from './commands/command.js';
import { openDatabase } from './schema.js';
import { PersistenceModule, type Foundation } from './persistence/persistence.module.js';

@Module({})
class DomainContextModule {
  static forRoot(foundation: Foundation, domains: Imports): DynamicModule {
    return { module: DomainContextModule, imports: [PersistenceModule.forRoot(foundation), ...domains] };
  }
}

/**
 * Runs `work` with these domains on the configured database, without a server; everything is closed afterwards.
 * @param options `mustExist` for commands that only look at or change what is there: they make no database
 */
export async function withDomains<T>(
  config: AppConfig,
  domains: Imports,
  work: (context: INestApplicationContext) => Promise<T>,
  options: { readonly mustExist?: boolean } = {},
): Promise<T> {
  const database = await openDatabase(config, options);
  nameDatabase(config);
  try {
    const transactions = new TransactionRunner(database);
    const jobListener = {
      failed: (activity: string, error: unknown) => printError(`${activity}: ${String(error)}`),
    };
    const foundation = {
      config,
      clock: systemClock,
      database,
      transactions,
      notifications: NO_NOTIFICATIONS,
      jobListener,
      telemetry: new Telemetry(),
      tracer: null,
    };
    const root = DomainContextModule.forRoot(foundation, domains);
    const context = await NestFactory.createApplicationContext(root, {
      logger: ['error', 'warn'],
      abortOnError: false,
    });
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  } finally {
    await database.close();
  }
}
