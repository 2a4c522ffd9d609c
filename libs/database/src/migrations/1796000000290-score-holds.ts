import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { type AppendOnlyTable, dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, float, index, int, utc, varchar } from './columns.js';
import { type FiguredRows, forgetFigures, keepFigures, type KeptFigure } from './kept-figures.js';

/**
 * What is held of settled orders until their forecasts are scored. The terms of an order have a row from its submission on.
 * Columns are added without writing a table anew: orders are many.
 */
export class ScoreHolds1796000000290 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [table, column] of COLUMNS)
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column}`);
    await guardPrices(queryRunner, [...PRICE_COLUMNS, 'score_share']);
    const holds = scoreHolds();
    await queryRunner.createTable(holds);
    await makeAppendOnly(
      queryRunner,
      GUARD,
      holds.columns.map(({ name }) => name),
    );
    await keepFigures(queryRunner, FIGURED);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await forgetFigures(queryRunner, FIGURED);
    await queryRunner.dropTable(GUARD.name);
    await dropAppendOnlyGuard(queryRunner, GUARD.name);
    await freePrices(queryRunner);
    for (const [table, column] of COLUMNS)
      await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column.split(' ')[0]}`);
    await guardPrices(queryRunner, PRICE_COLUMNS);
  }
}

const COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ['provider_pricing', 'score_share integer'],
  ['prediction_jobs', 'score_share integer'],
  ['prediction_jobs', 'score_state varchar(16)'],
  ['prediction_jobs', 'score_held_micros bigint'],
  ['prediction_jobs', 'score_earned_micros bigint'],
];

const nullable = { isNullable: true } as const;

const scoreHolds = (): Table =>
  new Table({
    name: 'score_holds',
    columns: [
      varchar('prediction_id', 36, { isPrimary: true }),
      int('client_id'),
      int('provider_id'),
      varchar('currency', 3),
      int('score_share'),
      bigint('held_micros', nullable),
      utc('held_at', nullable),
      utc('look_at', nullable),
      utc('settled_at', nullable),
      varchar('state', 16),
      varchar('reason', 32, nullable),
      float('fraction', nullable),
      bigint('earned_micros', nullable),
      bigint('returned_micros', nullable),
    ],
    indices: [
      index('ix_score_holds_look', ['look_at'], '"look_at" IS NOT NULL'),
      index('ix_score_holds_client', ['client_id', 'settled_at']),
      index('ix_score_holds_provider', ['provider_id', 'settled_at']),
      index('ix_score_holds_settled', ['settled_at'], '"settled_at" IS NOT NULL'),
    ],
  });

const GUARD: AppendOnlyTable = {
  name: 'score_holds',
  keys: [['prediction_id']],
  settable: [
    { column: 'look_at', allowed: 'OLD.settled_at IS NULL' },
    { column: 'state', allowed: 'OLD.settled_at IS NULL' },
    ...['held_micros', 'held_at'].map((column) => ({
      column,
      allowed: 'OLD.held_at IS NULL',
    })),
    ...['settled_at', 'reason', 'fraction', 'earned_micros', 'returned_micros'].map((column) => ({
      column,
      allowed: 'OLD.settled_at IS NULL AND OLD.held_at IS NOT NULL',
    })),
  ],
};

/** What a provider earned by score is a part of an order that was counted when it was answered. */
const earned = (source: string, owner: string): KeptFigure => ({
  source,
  owner: (row) => `${row}.${owner}`,
  hourOf: 'settled_at',
  name: (row) => `${row}.currency`,
  amount: (row) => `${row}.earned_micros`,
  isPart: true,
  when: (row) => `${row}.settled_at IS NOT NULL`,
  columns: ['settled_at'],
});

const FIGURED: FiguredRows = {
  table: 'score_holds',
  standing: [],
  happened: [
    earned('spent', 'client_id'),
    earned('provided', 'provider_id'),
    { ...earned('spent', 'client_id'), hourOf: undefined },
  ],
};

const PRICE_COLUMNS = [
  'id',
  'provider_id',
  'model_name',
  'price_micros',
  'currency',
  'is_active',
  'created_at',
  'updated_at',
];

const PRICES: AppendOnlyTable = {
  name: 'provider_pricing',
  serial: 'id',
  partialKeys: [
    'is_active AND NEW.is_active AND provider_id = NEW.provider_id AND model_name = NEW.model_name',
  ],
  settable: [
    { column: 'is_active', allowed: 'OLD.is_active AND NOT NEW.is_active' },
    { column: 'updated_at', allowed: 'OLD.is_active AND NOT NEW.is_active' },
  ],
};

async function freePrices(queryRunner: QueryRunner): Promise<void> {
  if (queryRunner.dataSource.options.type === 'postgres')
    await queryRunner.query('DROP FUNCTION IF EXISTS provider_pricing_refuse() CASCADE');
  else
    for (const event of ['update', 'delete', 'replace'])
      await queryRunner.query(`DROP TRIGGER IF EXISTS provider_pricing_no_${event}`);
}

/** The guard names the columns that stay as they are. */
async function guardPrices(queryRunner: QueryRunner, columns: readonly string[]): Promise<void> {
  await freePrices(queryRunner);
  await makeAppendOnly(queryRunner, PRICES, columns);
}
