import { AsyncLocalStorage } from 'node:async_hooks';
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '#libs/kernel';
import { DataSource } from 'typeorm';
import {
  type DatabaseLocation,
  readerOptions,
  type SchemaOptions,
  writerOptions,
} from './data-source-options.js';
import { migrate } from './migrate.js';
import { DatabaseOpenError, explainOpenFailure } from './open-error.js';
import type { DatabaseScope, Transaction } from './transaction.js';

/**
 * Lets TypeORM bind whole numbers instead of writing them into the text of a statement, as it does on SQLite only. With
 * them every `WHERE id = 7` is a statement of its own, compiled for one run, and drives the others out of the cache of
 * prepared statements: 2.7 instead of 2.3 ms a core prediction. As bigint, because better-sqlite3 binds every number as
 * a float.
 */
function bindIntegers(dataSource: DataSource): DataSource {
  const { driver } = dataSource;
  const escape = driver.escapeQueryWithParameters.bind(driver);
  driver.escapeQueryWithParameters = (sql, parameters) => {
    const bound = Object.entries(parameters).map(([name, value]: [string, unknown]) => [
      name,
      Number.isSafeInteger(value) ? BigInt(value as number) : value,
    ]);
    return escape(sql, Object.fromEntries(bound) as typeof parameters);
  };
  return dataSource;
}

export interface DatabaseOptions extends SchemaOptions {
  readonly location: DatabaseLocation;
}

/** Connections of PostgreSQL's pool. */
export interface PoolFigures {
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

/**
 * The two sides of the database. `writer` belongs to the transaction runner; everything that only reads uses `read`,
 * on SQLite a second, read-only connection that never waits for the writer (WAL).
 */
export class Database {
  /** @internal The transaction that the running code is in. */
  readonly ambient = new AsyncLocalStorage<Transaction>();
  readonly #snapshot = new AsyncLocalStorage<DatabaseScope>();
  #active = 0;
  #closing = false;
  #onIdle: () => void = () => undefined;

  private constructor(
    readonly location: DatabaseLocation,
    /** Names of the migrations that this opening ran. */
    readonly migrated: readonly string[],
    /** @internal Writing goes through the transaction runner: on SQLite this connection is in the midst of others' work. */
    readonly writer: DataSource,
    readonly reader: DataSource,
    private readonly temporaryFolder: string | null,
  ) {}

  /**
   * Opens both sides, checks durability and runs pending migrations.
   * @throws DatabaseOpenError with a message for the operator
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const folder = isInMemory(options.location) ? mkdtempSync(join(tmpdir(), 'prediction-provider-')) : null;
    const location =
      folder === null ? options.location : { kind: 'sqlite' as const, path: join(folder, 'memory.db') };
    try {
      return await Database.#openAt(location, options, folder);
    } catch (error) {
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      throw explainOpenFailure(error, location);
    }
  }

  static async #openAt(
    location: DatabaseLocation,
    options: DatabaseOptions,
    folder: string | null,
  ): Promise<Database> {
    if (location.kind === 'sqlite') prepareFile(location.path);
    const opened: DataSource[] = [];
    try {
      const writer = await new DataSource(writerOptions(location, options)).initialize();
      opened.push(writer);
      if (location.kind === 'sqlite') await assertDurable(bindIntegers(writer), location.path);
      const migrated = await migrate(writer);
      if (location.kind === 'postgres') return new Database(location, migrated, writer, writer, folder);
      const reader = await new DataSource(readerOptions(location.path, options)).initialize();
      return new Database(location, migrated, writer, bindIntegers(reader), folder);
    } catch (error) {
      for (const dataSource of opened) await dataSource.destroy();
      throw error;
    }
  }

  get kind(): DatabaseLocation['kind'] {
    return this.location.kind;
  }

  /**
   * Where to read, as a scope for repositories: the read side, and inside of a transaction that transaction itself. A
   * second connection would be asked for while the first is held: with as many transactions as the pool has connections
   * all of them would wait for each other. So each read sees the rows of the transaction it is in, without being handed it.
   */
  get read(): DatabaseScope {
    return this.openTransaction ?? this.#snapshot.getStore() ?? { manager: this.reader.manager };
  }

  /**
   * Runs `work`, which only reads, on the database as it is at this moment, whatever is written meanwhile: {@link read} is
   * that snapshot. Not inside of a transaction, which would be read instead.
   */
  async inSnapshot<T>(work: () => Promise<T>): Promise<T> {
    if (this.openTransaction !== null) throw new Error('a snapshot cannot be taken inside of a transaction');
    if (this.kind === 'postgres') {
      return this.reader.transaction('REPEATABLE READ', (manager) => this.#snapshot.run({ manager }, work));
    }
    // A connection of its own: a snapshot on the shared one would be that of all readers.
    const own = await new DataSource(this.reader.options).initialize();
    try {
      await own.query('BEGIN');
      return await this.#snapshot.run({ manager: own.manager }, work);
    } finally {
      await own.destroy();
    }
  }

  /** @internal The open transaction that the running code is in; null outside and once it is over. */
  get openTransaction(): Transaction | null {
    const tx = this.ambient.getStore();
    return tx?.open === true ? tx : null;
  }

  /** PostgreSQL's connections; null on SQLite, which has no pool. */
  get pool(): PoolFigures | null {
    if (this.kind === 'sqlite') return null;
    const { master } = this.writer.driver as unknown as {
      master: { totalCount: number; idleCount: number; waitingCount: number };
    };
    return { total: master.totalCount, idle: master.idleCount, waiting: master.waitingCount };
  }

  /**
   * @internal Tells of a transaction that {@link close} must wait for; returns how to tell of its end.
   * @throws AppError `unavailable` when the database is closing
   */
  enter(): () => void {
    if (this.#closing) throw new AppError('unavailable', 'The server is stopping', { code: 'stopping' });
    this.#active += 1;
    return () => {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle();
    };
  }

  /** Refuses new transactions, waits for those that wait or run (each has its time limit), then closes both sides. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    if (this.reader !== this.writer) await this.reader.destroy();
    await this.writer.destroy();
    if (this.temporaryFolder !== null) rmSync(this.temporaryFolder, { recursive: true, force: true });
  }
}

/** Makes folder and file when they are missing; the file only for its owner: it holds password hashes. */
function prepareFile(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DatabaseOpenError(
      'folder_not_writable',
      `The folder ${folder} of the database cannot be written; make it writable or choose another path`,
      error,
    );
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DatabaseOpenError('is_folder', `${path} is a folder; the database needs the path of a file`);
  }
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
  } catch (error) {
    throw new DatabaseOpenError(
      'file_not_writable',
      `SQLite ${path} cannot be written; make the file writable or choose another path`,
      error,
    );
  }
}

/** SQLite silently opens an existing WAL file with synchronous=NORMAL; a lost power cord would then lose commits. */
async function assertDurable(writer: DataSource, path: string): Promise<void> {
  const [journal] = (await writer.query('PRAGMA journal_mode')) as { journal_mode: string }[];
  const [row] = (await writer.query('PRAGMA synchronous')) as { synchronous: number }[];
  if (journal?.journal_mode === 'wal' && row?.synchronous === 2) return;
  throw new DatabaseOpenError(
    'not_durable',
    `SQLite ${path} cannot work safely here (journal ${journal?.journal_mode}, synchronous ${row?.synchronous}); use a local disk`,
  );
}

const isInMemory = (location: DatabaseLocation): boolean =>
  location.kind === 'sqlite' && location.path === ':memory:';
