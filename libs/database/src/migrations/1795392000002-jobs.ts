import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

/** Durable work: one row a job, see libs/jobs. */
export class Jobs1795392000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'jobs',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'kind', type: 'varchar', length: '64' },
          { name: 'subject', type: 'varchar', length: '128' },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'run_at', type: 'varchar', length: '24' },
          { name: 'lease_holder', type: 'varchar', length: '64', isNullable: true },
          { name: 'lease_expires_at', type: 'varchar', length: '24', isNullable: true },
          { name: 'lease_epoch', type: 'bigint', default: 0 },
          { name: 'attempts', type: 'integer', default: 0 },
          { name: 'max_attempts', type: 'integer' },
          { name: 'time_limit_ms', type: 'bigint', isNullable: true },
          { name: 'last_error', type: 'text', isNullable: true },
          { name: 'created_at', type: 'varchar', length: '24' },
          { name: 'updated_at', type: 'varchar', length: '24' },
          { name: 'finished_at', type: 'varchar', length: '24', isNullable: true },
        ],
        indices: [
          {
            name: 'uq_jobs_open_subject',
            columnNames: ['kind', 'subject'],
            isUnique: true,
            where: '"finished_at" IS NULL',
          },
          { name: 'ix_jobs_claim', columnNames: ['status', 'run_at'], where: '"finished_at" IS NULL' },
          {
            name: 'ix_jobs_lease',
            columnNames: ['lease_expires_at'],
            where: '"lease_expires_at" IS NOT NULL',
          },
          { name: 'ix_jobs_finished', columnNames: ['finished_at'], where: '"finished_at" IS NOT NULL' },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('jobs');
  }
}
