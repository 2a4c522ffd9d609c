import type { Statement } from 'better-sqlite3';
import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import type { Availability } from './availability.js';
import { STATEMENT_CACHE } from './data-source-options.js';
import { failureOf, type SqlValue } from './sql-statements.js';

/**
 * A data source whose statements fail in the product's words: an error that says that the database cannot serve becomes
 * a 503 wherever it is met, reads included, and is told to the watch over the database. Other errors stay as they are.
 */
export class GuardedDataSource extends DataSource {
  /** SQLite has one runner for all, which is asked for again and again. */
  readonly #guarded = new WeakSet<QueryRunner>();
  readonly #prepared = new Map<string, Statement>();

  constructor(
    options: DataSourceOptions,
    private readonly availability: Availability,
  ) {
    super(options);
  }

  /**
   * SQLite: runs a statement and returns its rows, without the layers in between, which take longer than SQLite for most
   * statements.
   */
  execute(sql: string, values: readonly SqlValue[]): object[] {
    this.logger.logQuery(sql, [...values]);
    try {
      const statement = this.#prepared.get(sql) ?? this.#prepare(sql);
      if (statement.reader) return statement.all(...values) as object[];
      statement.run(...values);
      return [];
    } catch (error) {
      throw this.availability.met(failureOf(sql, values, error));
    }
  }

  #prepare(sql: string): Statement {
    const { databaseConnection } = this.driver as unknown as {
      databaseConnection: { prepare(text: string): Statement };
    };
    const statement = databaseConnection.prepare(sql);
    const [oldest] = this.#prepared.size >= STATEMENT_CACHE ? this.#prepared.keys() : [];
    if (oldest !== undefined) this.#prepared.delete(oldest);
    this.#prepared.set(sql, statement);
    return statement;
  }

  override createQueryRunner(mode?: 'master' | 'slave'): QueryRunner {
    const runner = super.createQueryRunner(mode);
    if (this.#guarded.has(runner)) return runner;
    this.#guarded.add(runner);
    const { availability } = this;
    const query = runner.query as (...statement: unknown[]) => Promise<unknown>;
    const guarded = async function (this: QueryRunner, ...statement: unknown[]): Promise<unknown> {
      try {
        return await Reflect.apply(query, this, statement);
      } catch (error) {
        throw availability.met(error);
      }
    };
    runner.query = guarded as QueryRunner['query'];
    return runner;
  }
}
