import type { DataSource, QueryRunner } from 'typeorm';
import { Transaction, withinLimit, type TransactionLimit } from './transaction.js';
import { mayRunAgain, unreachable } from './unavailable.js';

/** Deadlocks and serialisation failures are tried again, as a whole, this often. */
const MAX_ATTEMPTS = 5;

/** PostgreSQL's transactions: each on a connection of its own. */
export class PostgresWriter {
  constructor(
    private readonly writer: DataSource,
    private readonly enter: <T>(tx: Transaction, work: () => T) => T,
  ) {}

  async run<T>(work: (tx: Transaction) => Promise<T>, limit: TransactionLimit): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#runOnce(work, limit);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !mayRunAgain(error)) throw error;
      }
    }
  }

  async #runOnce<T>(work: (tx: Transaction) => Promise<T>, limit: TransactionLimit): Promise<T> {
    const queryRunner = this.writer.createQueryRunner();
    try {
      await queryRunner.startTransaction();
      return await this.#commitOrRollBack(queryRunner, work, limit);
    } finally {
      await queryRunner.release();
    }
  }

  async #commitOrRollBack<T>(
    queryRunner: QueryRunner,
    work: (tx: Transaction) => Promise<T>,
    limit: TransactionLimit,
  ): Promise<T> {
    const tx = new Transaction(queryRunner.manager);
    try {
      const result = await withinLimit(
        limit,
        this.enter(tx, () => work(tx)),
      );
      tx.assertKeepable();
      await queryRunner.commitTransaction();
      tx.close(true);
      return result;
    } catch (error) {
      tx.close(false);
      // TypeORM releases a runner whose connection was cut; the server has then rolled back by itself
      if (queryRunner.isReleased) throw unreachable(error);
      if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
      throw error;
    }
  }
}
