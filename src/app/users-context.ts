import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { LoadedConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { systemClock } from '#libs/kernel';
import { AccountsModule } from '../users/accounts.module.js';
import { printError } from './commands/terminal.js';
import { openDatabase } from './persistence/open-database.js';
import { PersistenceModule, type Foundation } from './persistence/persistence.module.js';

@Module({})
class UsersContextModule {
  static forRoot(foundation: Foundation): DynamicModule {
    return { module: UsersContextModule, imports: [PersistenceModule.forRoot(foundation), AccountsModule] };
  }
}

/** Runs `work` with the accounts of the configured database, without a server; everything is closed afterwards. */
export async function withUsers<T>(
  config: LoadedConfig,
  work: (context: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(config);
  try {
    const transactions = new TransactionRunner(database);
    const jobListener = {
      failed: (activity: string, error: unknown) => printError(`${activity}: ${String(error)}`),
    };
    const foundation = { config, clock: systemClock, database, transactions, jobListener };
    const context = await NestFactory.createApplicationContext(UsersContextModule.forRoot(foundation), {
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
