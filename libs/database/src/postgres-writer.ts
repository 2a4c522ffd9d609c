import { type DataSource, type QueryRunner, QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { Database } from './database.js';
import { JoinedStatements } from './joined-statements.js';
import { failureOf } from './sql-statements.js';
import { Transaction, withinLimit, type TransactionLimit } from './transaction.js';
import { isPlanStale, mayRunAgain, unreachable } from './unavailable.js';

/** Deadlocks and serialisation failures are tried again, as a whole, this often. */
const MAX_ATTEMPTS = 5;

/**
 * The only statements behind the end of a transaction's work. What the work still asks for after its limit is refused:
 * the connection would run it behind the ROLLBACK, where it commits by itself.
 */
const ENDS: ReadonlySet<unknown> = new Set(['COMMIT', 'ROLLBACK']);

/** As far as it is used here, a connection of TypeORM's driver of PostgreSQL. */
interface Connection {
  query(statement: { name?: string; text: string; values: unknown[] }): Promise<{ rows: object[] }>;
}

/** With the way to give a connection up that none should use again. */
type OwnRunner = QueryRunner & { releasePostgresConnection(reason: unknown): Promise<void> };

/** PostgreSQL's transactions: each on a connection of its own. */
export class PostgresWriter {
  readonly #writer: DataSource;

  constructor(
    private readonly database: Database,
    private readonly enter: <T>(tx: Transaction, work: () => T) => T,
  ) {
    this.#writer = database.writer;
  }

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
    const queryRunner = this.#writer.createQueryRunner() as OwnRunner;
    try {
      await queryRunner.startTransaction();
      return await this.#commitOrRollBack(queryRunner, work, limit);
    } catch (error) {
      if (isPlanStale(error)) await queryRunner.releasePostgresConnection(error);
      throw error;
    } finally {
      await queryRunner.release();
    }
  }

  async #commitOrRollBack<T>(
    queryRunner: QueryRunner,
    work: (tx: Transaction) => Promise<T>,
    limit: TransactionLimit,
  ): Promise<T> {
    const isOver = (): boolean => !tx.open || queryRunner.isReleased;
    const statements = this.#statementsOf(queryRunner, isOver);
    const tx = new Transaction(queryRunner.manager, statements);
    const query = queryRunner.query as (...statement: unknown[]) => Promise<unknown>;
    queryRunner.query = (async (...statement: unknown[]) => {
      if (!ENDS.has(statement[0])) {
        await statements.flush();
        if (isOver()) throw new QueryRunnerAlreadyReleasedError();
      }
      return Reflect.apply(query, queryRunner, statement);
    }) as QueryRunner['query'];
    try {
      const result = await withinLimit(
        limit,
        this.enter(tx, () => work(tx)),
      );
      tx.assertKeepable();
      await statements.flush();
      tx.end();
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

  #statementsOf(queryRunner: QueryRunner, isOver: () => boolean): JoinedStatements {
    const { logger } = this.#writer;
    return new JoinedStatements(async (text, values, name) => {
      if (isOver()) throw new QueryRunnerAlreadyReleasedError();
      logger.logQuery(text, [...values]);
      try {
        const connection = (await queryRunner.connect()) as Connection;
        const { rows } = await connection.query({
          text,
          values: [...values],
          ...(name !== null && { name }),
        });
        return rows;
      } catch (error) {
        throw this.database.availability.met(failureOf(text, values, error));
      }
    });
  }
}
