import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type FiguredRows, forgetFigures, keepFigures } from './kept-figures.js';

/** Which failed orders abstained, as their clients had asked for: those are no fault of the provider's. */
export class AbstainedOrders1796000000322 implements MigrationInterface {
  up(queryRunner: QueryRunner): Promise<void> {
    return keepFigures(queryRunner, ABSTAINED);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await forgetFigures(queryRunner, ABSTAINED);
    for (const table of ['figure_changes', 'figures', 'figure_days'])
      await queryRunner.query(`DELETE FROM ${table} WHERE source = 'deliveries' AND name = 'abstained'`);
  }
}

/** Names the rows whose figures these are. */
export const ABSTAINED: FiguredRows = {
  table: 'prediction_jobs',
  set: 'abstentions',
  standing: [],
  happened: [
    {
      source: 'deliveries',
      owner: (row) => `${row}.provider_id`,
      hourOf: 'completed_at',
      name: () => `'abstained'`,
      when: (row) =>
        `${row}.status = 'failed' AND ${row}.failure_reason = 'abstained' AND ${row}.completed_at IS NOT NULL`,
      columns: ['status', 'failure_reason', 'completed_at'],
    },
  ],
};
