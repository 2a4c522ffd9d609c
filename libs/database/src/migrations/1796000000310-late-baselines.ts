import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type AppendOnlyTable, makeAppendOnly, stopGuarding } from './append-only.js';

/**
 * The last closed bar of a forecast that was computed elsewhere is pinned soon after its answer. Forecasts that wait for outcomes
 * when this is run are looked at as well.
 */
export class LateBaselines1796000000310 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await stopGuarding(queryRunner, NAME);
    for (const [column, length] of ADDED)
      await queryRunner.query(`ALTER TABLE ${NAME} ADD COLUMN ${column} varchar(${length})`);
    await queryRunner.query(
      `CREATE INDEX ${INDEX} ON ${NAME} (baseline_look_at) WHERE "baseline_look_at" IS NOT NULL`,
    );
    await queryRunner.query(
      `UPDATE ${NAME} SET baseline_look_at = issued_at WHERE due_at IS NOT NULL AND volatility IS NULL`,
    );
    await guard(queryRunner, [DUE, LOOK, ...TAKEN]);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await stopGuarding(queryRunner, NAME);
    await queryRunner.query(`DROP INDEX ${INDEX}`);
    for (const [column] of ADDED) await queryRunner.query(`ALTER TABLE ${NAME} DROP COLUMN ${column}`);
    await guard(queryRunner, [DUE]);
  }
}

const NAME = 'forecast_pins';
const INDEX = 'ix_forecast_pins_baseline';
const ADDED = [
  ['baseline_look_at', 24],
  ['baseline_taken_at', 24],
  ['baseline_reason', 32],
] as const;

const DUE = { column: 'due_at', allowed: 'OLD.due_at IS NOT NULL' };
const LOOK = { column: 'baseline_look_at', allowed: 'OLD.baseline_look_at IS NOT NULL' };
/** Written once, with the end of the looking. */
const TAKEN = [
  'baseline_at',
  'baseline_closed_at',
  'baseline_value',
  'naive_mae',
  'volatility',
  'baseline_taken_at',
  'baseline_reason',
].map((column) => ({
  column,
  allowed: `OLD.${column} IS NULL AND OLD.baseline_look_at IS NOT NULL AND NEW.baseline_look_at IS NULL`,
}));

/** The guard names each column that may not change. */
async function guard(
  queryRunner: QueryRunner,
  settable: NonNullable<AppendOnlyTable['settable']>,
): Promise<void> {
  const table = await queryRunner.getTable(NAME);
  await makeAppendOnly(
    queryRunner,
    { name: NAME, serial: 'id', keys: [['source', 'subject_id']], settable },
    table?.columns.map(({ name }) => name) ?? [],
  );
}
