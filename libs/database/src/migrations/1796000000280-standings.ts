import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type FiguredRows, forgetFigures, keepFigures } from './kept-figures.js';

/** What else a standing says, an index that finds those judged longest ago, and what providers' orders came to, by hour. */
export class Standings1796000000280 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await queryRunner.query(`ALTER TABLE score_standings ADD COLUMN ${column}`);
    await queryRunner.query('CREATE INDEX ix_score_standings_updated ON score_standings (updated_at)');
    await keepFigures(queryRunner, DELIVERIES);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await forgetFigures(queryRunner, DELIVERIES);
    for (const table of ['figures', 'figure_changes'])
      await queryRunner.query(`DELETE FROM ${table} WHERE source = 'deliveries'`);
    await queryRunner.query('DROP INDEX ix_score_standings_updated');
    for (const column of COLUMNS.toReversed())
      await queryRunner.query(`ALTER TABLE score_standings DROP COLUMN ${column.split(' ')[0]}`);
  }
}

const COLUMNS = ['on_time_rate double precision', 'reputation double precision', 'trend varchar(9)'];

/** Names the rows whose figures these are. */
export const DELIVERIES: FiguredRows = {
  table: 'prediction_jobs',
  set: 'deliveries',
  standing: [],
  happened: [
    {
      source: 'deliveries',
      owner: (row) => `${row}.provider_id`,
      hourOf: 'completed_at',
      name: (row) => `${row}.status`,
      when: (row) => `${row}.status IN ('completed', 'failed') AND ${row}.completed_at IS NOT NULL`,
      columns: ['status', 'completed_at'],
    },
  ],
};
