import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, float, int, json, serialId, utc, varchar } from './columns.js';

/**
 * The audit log. The database itself refuses to change it: triggers stop UPDATE and DELETE, on SQLite also
 * `INSERT OR REPLACE` (which deletes without firing delete triggers unless `recursive_triggers` is on) and rows put
 * between older ones, on PostgreSQL also TRUNCATE and sessions that switch ordinary triggers off.
 * On PostgreSQL give the service a role that may only SELECT and INSERT here, too: the owner of a table can drop triggers.
 */
export class Audit1795392000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(table());
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    for (const statement of isPostgres ? POSTGRES_GUARD : SQLITE_GUARD) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('api_logs');
    if (queryRunner.dataSource.options.type === 'postgres') {
      await queryRunner.query('DROP FUNCTION api_logs_refuse()');
    }
  }
}

const table = (): Table =>
  new Table({
    name: 'api_logs',
    columns: [
      serialId(),
      varchar('request_id', 36),
      varchar('correlation_id', 128),
      int('user_id', { isNullable: true }),
      varchar('ip_address', 64),
      varchar('user_agent', 512, { isNullable: true }),
      varchar('endpoint', 1024),
      varchar('method', 32),
      varchar('query_string', 2048, { isNullable: true }),
      json('request_payload', { isNullable: true }),
      utc('request_timestamp'),
      int('response_status_code'),
      float('response_time_ms'),
      bigint('response_size_bytes', { isNullable: true }),
    ],
    indices: [
      { name: 'uq_api_logs_request', columnNames: ['request_id'], isUnique: true },
      { name: 'ix_api_logs_endpoint', columnNames: ['endpoint', 'id'] },
      { name: 'ix_api_logs_user', columnNames: ['user_id', 'id'] },
      { name: 'ix_api_logs_timestamp', columnNames: ['request_timestamp'] },
    ],
  });

const SQLITE_GUARD = [
  `CREATE TRIGGER api_logs_no_update BEFORE UPDATE ON api_logs
   BEGIN SELECT RAISE(ABORT, 'api_logs is append-only'); END`,
  `CREATE TRIGGER api_logs_no_delete BEFORE DELETE ON api_logs
   BEGIN SELECT RAISE(ABORT, 'api_logs is append-only'); END`,
  // Runs before a REPLACE removes the older row. An id that the database is to choose is not known yet (-1) here.
  `CREATE TRIGGER api_logs_no_replace BEFORE INSERT ON api_logs
   WHEN NEW.id > 0 OR EXISTS (SELECT 1 FROM api_logs WHERE request_id = NEW.request_id)
   BEGIN SELECT RAISE(ABORT, 'api_logs is append-only'); END`,
];

const POSTGRES_GUARD = [
  `CREATE FUNCTION api_logs_refuse() RETURNS trigger LANGUAGE plpgsql AS
   $$ BEGIN RAISE EXCEPTION 'api_logs is append-only' USING ERRCODE = 'insufficient_privilege'; END $$`,
  `CREATE TRIGGER api_logs_no_change BEFORE UPDATE OR DELETE ON api_logs
   FOR EACH ROW EXECUTE FUNCTION api_logs_refuse()`,
  `CREATE TRIGGER api_logs_no_truncate BEFORE TRUNCATE ON api_logs
   FOR EACH STATEMENT EXECUTE FUNCTION api_logs_refuse()`,
  'ALTER TABLE api_logs ENABLE ALWAYS TRIGGER api_logs_no_change',
  'ALTER TABLE api_logs ENABLE ALWAYS TRIGGER api_logs_no_truncate',
];
