import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, index, int, longText, unique, utc, varchar } from './columns.js';

/** Durable work: one row a job, see libs/jobs. */
export class Jobs1795392000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'jobs',
        columns: [
          varchar('id', 36, { isPrimary: true }),
          varchar('kind', 64),
          varchar('subject', 128),
          varchar('status', 16),
          utc('run_at'),
          varchar('lease_holder', 64, { isNullable: true }),
          utc('lease_expires_at', { isNullable: true }),
          bigint('lease_epoch', { default: 0 }),
          int('attempts', { default: 0 }),
          int('max_attempts'),
          bigint('time_limit_ms', { isNullable: true }),
          longText('last_error', { isNullable: true }),
          utc('created_at'),
          utc('updated_at'),
          utc('finished_at', { isNullable: true }),
        ],
        indices: [
          unique('uq_jobs_open_subject', ['kind', 'subject'], '"finished_at" IS NULL'),
          index('ix_jobs_claim', ['status', 'run_at'], '"finished_at" IS NULL'),
          index('ix_jobs_lease', ['lease_expires_at'], '"lease_expires_at" IS NOT NULL'),
          index('ix_jobs_finished', ['finished_at'], '"finished_at" IS NOT NULL'),
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('jobs');
  }
}
