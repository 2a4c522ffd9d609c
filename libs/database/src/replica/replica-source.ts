import type { DataSourceOptions, QueryRunner } from 'typeorm';
import type { Availability } from '../availability.js';
import { GuardedDataSource } from '../guarded-data-source.js';

/** What is done when a replica fails a statement: where it is run instead. */
type Instead = (error: unknown, statement: readonly unknown[]) => Promise<unknown>;

/** A data source that only reads; what it fails is run elsewhere, so that whoever reads never notices. */
export class ReplicaSource extends GuardedDataSource {
  constructor(
    options: DataSourceOptions,
    availability: Availability,
    private readonly instead: Instead,
  ) {
    super(options, availability);
  }

  override createQueryRunner(mode?: 'master' | 'slave'): QueryRunner {
    const runner = super.createQueryRunner(mode);
    const query = runner.query as (...statement: unknown[]) => Promise<unknown>;
    const covered = async (...statement: unknown[]): Promise<unknown> => {
      try {
        return await Reflect.apply(query, runner, statement);
      } catch (error) {
        return this.instead(error, statement);
      }
    };
    runner.query = covered as QueryRunner['query'];
    return runner;
  }

  /** Asks this server and no other. */
  async ask<Row>(sql: string): Promise<Row[]> {
    const runner = super.createQueryRunner('master');
    try {
      return (await runner.query(sql)) as Row[];
    } finally {
      await runner.release();
    }
  }
}
