import { Jobs1795392000002, JobTraces1796000000150, runSql, type Transaction } from '#libs/database';
import { JobEntity, type JobRun, migrateQueue } from '#libs/jobs';
import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

/** The table that handlers of the suite write to: what is in it was done, exactly that often. */
export class Effects1795392099999 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'effects',
        columns: [
          { name: 'subject', type: 'varchar', length: '128' },
          { name: 'epoch', type: 'integer' },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('effects');
  }
}

/** The table of jobs and the suite's own. */
export const CONFORMANCE_SCHEMA = {
  entities: [JobEntity],
  migrations: [Jobs1795392000002, JobTraces1796000000150, Effects1795392099999],
  migrateBeside: migrateQueue,
};

/** Writes down that a run did its work. */
export const writeEffect = async (tx: Transaction, run: JobRun): Promise<void> => {
  await runSql(tx, 'INSERT INTO effects (subject, epoch) VALUES (?, ?)', [
    run.job.subject,
    run.job.leaseEpoch,
  ]);
};
