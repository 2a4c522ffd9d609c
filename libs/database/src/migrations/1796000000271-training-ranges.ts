import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { json, utc, varchar } from './columns.js';

/** The values that a model has been tried on: those of the bars of its latest back-test. */
export class TrainingRanges1796000000271 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const columns = [
      varchar('digest', 64, { isPrimary: true }),
      json('ranges'),
      varchar('backtest_id', 36),
      utc('updated_at'),
    ];
    await queryRunner.createTable(new Table({ name: 'training_ranges', columns }));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('training_ranges');
  }
}
