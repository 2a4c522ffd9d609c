import { AsyncLocalStorage } from 'node:async_hooks';
import { AppError } from '#libs/kernel';
import type { QueryRunner } from 'typeorm';
import type { Database } from './database.js';
import { Transaction } from './transaction.js';

/** Writers that may wait for SQLite's one writer before new ones are refused; 10,000 is about 7 s of work. */
const MAX_WAITING_WRITERS = 10_000;
/** PostgreSQL: deadlock and serialisation failures are retried as a whole this often. */
const MAX_ATTEMPTS = 5;
const RETRYABLE = new Set(['40001', '40P01']);

/**
 * Opens transactions, the only way to write.
 *
 * SQLite has one connection for writing (TypeORM shares one query runner per data source, so two interleaved
 * transactions would commit or roll back each other's rows): transactions run one after another, first come first
 * served, and the first statement takes the write lock so that another process can't slip in between read and write.
 * PostgreSQL gives each transaction its own connection.
 *
 * A `run` inside a `run` joins the open transaction.
 */
export class TransactionRunner {
  readonly #ambient = new AsyncLocalStorage<Transaction>();
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(private readonly database: Database) {}

  /**
   * Runs `work` in a transaction and resolves when it is durable. A rejection of `work` rolls everything back.
   * @throws AppError `unavailable` when too many writers wait already.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const current = this.#ambient.getStore();
    if (current?.open) return work(current);
    return this.database.kind === 'sqlite' ? this.#enqueue(work) : this.#runWithRetry(work);
  }

  async #enqueue<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING_WRITERS) {
      throw new AppError('unavailable', 'Too many writes are waiting; try again shortly', {
        headers: { 'Retry-After': '1' },
      });
    }
    this.#waiting += 1;
    const turn = this.#tail.then(() => this.#runOnce(work));
    this.#tail = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #runWithRetry<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#runOnce(work);
      } catch (error) {
        const code = (error as { driverError?: { code?: string } }).driverError?.code ?? '';
        if (attempt >= MAX_ATTEMPTS || !RETRYABLE.has(code)) throw error;
      }
    }
  }

  async #runOnce<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const queryRunner = this.database.writer.createQueryRunner();
    try {
      await queryRunner.startTransaction();
      await this.database.takeWriteLock(queryRunner);
      return await this.#commitOrRollBack(queryRunner, work);
    } finally {
      if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
      await queryRunner.release();
    }
  }

  async #commitOrRollBack<T>(queryRunner: QueryRunner, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const tx = new Transaction(queryRunner.manager);
    let committed = false;
    try {
      const result = await this.#ambient.run(tx, () => work(tx));
      await queryRunner.commitTransaction();
      committed = true;
      return result;
    } finally {
      tx.close(committed);
    }
  }
}
