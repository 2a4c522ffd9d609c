import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DataSource,
  type DataSourceOptions,
  type EntityManager,
  type MixedList,
  type QueryRunner,
} from 'typeorm';
import type { DatabaseTarget } from '#libs/config';
import type { DatabaseScope } from './transaction.js';

/** Where the database is. `path` `:memory:` is a private temporary file that goes away on close. */
export type DatabaseLocation = DatabaseTarget;

type Constructor = new (...args: never[]) => object;

export interface DatabaseOptions {
  readonly location: DatabaseLocation;
  readonly entities: readonly Constructor[];
  readonly migrations: readonly Constructor[];
  /** Log every statement. Default false. */
  readonly echo?: boolean;
  /** PostgreSQL: connections in the pool. Default 10. */
  readonly poolSize?: number;
}

/**
 * The two sides of the database. `writer` belongs to the transaction runner; everything that only reads uses `read`,
 * on SQLite a second, read-only connection that never waits for the writer (WAL).
 */
export class Database {
  private constructor(
    readonly kind: 'sqlite' | 'postgres',
    readonly writer: DataSource,
    readonly reader: DataSource,
    private readonly temporaryFolder: string | null,
  ) {}

  /** Opens both sides, checks durability and runs pending migrations. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const folder =
      options.location.kind === 'sqlite' && options.location.path === ':memory:'
        ? mkdtempSync(join(tmpdir(), 'prediction-provider-'))
        : null;
    const location =
      folder === null ? options.location : { kind: 'sqlite' as const, path: join(folder, 'memory.db') };
    const writer = await new DataSource(writerOptions(location, options)).initialize();
    await writer.runMigrations({ transaction: 'each' });
    const reader =
      location.kind === 'sqlite'
        ? await new DataSource(readerOptions(location.path, options)).initialize()
        : writer;
    const database = new Database(location.kind, writer, reader, folder);
    await database.assertDurable();
    return database;
  }

  /** The read side, as a scope for repositories. */
  get read(): DatabaseScope {
    return { manager: this.reader.manager };
  }

  /** On SQLite makes the transaction a writer from its first statement on; PostgreSQL needs nothing. */
  async takeWriteLock(queryRunner: QueryRunner): Promise<void> {
    if (this.kind === 'sqlite') await queryRunner.query('DELETE FROM "migrations" WHERE 0');
  }

  /** SQLite silently opens an existing WAL file with synchronous=NORMAL; a lost power cord would then lose commits. */
  private async assertDurable(): Promise<void> {
    if (this.kind !== 'sqlite') return;
    const [row] = (await this.writer.query('PRAGMA synchronous')) as { synchronous: number }[];
    if (row?.synchronous !== 2)
      throw new Error(`SQLite runs with synchronous=${String(row?.synchronous)}; FULL (2) is required`);
  }

  async close(): Promise<void> {
    if (this.reader !== this.writer) await this.reader.destroy();
    await this.writer.destroy();
    if (this.temporaryFolder !== null) rmSync(this.temporaryFolder, { recursive: true, force: true });
  }
}

interface Pragmas {
  pragma(text: string): unknown;
}

/** Options of the data source that writes; `ormconfig.ts` hands the same to the TypeORM command line. */
export function writerOptions(
  location: DatabaseLocation,
  options: Omit<DatabaseOptions, 'location'>,
): DataSourceOptions {
  const shared = {
    entities: options.entities as MixedList<never>,
    migrations: options.migrations as MixedList<never>,
    logging: options.echo ?? false,
    synchronize: false,
  };
  if (location.kind === 'postgres') {
    return { ...shared, type: 'postgres', url: location.url, poolSize: options.poolSize ?? 10 };
  }
  return {
    ...shared,
    type: 'better-sqlite3',
    database: location.path,
    timeout: 5000,
    enableWAL: true,
    prepareDatabase: (db: Pragmas) => {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.pragma('recursive_triggers = ON');
    },
  };
}

function readerOptions(path: string, options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'better-sqlite3',
    database: path,
    readonly: true,
    fileMustExist: true,
    timeout: 5000,
    entities: options.entities as MixedList<never>,
    logging: options.echo ?? false,
  };
}

/** Re-exported for repositories' signatures. */
export type { EntityManager };
