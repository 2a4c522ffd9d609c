import type { MigrationInterface, QueryRunner } from 'typeorm';
import { makeAppendOnly, stopGuarding } from './append-only.js';

/** The close beside a forecast of volumes or computed columns, which shows that its source adjusted its prices since. */
export class BaselinePrices1796000000330 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await stopGuarding(queryRunner, NAME);
    await queryRunner.query(`ALTER TABLE ${NAME} ADD COLUMN baseline_price double precision`);
    await guard(queryRunner, [...TAKEN, 'baseline_price']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await stopGuarding(queryRunner, NAME);
    await queryRunner.query(`ALTER TABLE ${NAME} DROP COLUMN baseline_price`);
    await guard(queryRunner, TAKEN);
  }
}

const NAME = 'forecast_pins';

/** Written once, with the end of the looking. */
const TAKEN = [
  'baseline_at',
  'baseline_closed_at',
  'baseline_value',
  'naive_mae',
  'volatility',
  'baseline_taken_at',
  'baseline_reason',
];

/** The guard names each column that may not change. */
async function guard(queryRunner: QueryRunner, taken: readonly string[]): Promise<void> {
  const table = await queryRunner.getTable(NAME);
  await makeAppendOnly(
    queryRunner,
    {
      name: NAME,
      serial: 'id',
      keys: [['source', 'subject_id']],
      settable: [
        { column: 'due_at', allowed: 'OLD.due_at IS NOT NULL' },
        { column: 'baseline_look_at', allowed: 'OLD.baseline_look_at IS NOT NULL' },
        ...taken.map((column) => ({
          column,
          allowed: `OLD.${column} IS NULL AND OLD.baseline_look_at IS NOT NULL AND NEW.baseline_look_at IS NULL`,
        })),
      ],
    },
    table?.columns.map(({ name }) => name) ?? [],
  );
}
