import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Core predictions and their durable events. */
export class Predictions1700000003000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const moment = { type: 'varchar', length: '24' };
    await queryRunner.createTable(
      new Table({
        name: 'predictions',
        columns: [
          {
            name: 'id',
            type: 'integer',
            isPrimary: true,
            isGenerated: true,
            generationStrategy: 'increment',
          },
          { name: 'task_id', type: 'varchar', length: '64' },
          { name: 'user_id', type: 'integer', isNullable: true },
          { name: 'client_address', type: 'varchar', length: '64', isNullable: true },
          { name: 'timestamp', ...moment },
          { name: 'created_at', ...moment },
          { name: 'started_at', ...moment, isNullable: true },
          { name: 'completed_at', ...moment, isNullable: true },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'symbol', type: 'varchar', length: '32' },
          { name: 'ticker', type: 'varchar', length: '32' },
          { name: 'interval', type: 'varchar', length: '8' },
          { name: 'predictor_plugin', type: 'varchar', length: '100' },
          { name: 'feeder_plugin', type: 'varchar', length: '100' },
          { name: 'pipeline_plugin', type: 'varchar', length: '100' },
          { name: 'prediction_type', type: 'varchar', length: '32' },
          { name: 'result', type: 'text' },
        ],
        indices: [
          { name: 'uq_predictions_task', columnNames: ['task_id'], isUnique: true },
          { name: 'idx_predictions_owner_status', columnNames: ['user_id', 'status'] },
          { name: 'idx_predictions_client_status', columnNames: ['client_address', 'status'] },
          { name: 'idx_predictions_timestamp', columnNames: ['timestamp'] },
        ],
      }),
    );
    await queryRunner.createTable(
      new Table({
        name: 'prediction_events',
        columns: [
          {
            name: 'id',
            type: 'integer',
            isPrimary: true,
            isGenerated: true,
            generationStrategy: 'increment',
          },
          { name: 'prediction_id', type: 'integer' },
          { name: 'status', type: 'varchar', length: '16' },
          { name: 'created_at', ...moment },
        ],
      }),
    );
    await queryRunner.createIndex(
      'prediction_events',
      new TableIndex({ name: 'idx_prediction_events_prediction', columnNames: ['prediction_id', 'id'] }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('prediction_events');
    await queryRunner.dropTable('predictions');
  }
}
