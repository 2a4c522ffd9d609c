import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, boolean, float, index, int, json, longText, serialId, utc, varchar } from './columns.js';

/** Tables that no single domain owns: persisted settings, idempotency keys, events, cached bars, sessions. */
export class Shared1795392000005 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) await queryRunner.createTable(table);
    await queryRunner.createTable(userSessions(queryRunner));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('user_sessions');
    for (const table of TABLES) await queryRunner.dropTable(table);
  }
}

const TABLES = [
  new Table({
    name: 'system_configuration',
    columns: [
      serialId(),
      varchar('key', 128, { isUnique: true }),
      json('value'),
      longText('description', { isNullable: true }),
      utc('updated_at'),
      int('updated_by', { isNullable: true }),
    ],
  }),
  new Table({
    name: 'idempotency_keys',
    columns: [
      varchar('scope', 128, { isPrimary: true }),
      varchar('key', 255, { isPrimary: true }),
      varchar('fingerprint', 128),
      varchar('state', 16),
      varchar('holder', 36),
      utc('lease_expires_at'),
      int('status', { isNullable: true }),
      json('headers', { isNullable: true }),
      longText('body', { isNullable: true }),
      utc('created_at'),
      utc('expires_at'),
    ],
    indices: [index('ix_idempotency_keys_expires', ['expires_at'])],
  }),
  new Table({
    name: 'events',
    columns: [serialId(), varchar('topic', 128), varchar('type', 64), json('data'), utc('created_at')],
    indices: [index('ix_events_topic', ['topic', 'id']), index('ix_events_created', ['created_at'])],
  }),
  new Table({
    name: 'time_series_data',
    columns: [
      varchar('ticker', 32, { isPrimary: true }),
      varchar('interval', 8, { isPrimary: true }),
      utc('timestamp', { isPrimary: true }),
      float('open'),
      float('high'),
      float('low'),
      float('close'),
      bigint('volume', { isNullable: true }),
    ],
  }),
];

const userSessions = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'user_sessions',
    columns: [
      varchar('id', 128, { isPrimary: true }),
      int('user_id'),
      varchar('ip_address', 45),
      longText('user_agent', { isNullable: true }),
      utc('created_at'),
      utc('last_activity'),
      utc('expires_at'),
      boolean(queryRunner, 'is_active', { default: true }),
    ],
    indices: [index('ix_user_sessions_user', ['user_id'])],
  });
