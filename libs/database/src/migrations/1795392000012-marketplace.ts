import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import {
  bigint,
  float,
  index,
  int,
  json,
  longText,
  reference,
  serialId,
  unique,
  utc,
  varchar,
} from './columns.js';

const OPTIONAL = { isNullable: true } as const;
const PENDING = `"status" = 'pending'`;
const PROCESSING = `"status" = 'processing'`;

/** Requests of the marketplace, the history of their claims, and their files. */
export class Marketplace1795392000012 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of tables()) await queryRunner.createTable(table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const { name } of tables().toReversed()) await queryRunner.dropTable(name);
  }
}

const tables = (): Table[] => [predictionJobs(), predictionClaims(), predictionFiles()];

const predictionJobs = (): Table =>
  new Table({
    name: 'prediction_jobs',
    columns: [
      varchar('id', 36, { isPrimary: true }),
      varchar('task_id', 36),
      int('user_id'),
      ...askedColumns(),
      int('effort'),
      varchar('client_tier', 16),
      ...moneyColumns(),
      ...leaseColumns(),
      ...outcomeColumns(),
      utc('created_at'),
      utc('updated_at'),
      utc('completed_at', OPTIONAL),
      utc('expires_at'),
    ],
    indices: [
      unique('uq_prediction_jobs_task', ['task_id']),
      index('ix_prediction_jobs_queue', ['priority', 'created_at'], PENDING),
      index('ix_prediction_jobs_expiry', ['expires_at'], PENDING),
      index('ix_prediction_jobs_lease', ['timeout_at'], PROCESSING),
      index('ix_prediction_jobs_holder', ['claimed_by'], PROCESSING),
      index('ix_prediction_jobs_open', ['user_id'], `"status" IN ('pending', 'processing')`),
      index('ix_prediction_jobs_user', ['user_id', 'created_at']),
      index('ix_prediction_jobs_status', ['status', 'completed_at']),
      index('ix_prediction_jobs_created', ['created_at']),
    ],
  });

const askedColumns = () => [
  varchar('symbol', 32),
  varchar('ticker', 32),
  varchar('model_name', 100),
  varchar('status', 16, { default: `'pending'` }),
  json('request_payload'),
  varchar('prediction_type', 16),
  utc('datetime_requested'),
  int('lookback_ticks'),
  varchar('predictor_plugin', 100),
  varchar('feeder_plugin', 100),
  varchar('pipeline_plugin', 100),
  varchar('interval', 8),
  int('prediction_horizon'),
  int('priority'),
  bigint('max_cost_micros', OPTIONAL),
  varchar('notification_webhook', 2048, OPTIONAL),
  json('custom_parameters', OPTIONAL),
];

const moneyColumns = () => [
  varchar('currency', 3),
  bigint('estimated_cost_micros'),
  bigint('estimated_payment_micros'),
  bigint('actual_cost_micros', OPTIONAL),
  bigint('bonus_micros', OPTIONAL),
  int('provider_id'),
  int('price_id', OPTIONAL),
];

const leaseColumns = () => [
  int('claimed_by', OPTIONAL),
  utc('claimed_at', OPTIONAL),
  utc('timeout_at', OPTIONAL),
  bigint('lease_epoch', { default: 0 }),
  utc('estimated_completion', OPTIONAL),
  json('processing_node_info', OPTIONAL),
  float('progress_percentage', OPTIONAL),
  varchar('current_step', 255, OPTIONAL),
  float('estimated_remaining', OPTIONAL),
];

const outcomeColumns = () => [
  json('result', OPTIONAL),
  varchar('result_hash', 64, OPTIONAL),
  float('processing_time_ms', OPTIONAL),
  varchar('failure_reason', 32, OPTIONAL),
  longText('error_message', OPTIONAL),
  int('cancelled_by', OPTIONAL),
  utc('cancelled_at', OPTIONAL),
  varchar('cancellation_reason', 255, OPTIONAL),
];

const predictionClaims = (): Table =>
  new Table({
    name: 'prediction_claims',
    columns: [
      serialId(),
      varchar('prediction_id', 36),
      bigint('lease_epoch'),
      int('evaluator_id'),
      utc('claimed_at'),
      utc('timeout_at'),
      json('processing_node_info', OPTIONAL),
      utc('ended_at', OPTIONAL),
      varchar('outcome', 16, OPTIONAL),
      int('released_by', OPTIONAL),
      varchar('reason', 32, OPTIONAL),
      longText('details', OPTIONAL),
    ],
    indices: [
      unique('uq_prediction_claims_epoch', ['prediction_id', 'lease_epoch']),
      unique('uq_prediction_claims_open', ['prediction_id'], '"ended_at" IS NULL'),
      index('ix_prediction_claims_evaluator', ['evaluator_id', 'ended_at']),
      index('ix_prediction_claims_ended', ['ended_at']),
    ],
    foreignKeys: [jobOf('prediction_claims')],
  });

const predictionFiles = (): Table =>
  new Table({
    name: 'prediction_files',
    columns: [
      serialId(),
      varchar('prediction_id', 36),
      varchar('file_type', 50),
      varchar('file_name', 255),
      bigint('file_size'),
      varchar('file_hash', 64),
      varchar('mime_type', 100),
      longText('content'),
      utc('created_at'),
    ],
    indices: [unique('uq_prediction_files_name', ['prediction_id', 'file_name'])],
    foreignKeys: [jobOf('prediction_files')],
  });

const jobOf = (table: string) => reference(`fk_${table}_job`, 'prediction_id', 'prediction_jobs');
