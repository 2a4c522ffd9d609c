import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { index, int, longText, reference, utc, varchar } from './columns.js';

/** Notifications of clients' receivers: their deliveries, each attempt at one, and the secrets that they are signed with. */
export class Webhooks1795392000013 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of TABLES.toReversed()) await queryRunner.dropTable(table);
  }
}

const TABLES = [
  new Table({
    name: 'webhook_secrets',
    columns: [
      int('user_id', { isPrimary: true }),
      longText('secret'),
      utc('created_at'),
      longText('previous_secret', { isNullable: true }),
      utc('previous_valid_until', { isNullable: true }),
    ],
  }),
  new Table({
    name: 'webhook_deliveries',
    columns: [
      varchar('id', 36, { isPrimary: true }),
      int('user_id'),
      varchar('prediction_id', 36),
      varchar('event_type', 32),
      varchar('url', 2048),
      longText('body'),
      varchar('status', 12),
      int('attempts', { default: 0 }),
      int('tries', { default: 0 }),
      utc('next_attempt_at', { isNullable: true }),
      int('last_response_status', { isNullable: true }),
      varchar('last_error', 32, { isNullable: true }),
      utc('created_at'),
      utc('finished_at', { isNullable: true }),
    ],
    indices: [
      index('ix_webhook_deliveries_user', ['user_id', 'created_at']),
      index('ix_webhook_deliveries_created', ['created_at']),
      index('ix_webhook_deliveries_prediction', ['prediction_id']),
      index('ix_webhook_deliveries_finished', ['finished_at'], '"finished_at" IS NOT NULL'),
    ],
  }),
  new Table({
    name: 'webhook_attempts',
    columns: [
      varchar('delivery_id', 36, { isPrimary: true }),
      int('number', { isPrimary: true }),
      utc('started_at'),
      int('duration_ms'),
      int('response_status', { isNullable: true }),
      varchar('error', 32, { isNullable: true }),
    ],
    foreignKeys: [reference('fk_webhook_attempts_delivery', 'delivery_id', 'webhook_deliveries')],
  }),
];
