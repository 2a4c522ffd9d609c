import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many of a day's values lay in the calibrated intervals of each level. */
export class CalibratedCoverage1796000000320 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const column of COLUMNS)
      await queryRunner.query(`ALTER TABLE score_days ADD COLUMN ${column} bigint NOT NULL DEFAULT 0`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const column of COLUMNS.toReversed())
      await queryRunner.query(`ALTER TABLE score_days DROP COLUMN ${column}`);
  }
}

const COLUMNS = ['50', '80', '90', '95'].flatMap((level) => [
  `calibrated_stated_${level}`,
  `calibrated_covered_${level}`,
]);
