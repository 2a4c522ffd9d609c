import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, serialId, unique, utc, varchar } from './columns.js';

/**
 * Which rows of the audit log are in archives. Only these may be deleted from the log: the triggers that refuse every other
 * deletion look here.
 */
export class AuditArchives1796000000061 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(archives());
    await makeAppendOnly(
      queryRunner,
      {
        name: 'audit_archives',
        serial: 'id',
        keys: [['first_sequence'], ['last_id']],
        settable: [
          {
            column: 'dropped_id',
            allowed: 'NEW.dropped_id > OLD.dropped_id AND NEW.dropped_id <= OLD.last_id',
          },
        ],
      },
      archives().columns.map(({ name }) => name),
    );
    for (const statement of isPostgres(queryRunner) ? ON_POSTGRES.up : ON_SQLITE.up)
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of isPostgres(queryRunner) ? ON_POSTGRES.down : ON_SQLITE.down)
      await queryRunner.query(statement);
    await queryRunner.dropTable('audit_archives');
    await dropAppendOnlyGuard(queryRunner, 'audit_archives');
  }
}

const isPostgres = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === 'postgres';

const IS_KEPT = 'OLD.id > (SELECT COALESCE(MAX(last_id), 0) FROM audit_archives)';

const refusingOnSqlite = (condition: string): string =>
  `CREATE TRIGGER api_logs_no_delete BEFORE DELETE ON api_logs ${condition} BEGIN SELECT RAISE(ABORT, 'api_logs is append-only'); END`;
const ON_SQLITE = {
  up: ['DROP TRIGGER api_logs_no_delete', refusingOnSqlite(`WHEN ${IS_KEPT}`)],
  down: ['DROP TRIGGER api_logs_no_delete', refusingOnSqlite('')],
};

const guard = (name: string, event: string, refuse: string): string[] => [
  `CREATE TRIGGER ${name} BEFORE ${event} ON api_logs FOR EACH ROW EXECUTE FUNCTION ${refuse}()`,
  `ALTER TABLE api_logs ENABLE ALWAYS TRIGGER ${name}`,
];
const ON_POSTGRES = {
  up: [
    `CREATE FUNCTION api_logs_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN IF ${IS_KEPT} THEN RAISE EXCEPTION 'api_logs is append-only' USING ERRCODE = 'insufficient_privilege'; END IF;
     RETURN OLD; END $$`,
    'DROP TRIGGER api_logs_no_change ON api_logs',
    ...guard('api_logs_no_update', 'UPDATE', 'api_logs_refuse'),
    ...guard('api_logs_no_delete', 'DELETE', 'api_logs_refuse_delete'),
  ],
  down: [
    'DROP TRIGGER api_logs_no_delete ON api_logs',
    'DROP TRIGGER api_logs_no_update ON api_logs',
    ...guard('api_logs_no_change', 'UPDATE OR DELETE', 'api_logs_refuse'),
    'DROP FUNCTION api_logs_refuse_delete()',
  ],
};

const archives = (): Table =>
  new Table({
    name: 'audit_archives',
    columns: [
      serialId(),
      bigint('first_sequence'),
      bigint('last_sequence'),
      bigint('last_id'),
      utc('sealed_until'),
      varchar('hash', 64),
      varchar('file', 255),
      varchar('file_hash', 64),
      bigint('file_bytes'),
      utc('archived_at'),
      bigint('dropped_id', { default: 0 }),
    ],
    indices: [
      unique('uq_audit_archives_sequence', ['first_sequence']),
      unique('uq_audit_archives_id', ['last_id']),
    ],
  });
