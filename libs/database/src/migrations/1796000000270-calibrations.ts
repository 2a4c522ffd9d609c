import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { makeAppendOnly } from './append-only.js';
import { float, int, json, utc, varchar } from './columns.js';

const PINNED = ['calibration', 'calibrated_intervals'];

/** What intervals are calibrated with, and what was issued so. */
export class Calibrations1796000000270 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(states());
    for (const column of PINNED)
      await queryRunner.query(`ALTER TABLE forecast_pins ADD COLUMN ${column} text`);
    await queryRunner.query('ALTER TABLE forecast_outcomes ADD COLUMN calibrated_covered integer');
    await guardPins(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE forecast_outcomes DROP COLUMN calibrated_covered');
    await unguardPins(queryRunner);
    for (const column of PINNED) await queryRunner.query(`ALTER TABLE forecast_pins DROP COLUMN ${column}`);
    await guardPins(queryRunner);
    await queryRunner.dropTable('forecast_calibrations');
  }
}

/** The guard names each column that may not change. */
async function guardPins(queryRunner: QueryRunner): Promise<void> {
  await unguardPins(queryRunner);
  const table = await queryRunner.getTable('forecast_pins');
  await makeAppendOnly(
    queryRunner,
    {
      name: 'forecast_pins',
      serial: 'id',
      keys: [['source', 'subject_id']],
      settable: [{ column: 'due_at', allowed: 'OLD.due_at IS NOT NULL' }],
    },
    table?.columns.map(({ name }) => name) ?? [],
  );
}

async function unguardPins(queryRunner: QueryRunner): Promise<void> {
  if (queryRunner.dataSource.options.type === 'postgres') {
    // with the function go the triggers that call it
    await queryRunner.query('DROP FUNCTION IF EXISTS forecast_pins_refuse() CASCADE');
    return;
  }
  for (const name of ['no_update', 'no_delete', 'no_replace'])
    await queryRunner.query(`DROP TRIGGER IF EXISTS forecast_pins_${name}`);
}

const key = { isPrimary: true } as const;
const nullable = { isNullable: true } as const;

const states = (): Table =>
  new Table({
    name: 'forecast_calibrations',
    columns: [
      varchar('digest', 64, key),
      int('horizon', key),
      varchar('predictor', 100),
      varchar('predictor_version', 32),
      varchar('model_sha256', 64, nullable),
      varchar('parameters_sha256', 64, nullable),
      varchar('symbol', 32),
      varchar('interval', 8),
      varchar('target_column', 100),
      varchar('spread', 16),
      int('outcomes'),
      float('gamma', nullable),
      json('alphas', nullable),
      json('scores', nullable),
      utc('last_target_at', nullable),
      varchar('backtest_id', 36, nullable),
      int('backtest_outcomes', nullable),
      json('backtest_stretches', nullable),
      utc('updated_at'),
    ],
  });
