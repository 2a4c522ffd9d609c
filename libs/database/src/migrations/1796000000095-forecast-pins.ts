import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, float, index, int, json, unique, utc, varchar, wideSerialId } from './columns.js';

/** What every completed forecast was when it was made. Only when it is looked at next may change. */
export class ForecastPins1796000000095 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(parameters());
    await makeAppendOnly(queryRunner, { name: 'pinned_parameters', keys: [['sha256']] });
    await queryRunner.createTable(pins(queryRunner));
    await makeAppendOnly(
      queryRunner,
      {
        name: 'forecast_pins',
        serial: 'id',
        keys: [['source', 'subject_id']],
        settable: [{ column: 'due_at', allowed: 'OLD.due_at IS NOT NULL' }],
      },
      pins(queryRunner).columns.map(({ name }) => name),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['forecast_pins', 'pinned_parameters']) {
      await queryRunner.dropTable(name);
      await dropAppendOnlyGuard(queryRunner, name);
    }
  }
}

const parameters = (): Table =>
  new Table({
    name: 'pinned_parameters',
    columns: [varchar('sha256', 64, { isPrimary: true }), json('parameters')],
  });

const nullable = { isNullable: true } as const;

const pins = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'forecast_pins',
    columns: [
      wideSerialId(queryRunner),
      varchar('source', 16),
      varchar('subject_id', 36),
      varchar('standing', 16),
      varchar('model', 100),
      int('provider_id', nullable),
      int('evaluator_id', nullable),
      varchar('symbol', 32),
      varchar('interval', 8),
      varchar('feeder', 100),
      varchar('target_column', 100, nullable),
      utc('issued_at'),
      json('horizons'),
      json('target_times'),
      json('points'),
      json('deviations'),
      json('intervals'),
      json('quantiles'),
      int('sample_count', nullable),
      utc('baseline_at', nullable),
      utc('baseline_closed_at', nullable),
      float('baseline_value', nullable),
      float('naive_mae', nullable),
      float('volatility', nullable),
      varchar('predictor', 100),
      varchar('predictor_version', 32, nullable),
      varchar('model_sha256', 64, nullable),
      bigint('seed', nullable),
      varchar('parameters_sha256', 64, nullable),
      varchar('window_sha256', 64, nullable),
      int('window_bars', nullable),
      utc('due_at', nullable),
    ],
    indices: [
      unique('uq_forecast_pins_subject', ['source', 'subject_id']),
      index('ix_forecast_pins_due', ['due_at'], '"due_at" IS NOT NULL'),
    ],
  });
