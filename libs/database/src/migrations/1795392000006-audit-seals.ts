import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { makeAppendOnly } from './append-only.js';
import { bigint, json, serialId, unique, utc, varchar } from './columns.js';

/** The hash chain over the audit log; as append-only as the log itself. */
export class AuditSeals1795392000006 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'audit_seals',
        columns: [
          serialId(),
          bigint('first_sequence'),
          bigint('last_sequence'),
          json('id_ranges'),
          varchar('hash', 64),
          utc('sealed_at'),
        ],
        indices: [unique('uq_audit_seals_sequence', ['first_sequence'])],
      }),
    );
    await makeAppendOnly(queryRunner, {
      name: 'audit_seals',
      serial: 'id',
      keys: [['first_sequence']],
      inOneTrigger: true,
      // its text names that table, which is near enough
      refusedBy: 'api_logs',
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('audit_seals');
  }
}
