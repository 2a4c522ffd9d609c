import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By what the value of a source was multiplied whose prices were adjusted after a forecast was made. */
export class RescaledOutcomes1796000000286 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE forecast_outcomes ADD COLUMN rescaled_by double precision');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE forecast_outcomes DROP COLUMN rescaled_by');
  }
}
