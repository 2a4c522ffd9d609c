import type { DatabaseTarget } from '#libs/config';
import { snakeCased } from '#libs/kernel';
import type { Pool } from 'pg';
import { DefaultNamingStrategy, type DataSourceOptions, type Logger, type MixedList } from 'typeorm';
import { DATABASE_TIMEOUTS } from './timeouts.js';

/**
 * Writes statements to the standard output when asked to. Their values stay out: among them are password hashes and
 * keys. Errors are not written here: whoever ran the statement gets them.
 */
class StatementLogger implements Logger {
  constructor(private readonly echo: boolean) {}

  logQuery(query: string, parameters: unknown[] = []): void {
    if (!this.echo) return;
    const values = parameters.length === 0 ? '' : ` -- ${parameters.length} values`;
    process.stdout.write(`sql: ${query.replace(/\s+/g, ' ')}${values}\n`);
  }

  logQueryError(): void {}

  logQuerySlow(): void {}

  logSchemaBuild(): void {}

  logMigration(): void {}

  log(): void {}
}

type Constructor = new (...args: never[]) => object;

/** Where the database is. `path` `:memory:` is a private temporary file that goes away on close. */
export type DatabaseLocation = DatabaseTarget;

/** What belongs to every opening of the database, whoever opens it. */
export interface SchemaOptions {
  readonly entities: readonly Constructor[];
  readonly migrations: readonly Constructor[];
  /** PostgreSQL: tables of a library, brought up to date behind the product's own at each opening. */
  readonly migrateBeside?: ((pool: Pool) => Promise<void>) | undefined;
  /** Write every statement, without its values, to the standard output. Default false. */
  readonly echo?: boolean;
  /** PostgreSQL: connections that are kept. Default 10. */
  readonly poolSize?: number;
  /** PostgreSQL: connections beyond `poolSize` while there is need. Default 0. */
  readonly poolOverflow?: number;
  /** PostgreSQL: how long those beyond `poolSize` are kept without work, in milliseconds. Default 10 s. */
  readonly poolIdleMs?: number;
}

/** Prepared statements that a SQLite connection keeps; TypeORM's 100 would thrash with the product's statements. */
export const STATEMENT_CACHE = 500;
/** Nobody is served yet while a database is opened. */
const OPENING_BUSY_MS = 5_000;
/** The write-ahead log is cut back to this size when it was larger for a while. */
const JOURNAL_LIMIT_BYTES = 64 * 1024 * 1024;

/** How every connection to PostgreSQL is kept, and when the server ends what hangs on it. */
export const POSTGRES_SESSION = {
  keepAlive: true, // a server that vanished is noticed, also by a connection that only waits
  lock_timeout: DATABASE_TIMEOUTS.lockMs,
  statement_timeout: DATABASE_TIMEOUTS.statementMs,
  idle_in_transaction_session_timeout: DATABASE_TIMEOUTS.idleTransactionMs,
} as const;

/** Columns are called as their properties are, in snake_case, unless the entity names one itself. */
class SnakeCaseColumns extends DefaultNamingStrategy {
  override columnName(property: string, named: string): string {
    return named || snakeCased(property);
  }
}

interface Pragmas {
  pragma(text: string): unknown;
}

/**
 * Options of the data source that writes; `ormconfig.ts` hands the same to the TypeORM command line.
 * @param driver pg, or what stands in for it
 */
export function writerOptions(
  location: DatabaseLocation,
  options: SchemaOptions,
  driver?: object,
): DataSourceOptions {
  const shared = {
    entities: options.entities as MixedList<never>,
    migrations: options.migrations as MixedList<never>,
    namingStrategy: new SnakeCaseColumns(),
    logger: new StatementLogger(options.echo ?? false),
    synchronize: false,
  };
  if (location.kind === 'postgres') {
    const size = options.poolSize ?? 10;
    return {
      ...shared,
      type: 'postgres',
      url: location.url,
      applicationName: 'prediction-provider',
      poolSize: size + (options.poolOverflow ?? 0),
      connectTimeoutMS: DATABASE_TIMEOUTS.connectMs,
      ...(driver !== undefined && { driver }),
      extra: {
        min: size,
        idleTimeoutMillis: options.poolIdleMs ?? DATABASE_TIMEOUTS.poolIdleMs,
        ...POSTGRES_SESSION,
      },
    };
  }
  return {
    ...shared,
    type: 'better-sqlite3',
    database: location.path,
    timeout: OPENING_BUSY_MS,
    statementCacheSize: STATEMENT_CACHE,
    prepareDatabase: (db: Pragmas) => {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL'); // NORMAL is what an existing WAL file gets: a power cut would lose commits
      db.pragma('recursive_triggers = ON'); // so that INSERT OR REPLACE fires the triggers that forbid deletes
      db.pragma(`journal_size_limit = ${JOURNAL_LIMIT_BYTES}`);
    },
  };
}

/** Options of SQLite's second, read-only connection. */
export function readerOptions(path: string, options: SchemaOptions): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: path,
    readonly: true,
    fileMustExist: true,
    timeout: DATABASE_TIMEOUTS.busyMs,
    statementCacheSize: STATEMENT_CACHE,
    entities: options.entities as MixedList<never>,
    namingStrategy: new SnakeCaseColumns(),
    logger: new StatementLogger(options.echo ?? false),
  };
}
