import { describe } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { loadConfig } from '#libs/config';
import type { Clock } from '#libs/kernel';
import { HttpClient } from '#libs/testing';
import { startServer, type RunningServer, type ServerOverrides } from '../../src/app/server.js';
import { TestDatabase, type DatabaseKind } from './databases.js';

export type AdapterName = 'fastify' | 'express';
/** Both HTTP libraries; what a client can notice is tested on each. */
export const ADAPTERS: readonly AdapterName[] = ['fastify', 'express'];

/** Key of the administrator that every test application begins with. */
export const ADMIN_KEY = 'test-administrator-key-0123456789abcdef';
export const ADMIN_PASSWORD = 'administrator-password';

export interface TestAppOptions {
  /** Settings and plugin parameters, as if given by flags. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default: SQLite. */
  readonly database?: DatabaseKind;
  /** Default: Fastify. */
  readonly adapter?: AdapterName;
  /** Another one whose database it serves, too; who opened that closes it. */
  readonly beside?: TestApp;
  /** Fills the database once the application runs. */
  readonly seed?: (app: TestApp) => Promise<void>;
  readonly clock?: Clock;
  /** What the host's clock says; what several hosts share goes by the database's. */
  readonly hostClock?: Clock;
  /** Domains to mount instead of the product's. */
  readonly domains?: ServerOverrides['domains'];
  /** Plugins to load instead of the built-in ones. */
  readonly plugins?: ServerOverrides['plugins'];
}

/** A line of the log. */
export interface LogLine {
  readonly level: string;
  readonly name: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The whole product, serving on a free port of the loopback interface. */
export class TestApp extends HttpClient {
  constructor(
    readonly server: RunningServer,
    readonly database: TestDatabase,
    /** Everything that was logged so far, oldest first. */
    readonly logLines: readonly LogLine[],
  ) {
    super(server.url);
  }

  get app(): INestApplication {
    return this.server.app;
  }

  /** Stops gracefully and removes the data. */
  async close(): Promise<void> {
    await this.server.stop();
    await this.database.close();
  }
}

/** Settings that keep a test application quick, quiet and to itself. */
export const TEST_SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  environment: 'test',
  secret_key: 'a-secret-of-the-tests-that-nobody-keeps',
  password_hash_cost: 4,
  admin_password: ADMIN_PASSWORD,
  admin_api_key: ADMIN_KEY,
  log_level: 'INFO',
  shutdown_grace: 5,
  shutdown_notice: 0,
};

/** Starts the product on a database of its own; `close()` it at the end. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const database = options.beside?.database ?? (await TestDatabase.open(options.database ?? 'sqlite'));
  const lines: LogLine[] = [];
  try {
    const server = await startServer(testConfig(options, database), {
      logStream: { write: (line) => void lines.push(JSON.parse(line) as LogLine) },
      ...(options.clock !== undefined && { clock: options.clock }),
      ...(options.hostClock !== undefined && { hostClock: options.hostClock }),
      ...(options.domains !== undefined && { domains: options.domains }),
      ...(options.plugins !== undefined && { plugins: options.plugins }),
    });
    const app = new TestApp(server, database, lines);
    await options.seed?.(app);
    return app;
  } catch (error) {
    if (options.beside === undefined) await database.close();
    throw error;
  }
}

function testConfig({ config = {}, adapter = 'fastify' }: TestAppOptions, { location }: TestDatabase) {
  const url = location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url;
  const flags = { ...TEST_SETTINGS, http_adapter: adapter, database_url: url, ...config };
  return loadConfig({ argv: [], env: {}, flags, serving: true });
}

/** Declares the same specs for both HTTP libraries. */
export function describeOnAdapters(name: string, specs: (adapter: AdapterName) => void): void {
  for (const adapter of ADAPTERS) {
    describe(`${name} [${adapter}]`, () => {
      specs(adapter);
    });
  }
}
