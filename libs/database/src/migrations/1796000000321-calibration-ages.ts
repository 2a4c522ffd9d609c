import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds calibrations and training ranges that nothing has changed for long. */
export class CalibrationAges1796000000321 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES)
      await queryRunner.query(`CREATE INDEX ix_${table}_updated ON ${table} (updated_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) await queryRunner.query(`DROP INDEX ix_${table}_updated`);
  }
}

const TABLES = ['forecast_calibrations', 'training_ranges'];
