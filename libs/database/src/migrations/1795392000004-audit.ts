import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { type AppendOnlyTable, dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, float, index, int, json, serialId, unique, utc, varchar } from './columns.js';

/** The audit log; append-only, rows put between older ones are refused, too. */
export class Audit1795392000004 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(table());
    await makeAppendOnly(queryRunner, GUARD);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('api_logs');
    await dropAppendOnlyGuard(queryRunner, 'api_logs');
  }
}

const GUARD: AppendOnlyTable = {
  name: 'api_logs',
  serial: 'id',
  keys: [['request_id']],
  inOneTrigger: true,
};

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
      unique('uq_api_logs_request', ['request_id']),
      index('ix_api_logs_endpoint', ['endpoint', 'id']),
      index('ix_api_logs_user', ['user_id', 'id']),
      index('ix_api_logs_timestamp', ['request_timestamp']),
    ],
  });
