import { AppError, type Clock, systemClock } from '#libs/kernel';
import type { Database } from './database.js';
import { PostgresWriter } from './postgres-writer.js';
import { SqliteWriter } from './sqlite-writer.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import type { Transaction, TransactionLimit } from './transaction.js';
import { asUnavailable } from './unavailable.js';

/** Transactions that may wait or be at work before new ones are refused; on SQLite 10,000 are a few seconds of work. */
const MAX_PENDING = 10_000;

export interface TransactionRunnerOptions {
  readonly clock?: Clock;
  /** A transaction that is open longer is rolled back. Default 30 s. */
  readonly limitMs?: number;
}

export interface TransactionFigures {
  /** Transactions that wait or are at work. */
  readonly pending: number;
  readonly committed: number;
  readonly rolledBack: number;
}

/**
 * Opens transactions, the only way to write. A `run` inside of a `run` joins the open transaction, and so does what is
 * read through {@link Database.read}.
 */
export class TransactionRunner {
  readonly #writer: SqliteWriter | PostgresWriter;
  readonly #clock: Clock;
  readonly #limitMs: number;
  #pending = 0;
  #committed = 0;
  #rolledBack = 0;

  constructor(
    private readonly database: Database,
    options: TransactionRunnerOptions = {},
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#limitMs = options.limitMs ?? DATABASE_TIMEOUTS.transactionMs;
    const enter = <T>(tx: Transaction, work: () => T): T => database.ambient.run(tx, work);
    this.#writer =
      database.kind === 'sqlite'
        ? new SqliteWriter(database, this.#clock, enter)
        : new PostgresWriter(database, enter);
    if (database.kind === 'sqlite') database.availability.askWith(() => this.#tryToWrite());
  }

  get figures(): TransactionFigures {
    return { pending: this.#pending, committed: this.#committed, rolledBack: this.#rolledBack };
  }

  /** Whether {@link run} would join a transaction that is open. */
  get isInTransaction(): boolean {
    return this.openTransaction !== null;
  }

  /** The transaction that {@link run} would join; null outside of one. */
  get openTransaction(): Transaction | null {
    return this.database.openTransaction;
  }

  /**
   * Runs `work` in a transaction and resolves when it is durable. A rejection of `work` rolls everything back, that of
   * a joined part too. `work` waits for nothing but the database: on SQLite others wait for it, and their commit too.
   * PostgreSQL may run it again after a deadlock, so it changes nothing but the database.
   * @throws AppError `unavailable` when too many wait already, the database is busy, full, away or closing, or the time
   * limit was reached
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const current = this.database.openTransaction;
    return current === null ? this.#runApart(work) : this.#join(current, work);
  }

  async #join<T>(tx: Transaction, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await work(tx);
    } catch (error) {
      tx.doom(error);
      throw error;
    }
  }

  async #runApart<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING) {
      throw new AppError('unavailable', 'Too many writes are waiting; try again shortly', {
        code: 'writes_waiting',
        headers: { 'Retry-After': '1' },
      });
    }
    const leave = this.database.enter();
    this.#pending += 1;
    try {
      const result = await this.#writer.run(work, this.#limit());
      this.#committed += 1;
      return result;
    } catch (error) {
      this.#rolledBack += 1;
      throw asUnavailable(error);
    } finally {
      this.#pending -= 1;
      leave();
    }
  }

  #limit(): TransactionLimit {
    const openedAt = new Error('the transaction was opened here');
    return { clock: this.#clock, limitMs: this.#limitMs, openedAt };
  }

  /** Goes the way of every write and changes nothing: succeeds when SQLite serves again. */
  async #tryToWrite(): Promise<void> {
    const { outage } = this.database.availability.figures;
    // one page may fit where a request's rows don't
    if (outage?.code === 'storage_full' && !this.database.file?.hasRoom()) throw outage;
    await this.#writer.run((tx) => tx.manager.query('PRAGMA user_version = 1'), this.#limit());
  }
}
