import { DataSource, type DataSourceOptions, type QueryRunner } from 'typeorm';
import type { Availability } from './availability.js';

/**
 * A data source whose statements fail in the product's words: an error that says that the database cannot serve becomes
 * a 503 wherever it is met, reads included, and is told to the watch over the database. Other errors stay as they are.
 */
export class GuardedDataSource extends DataSource {
  /** SQLite has one runner for all, which is asked for again and again. */
  readonly #guarded = new WeakSet<QueryRunner>();

  constructor(
    options: DataSourceOptions,
    private readonly availability: Availability,
  ) {
    super(options);
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
