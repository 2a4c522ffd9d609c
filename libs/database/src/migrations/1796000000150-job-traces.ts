import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The trace that a job belongs to, so that the process that runs it can go on with it. A column without a default costs nothing to add. */
export class JobTraces1796000000150 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE jobs ADD COLUMN traceparent varchar(55)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE jobs DROP COLUMN traceparent');
  }
}
