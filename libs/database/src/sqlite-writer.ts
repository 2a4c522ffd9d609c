import { AsyncResource } from 'node:async_hooks';
import { setImmediate as turnOfEventLoop, setTimeout as pause } from 'node:timers/promises';
import { AppError, type Clock } from '#libs/kernel';
import type { Statement } from 'better-sqlite3';
import { type QueryRunner, QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { Database } from './database.js';
import { ImmediateStatements } from './sql-statements.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import { Transaction, withinLimit, type TransactionLimit } from './transaction.js';
import { WriteLog } from './write-log.js';

/** Transactions that share one commit at most. */
const LARGEST_GROUP = 64;
/** A group gathers no longer than this before it begins. */
const GATHER_MS = 5;
/**
 * A group that is older takes nobody in: its first transaction has waited long enough. An order takes some milliseconds,
 * and those that share a commit write the pages that they have in common once: an order alone changes fifty of them.
 */
const GROUP_MS = 16;
/** After so long a group lets the event loop have a turn: others are read, and may join it. */
const TURN_MS = 4;
/** Pauses between two looks whether another program still holds the write lock: they double up to this. */
const LONGEST_PAUSE_MS = 50;
/** What comes while the lock has long been held waits no longer than this. */
const HOPELESS_MS = 500;

/** better-sqlite3's connection, as far as TypeORM leaves something to be done on it. */
interface Connection {
  readonly inTransaction: boolean;
  prepare(sql: string): Statement;
  pragma(text: string): unknown;
}

interface Waiting {
  readonly sinceMs: number;
  readonly begin: (tx: Transaction) => Promise<unknown>;
  readonly limit: TransactionLimit;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Done {
  readonly tx: Transaction;
  readonly value: unknown;
  readonly waiting: Waiting;
}

/**
 * SQLite's one writer. TypeORM has one connection for a file, so that two interleaved transactions would commit or roll
 * back each other's rows: here they run one after another, first come first served.
 *
 * Those that wait together share a commit, each but the first behind a savepoint of its own: the flush to disk is what a commit
 * costs (0.2 ms on a fast disk, 5 ms and more on a slow one). A group gathers as long as every turn of the event loop
 * brings another transaction, and while the group before it is on its way to the disk; one that is alone waits for a single turn, some microseconds. Without the turn every
 * request would commit before the next one is even read: 300 instead of 2,600 audited requests a second at 32
 * connections, where a flush takes 1 ms. None is answered before its group is durable.
 */
export class SqliteWriter {
  readonly #queue: Waiting[] = [];
  readonly #connection: QueryRunner;
  readonly #query: QueryRunner['query'];
  readonly #sqlite: Connection;
  readonly #log: WriteLog;
  readonly #statements: Readonly<Record<'begin' | 'commit' | 'savepoint' | 'release', Statement>>;
  #draining = false;
  /** Since when another program holds the write lock; null when the last look found it free. */
  #lockedSinceMs: number | null = null;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly enter: <T>(tx: Transaction, work: () => T) => T,
  ) {
    this.#connection = database.writer.createQueryRunner();
    this.#query = this.#connection.query;
    this.#sqlite = (
      database.writer.driver as unknown as { databaseConnection: Connection }
    ).databaseConnection;
    this.#log = new WriteLog(this.#sqlite, database.file);
    // what a savepoint may restore stays in memory; in a file it would be written for every transaction of a group
    this.#sqlite.pragma('temp_store = MEMORY');
    // IMMEDIATE: the write lock from the start, so that no other process slips in between a read and a write
    this.#statements = {
      begin: this.#sqlite.prepare('BEGIN IMMEDIATE'),
      commit: this.#sqlite.prepare('COMMIT'),
      savepoint: this.#sqlite.prepare('SAVEPOINT member'),
      release: this.#sqlite.prepare('RELEASE member'),
    };
  }

  run<T>(work: (tx: Transaction) => Promise<T>, limit: TransactionLimit): Promise<T> {
    // The work runs later, from the queue, but with the caller's request id and the like. Not by a snapshot: on Node 20
    // that defines a deprecated accessor each time, at 20 times the price.
    const context = new AsyncResource('Transaction', { requireManualDestroy: true });
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        sinceMs: performance.now(),
        begin: (tx) => context.runInAsyncScope(() => this.enter(tx, () => work(tx))),
        limit,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      if (!this.#draining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0) {
      await this.#gather();
      await this.#runGroup();
    }
    this.#draining = false;
  }

  /** Lets those come that are on their way: SQLite works synchronously, so nobody can ask while a group is at work. */
  async #gather(): Promise<void> {
    const started = this.clock.monotonic();
    for (let waiting = 0; waiting < this.#queue.length && this.#queue.length < LARGEST_GROUP;) {
      waiting = this.#queue.length;
      await turnOfEventLoop();
      if (this.clock.monotonic() - started >= GATHER_MS) return;
    }
  }

  /** One BEGIN, some transactions, one COMMIT. Every transaction of the group is settled when this resolves. */
  async #runGroup(): Promise<void> {
    const done: Done[] = [];
    if (!(await this.#lock())) return;
    try {
      await this.#runMembers(done);
      if (done.length > 0) {
        this.#statements.commit.run(); // fails when SQLite gave the transaction up
        for (const { tx } of done) tx.end();
        await this.#log.sync();
        this.database.file?.assertInPlace(); // SQLite would not notice; nobody is told that such rows are safe
      }
    } catch (error) {
      return this.#abandon(done, error);
    }
    for (const { tx, value, waiting } of done) {
      tx.close(true);
      waiting.resolve(value);
    }
  }

  async #runMembers(done: Done[]): Promise<void> {
    const started = this.clock.monotonic();
    let turned = started;
    for (;;) {
      await this.#runMember(this.#queue.shift(), done);
      // once the first has failed, or SQLite gave the transaction up, there is nothing to join
      if (!this.#inTransaction || done.length >= LARGEST_GROUP) return;
      const now = this.clock.monotonic();
      if (this.#queue.length === 0 || now - started >= GROUP_MS) return;
      if (now - turned < TURN_MS) continue;
      await turnOfEventLoop();
      turned = this.clock.monotonic();
    }
  }

  /**
   * Opens the transaction of a group. While another program holds the write lock the event loop goes on, and whoever has
   * waited too long is refused; false when nobody is left.
   */
  async #lock(): Promise<boolean> {
    for (let pauseMs = 1; this.#queue.length > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        this.database.file?.assertInPlace();
        this.#log.settle();
        this.#statements.begin.run();
        this.#lockedSinceMs = null;
        return true;
      } catch (error) {
        if (!isLocked(error)) this.#refuse(() => true, error);
        else {
          const nowMs = performance.now();
          this.#lockedSinceMs ??= nowMs;
          const { writeLockMs } = DATABASE_TIMEOUTS;
          const patienceMs = nowMs - this.#lockedSinceMs < writeLockMs ? writeLockMs : HOPELESS_MS;
          this.#refuse(({ sinceMs }) => nowMs - sinceMs >= patienceMs, error);
        }
      }
      if (this.#queue.length > 0) await pause(pauseMs);
    }
    return false;
  }

  /** Takes from the queue whom `isMeant` names, and tells them why. */
  #refuse(isMeant: (waiting: Waiting) => boolean, error: unknown): void {
    const refused = this.#queue.filter(isMeant);
    if (refused.length === 0) return;
    const left = this.#queue.filter((waiting) => !isMeant(waiting));
    this.#queue.splice(0, this.#queue.length, ...left);
    const reason = this.database.availability.met(error);
    for (const { reject } of refused) reject(reason);
  }

  /**
   * Runs one transaction, behind a savepoint when there is something before it to lose: SQLite copies every page that
   * a savepoint may restore. Throws what went wrong when that cost the whole group.
   */
  async #runMember(waiting: Waiting | undefined, done: Done[]): Promise<void> {
    if (waiting === undefined) return;
    const own = this.#ownRunner();
    const tx = new Transaction(own.manager, own.statements);
    const isFirst = done.length === 0;
    try {
      if (!isFirst) this.#statements.savepoint.run();
      const value = await withinLimit(waiting.limit, waiting.begin(tx));
      tx.assertKeepable();
      own.end();
      if (!isFirst) this.#statements.release.run();
      done.push({ tx, value, waiting });
    } catch (error) {
      own.end();
      tx.close(false);
      waiting.reject(error);
      if (!this.#inTransaction) throw error; // SQLite itself gave the whole transaction up, as on a full disk
      if (isFirst) {
        await this.#connection.query('ROLLBACK');
        return;
      }
      await this.#connection.query('ROLLBACK TO member');
      this.#statements.release.run();
    }
  }

  /** A full disk or a failed commit takes the whole group with it; nobody is told that his rows are safe. */
  async #abandon(done: readonly Done[], error: unknown): Promise<void> {
    const reason = this.database.availability.met(error);
    for (const { tx, waiting } of done) {
      tx.close(false);
      waiting.reject(
        reason instanceof AppError && reason.kind === 'unavailable' ? reason : lostWithOthers(error),
      );
    }
    try {
      if (this.#inTransaction) await this.#connection.query('ROLLBACK');
    } catch (rollbackError) {
      process.emitWarning(`SQLite could not roll back: ${String(rollbackError)}`);
    }
  }

  get #inTransaction(): boolean {
    return this.#sqlite.inTransaction;
  }

  /**
   * The one connection, as a transaction's own: when that is over, it refuses statements, so that work which was cut
   * off at the limit can't write into the next transaction. It shares the prepared statements.
   */
  #ownRunner(): Pick<Transaction, 'manager' | 'statements'> & { readonly end: () => void } {
    const own = Object.create(this.#connection) as QueryRunner & {
      isReleased: boolean;
      isTransactionActive: boolean;
      transactionDepth: number;
    };
    own.isReleased = false;
    own.isTransactionActive = true;
    own.transactionDepth = 1;
    // once SQLite gave the transaction up, a statement would commit by itself
    const query = (...statement: unknown[]): Promise<unknown> =>
      this.#inTransaction
        ? (Reflect.apply(this.#query, own, statement) as Promise<unknown>)
        : Promise.reject(new Error('SQLite has rolled this transaction back'));
    Object.defineProperty(own, 'query', { value: query });
    const manager = this.database.writer.createEntityManager(own);
    const statements = new ImmediateStatements((sql, values) => {
      if (own.isReleased) throw new QueryRunnerAlreadyReleasedError();
      if (!this.#inTransaction) throw new Error('SQLite has rolled this transaction back');
      return this.database.writer.execute(sql, values);
    });
    return { manager, statements, end: () => (own.isReleased = true) };
  }
}

const isLocked = (error: unknown): boolean =>
  /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code));

/** Another transaction of the group made SQLite give all of them up. */
const lostWithOthers = (cause: unknown): AppError =>
  new AppError('unavailable', 'The write was rolled back together with another one; try again', {
    code: 'write_lost',
    cause,
    headers: { 'Retry-After': '1' },
  });
