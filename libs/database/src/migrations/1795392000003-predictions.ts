import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { int, longText, utc, varchar } from './columns.js';

/** Core predictions. */
export class Predictions1795392000003 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'predictions',
        columns: [
          int('id', { isPrimary: true, isGenerated: true, generationStrategy: 'increment' }),
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
          { name: 'uq_predictions_task', columnNames: ['task_id'], isUnique: true },
          { name: 'ix_predictions_owner', columnNames: ['user_id', 'status'] },
          { name: 'ix_predictions_address', columnNames: ['client_address', 'status'] },
          { name: 'ix_predictions_timestamp', columnNames: ['timestamp'] },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('predictions');
  }
}
