import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { float, int, rowId, unique, utc, varchar, wideSerialId } from './columns.js';

/** What became of forecasts, written once, and values of bars that were sent in. */
export class ForecastOutcomes1796000000096 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(outcomes(queryRunner));
    await makeAppendOnly(queryRunner, {
      name: 'forecast_outcomes',
      serial: 'id',
      keys: [['pin_id', 'horizon', 'revision']],
    });
    await queryRunner.createTable(reported(queryRunner));
    await makeAppendOnly(queryRunner, {
      name: 'reported_values',
      serial: 'id',
      keys: [['symbol', 'interval', 'target_column', 'reporter_id', 'bar_at', 'revision']],
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['reported_values', 'forecast_outcomes']) {
      await queryRunner.dropTable(name);
      await dropAppendOnlyGuard(queryRunner, name);
    }
  }
}

const nullable = { isNullable: true } as const;

const outcomes = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'forecast_outcomes',
    columns: [
      wideSerialId(queryRunner),
      rowId(queryRunner, 'pin_id'),
      int('horizon'),
      int('revision'),
      varchar('status', 16),
      varchar('reason', 32, nullable),
      utc('target_at'),
      utc('bar_at', nullable),
      float('value', nullable),
      varchar('source', 32, nullable),
      varchar('data_sha256', 64, nullable),
      utc('resolved_at'),
      float('baseline_value', nullable),
      float('naive_mae', nullable),
      float('volatility', nullable),
      varchar('loss_kind', 16, nullable),
      float('loss', nullable),
      float('baseline_loss', nullable),
      float('pit', nullable),
      int('covered', nullable),
    ],
    indices: [unique('uq_forecast_outcomes_target', ['pin_id', 'horizon', 'revision'])],
  });

const reported = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'reported_values',
    columns: [
      wideSerialId(queryRunner),
      varchar('symbol', 32),
      varchar('interval', 8),
      varchar('target_column', 100),
      int('reporter_id'),
      utc('bar_at'),
      int('revision'),
      float('value'),
      varchar('authority', 16),
      utc('reported_at'),
    ],
    indices: [
      unique('uq_reported_values_bar', [
        'symbol',
        'interval',
        'target_column',
        'reporter_id',
        'bar_at',
        'revision',
      ]),
    ],
  });
