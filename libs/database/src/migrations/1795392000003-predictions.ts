import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { index, int, longText, serialId, unique, utc, varchar } from './columns.js';

/** Core predictions. */
export class Predictions1795392000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'predictions',
        columns: [
          serialId(),
          varchar('task_id', 64),
          int('user_id', { isNullable: true }),
          varchar('client_address', 64, { isNullable: true }),
          utc('timestamp'),
          utc('created_at'),
          utc('started_at', { isNullable: true }),
          utc('completed_at', { isNullable: true }),
          varchar('status', 16),
          varchar('symbol', 32),
          varchar('ticker', 32),
          varchar('interval', 8),
          varchar('predictor_plugin', 100),
          varchar('feeder_plugin', 100),
          varchar('pipeline_plugin', 100),
          varchar('prediction_type', 32),
          longText('result'),
          longText('prediction', { isNullable: true }),
          longText('uncertainty', { isNullable: true }),
        ],
        indices: [
          unique('uq_predictions_task', ['task_id']),
          index('ix_predictions_owner', ['user_id', 'status']),
          index('ix_predictions_address', ['client_address', 'status']),
          index('ix_predictions_timestamp', ['timestamp']),
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('predictions');
  }
}
