import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, currentContext } from '#libs/kernel';
import type { Pool } from 'pg';
import type { EntityManager } from 'typeorm';
import { bindIntegers } from './column-types.js';
import { Availability, type OutageListener } from './availability.js';
import {
  type DatabaseLocation,
  readerOptions,
  type SchemaOptions,
  writerOptions,
} from './data-source-options.js';
import { GuardedDataSource } from './guarded-data-source.js';
import { migrate, requireFile, requireTables } from './migrate.js';
import { DatabaseOpenError, explainOpenFailure } from './open-error.js';
import { refuseOriginalFile, refuseOriginalTables } from './original-database.js';
import { managerApart, ReadingProcesses } from './reading/reading-processes.js';
import { Replica, type ReplicaOptions } from './replica/replica.js';
import { assertDurable, lockForService, prepareFile, SqliteFile } from './sqlite-file.js';
import { DATABASE_TIMEOUTS, LONGER_IDLE } from './timeouts.js';
import type { DatabaseScope, Transaction } from './transaction.js';

export interface DatabaseOptions extends SchemaOptions {
  readonly location: DatabaseLocation;
  /** SQLite: hold the lock that one service at a time may have. Default false. */
  readonly serves?: boolean;
  /** For what only looks: nothing is made where no database of this service is. Default false. */
  readonly mustExist?: boolean;
  /** SQLite: long reads run in processes of their own, no longer than this. Absent: on the event loop, as others do. */
  readonly readTimeoutMs?: number;
  /** Told when the database stops to serve and when it serves again. */
  readonly outages?: OutageListener;
  /** PostgreSQL: a server that follows this one, for the reads of requests that may be a moment old. */
  readonly replica?: ReplicaOptions | undefined;
}

/** What an opening made. */
interface Opened {
  readonly location: DatabaseLocation;
  readonly migrated: readonly string[];
  readonly writer: GuardedDataSource;
  readonly reader: GuardedDataSource;
  readonly availability: Availability;
  /** SQLite's files; null for PostgreSQL. */
  readonly file: SqliteFile | null;
  readonly apart: { readonly processes: ReadingProcesses; readonly manager: EntityManager } | null;
  readonly replica: Replica | null;
  /** To be done after both sides are closed. */
  readonly finish: () => void;
}

/** Connections of PostgreSQL's pool. */
export interface PoolFigures {
  /** Most connections. */
  readonly limit: number;
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

  readonly location: DatabaseLocation;
  /** Names of the migrations that this opening ran. */
  readonly migrated: readonly string[];
  /** @internal Writing goes through the transaction runner: on SQLite this connection is in the midst of others' work. */
  readonly writer: GuardedDataSource;
  readonly reader: GuardedDataSource;
  /** Whether the database serves at the moment. */
  readonly availability: Availability;
  /** @internal SQLite's files; null for PostgreSQL. */
  readonly file: SqliteFile | null;
  readonly #apart: Opened['apart'];
  /** PostgreSQL: who serves reads beside it; null without one. */
  readonly replica: Replica | null;
  readonly #finish: () => void;
  readonly #fileWatch: NodeJS.Timeout | undefined;

  private constructor(opened: Opened) {
    this.location = opened.location;
    this.migrated = opened.migrated;
    this.writer = opened.writer;
    this.reader = opened.reader;
    this.availability = opened.availability;
    this.file = opened.file;
    this.#apart = opened.apart;
    this.replica = opened.replica;
    this.#finish = opened.finish;
    this.availability.watch();
    if (this.file !== null) {
      this.#fileWatch = setInterval(() => this.#lookAtFile(), DATABASE_TIMEOUTS.probeEveryMs).unref();
    }
  }

  /**
   * Opens both sides, checks durability and runs pending migrations.
   * @throws DatabaseOpenError with a message for the operator
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const folder = isInMemory(options.location) ? mkdtempSync(join(tmpdir(), 'prediction-provider-')) : null;
    const location =
      folder === null ? options.location : { kind: 'sqlite' as const, path: join(folder, 'memory.db') };
    const undo: (() => unknown)[] = [];
    if (folder !== null) undo.push(() => rmSync(folder, { recursive: true, force: true }));
    try {
      return new Database(await Database.#openAt(location, options, undo));
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      throw explainOpenFailure(error, location);
    }
  }

  /** @param undo what to do again, last first, when the opening fails or the database is closed */
  static async #openAt(
    location: DatabaseLocation,
    options: DatabaseOptions,
    undo: (() => unknown)[],
  ): Promise<Opened> {
    const availability = new Availability(options.outages ?? null);
    refuseOriginal(refuseOriginalFile(location));
    if (location.kind === 'sqlite') {
      if (options.mustExist === true) requireFile(location.path);
      prepareFile(location.path);
      if (options.serves === true) undo.push(lockForService(location.path));
    }
    const atTheEnd = undo.toReversed();
    const finish = (): void => atTheEnd.forEach((step) => step());
    const postgres = location.kind === 'postgres' ? await import('./postgres-pool.js') : undefined;
    const driver = postgres?.watchedPostgres(availability);
    const writer = new GuardedDataSource(writerOptions(location, options, driver), availability);
    await writer.initialize();
    undo.push(() => writer.destroy());
    if (location.kind === 'sqlite') await assertDurable(bindIntegers(writer), location.path);
    else refuseOriginal(await refuseOriginalTables(writer, location));
    if (options.mustExist === true) await requireTables(writer, location);
    const migrated = await migrate(writer);
    if (location.kind === 'postgres') {
      await options.migrateBeside?.((writer.driver as unknown as { master: Pool }).master);
      const replica =
        options.replica === undefined || postgres === undefined
          ? null
          : await Replica.open(writer, options.replica, options, postgres.watchedPostgres);
      const shared = { location, migrated, writer, availability, replica, finish };
      return { ...shared, reader: writer, file: null, apart: null };
    }
    const reader = new GuardedDataSource(readerOptions(location.path, options), availability);
    await bindIntegers(await reader.initialize()).query('SELECT 1 FROM sqlite_master'); // opens the log of writes
    const file = new SqliteFile(location.path);
    const apart = readingApart(reader, availability, file, options.readTimeoutMs);
    return { location, migrated, writer, reader, availability, file, apart, replica: null, finish };
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
   * As {@link read}, for what may take more than some milliseconds: pages of lists, statistics, searches. On SQLite it runs
   * in a process beside the event loop and fails with `read_timeout` when it takes too long. Decision 0048 says what goes here.
   * On PostgreSQL it may run on the replica, as far behind as the operation's context allows.
   */
  get readApart(): DatabaseScope {
    const own = this.openTransaction ?? this.#snapshot.getStore();
    if (own !== undefined && own !== null) return own;
    if (this.#apart !== null) return { manager: this.#apart.manager };
    const need = this.replica === null ? undefined : currentContext()?.replicaNeed;
    return (need === undefined ? null : this.replica?.scope(need)) ?? this.read;
  }

  /** Processes that read beside this one at the moment. */
  get readingProcesses(): number {
    return this.#apart?.processes.running ?? 0;
  }

  /**
   * Runs `work`, which only reads, on the database as it is at this moment, whatever is written meanwhile: {@link read} is
   * that snapshot. Not inside of a transaction, which would be read instead.
   */
  async inSnapshot<T>(work: () => Promise<T>): Promise<T> {
    if (this.openTransaction !== null) throw new Error('a snapshot cannot be taken inside of a transaction');
    if (this.kind === 'postgres') {
      return this.reader.transaction('REPEATABLE READ', async (manager) => {
        await manager.query(LONGER_IDLE); // what is read may be worked on, or written, for a while
        return this.#snapshot.run({ manager }, work);
      });
    }
    // A connection of its own: a snapshot on the shared one would be that of all readers.
    const own = await new GuardedDataSource(this.reader.options, this.availability).initialize();
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
      master: { totalCount: number; idleCount: number; waitingCount: number; options: { max: number } };
    };
    return {
      limit: master.options.max,
      total: master.totalCount,
      idle: master.idleCount,
      waiting: master.waitingCount,
    };
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
    this.availability.stop();
    clearInterval(this.#fileWatch);
    await this.#apart?.processes.close();
    await this.replica?.close();
    if (this.reader !== this.writer) await this.reader.destroy();
    await this.writer.destroy();
    // Up to Node.js 22 an enabled storage costs every promise of the process a little, for ever.
    this.ambient.disable();
    this.#snapshot.disable();
    this.file?.close();
    this.#finish();
  }

  /** Without writes nobody else would notice that the file has gone. */
  #lookAtFile(): void {
    try {
      if (this.availability.figures.outage === null) this.file?.assertInPlace();
    } catch (error) {
      this.availability.met(error);
    }
  }
}

function readingApart(
  reader: GuardedDataSource,
  availability: Availability,
  file: SqliteFile,
  timeoutMs: number | undefined,
): Opened['apart'] {
  if (timeoutMs === undefined) return null;
  const assertInPlace = (): void => file.assertInPlace();
  const processes = new ReadingProcesses({ path: file.path, timeoutMs, assertInPlace });
  return { processes, manager: managerApart(reader, processes, availability) };
}

function refuseOriginal(refusal: string | null): void {
  if (refusal !== null) throw new DatabaseOpenError('original', refusal);
}

const isInMemory = (location: DatabaseLocation): boolean =>
  location.kind === 'sqlite' && location.path === ':memory:';
