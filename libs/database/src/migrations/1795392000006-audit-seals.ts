import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, json, serialId, utc, varchar } from './columns.js';

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
        indices: [{ name: 'uq_audit_seals_sequence', columnNames: ['first_sequence'], isUnique: true }],
      }),
    );
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    for (const statement of isPostgres ? POSTGRES_GUARD : SQLITE_GUARD) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('audit_seals');
  }
}

const SQLITE_GUARD = [
  `CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals
   BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only'); END`,
  `CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals
   BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only'); END`,
  `CREATE TRIGGER audit_seals_no_replace BEFORE INSERT ON audit_seals
   WHEN NEW.id > 0 OR EXISTS (SELECT 1 FROM audit_seals WHERE first_sequence = NEW.first_sequence)
   BEGIN SELECT RAISE(ABORT, 'audit_seals is append-only'); END`,
];

/** The function stands since the migration of `api_logs`; its text names that table, which is near enough. */
const POSTGRES_GUARD = [
  `CREATE TRIGGER audit_seals_no_change BEFORE UPDATE OR DELETE ON audit_seals
   FOR EACH ROW EXECUTE FUNCTION api_logs_refuse()`,
  `CREATE TRIGGER audit_seals_no_truncate BEFORE TRUNCATE ON audit_seals
   FOR EACH STATEMENT EXECUTE FUNCTION api_logs_refuse()`,
  'ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_no_change',
  'ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_no_truncate',
];
