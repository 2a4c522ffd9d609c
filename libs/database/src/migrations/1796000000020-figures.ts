import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, index, int, serialId, varchar } from './columns.js';
import { type FiguredRows, forgetFigures, keepFigures, type KeptFigure } from './kept-figures.js';

/** Sums over predictions, orders and claims that are kept while rows change, instead of counted when somebody asks. */
export class Figures1796000000020 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(figures());
    await queryRunner.createTable(changes());
    // Changes live for seconds, but a busy year has more of them than a 32-bit number can count.
    if (queryRunner.dataSource.options.type === 'postgres')
      await queryRunner.query('ALTER SEQUENCE figure_changes_id_seq CYCLE');
    for (const rows of FIGURED) await keepFigures(queryRunner, rows);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const rows of FIGURED) await forgetFigures(queryRunner, rows);
    await queryRunner.dropTable('figure_changes');
    await queryRunner.dropTable('figures');
  }
}

const key = (options: { readonly isPrimary?: boolean } = {}) => [
  varchar('source', 16, options),
  int('owner_id', options),
  varchar('period', 13, options),
  varchar('name', 64, options),
];
const sums = () => [bigint('events'), bigint('amount')];

const figures = (): Table =>
  new Table({
    name: 'figures',
    columns: [...key({ isPrimary: true }), ...sums()],
    indices: [index('ix_figures_period', ['source', 'period'])],
  });

const changes = (): Table =>
  new Table({
    name: 'figure_changes',
    columns: [serialId(), ...key(), ...sums()],
    indices: [index('ix_figure_changes_owner', ['source', 'owner_id'])],
  });

const HAS_ENDED = (row: string): string =>
  `${row}.status IN ('completed', 'failed', 'cancelled') AND ${row}.completed_at IS NOT NULL`;
const IS_COMPLETED = (row: string): string =>
  `${row}.status = 'completed' AND ${row}.completed_at IS NOT NULL`;
const IS_PENDING = (row: string): string => `${row}.status = 'pending'`;

type Work = Required<Pick<KeptFigure, 'amount'>>['amount'];

/** What predictions and orders have in common: who asked, what became of it, and how long it waited and took. */
function asked(source: string, startedAt: string, work: Work): Omit<FiguredRows, 'table'> {
  const owner = (row: string): string => `COALESCE(${row}.user_id, 0)`;
  const end = ['status', 'completed_at'];
  return {
    standing: [
      { source, owner, name: (row) => `'status:' || ${row}.status`, columns: ['status'] },
      { source, owner, name: (row) => `'type:' || ${row}.prediction_type`, columns: ['prediction_type'] },
    ],
    happened: [
      { source, owner, hourOf: 'created_at', name: () => `'created'`, columns: [] },
      {
        source,
        owner,
        hourOf: 'completed_at',
        name: (row) => `${row}.status`,
        amount: work,
        when: HAS_ENDED,
        columns: end,
      },
      {
        source,
        owner,
        hourOf: 'completed_at',
        name: () => `'waited'`,
        amount: (row, sql) => `COALESCE(${sql.microseconds(`${row}.created_at`, `${row}.${startedAt}`)}, 0)`,
        when: IS_COMPLETED,
        columns: end,
      },
      {
        source,
        owner,
        hourOf: 'created_at',
        name: (row) => `CASE WHEN ${row}.status = 'completed' THEN 'fulfilled' ELSE 'unfulfilled' END`,
        amount: work,
        when: HAS_ENDED,
        columns: end,
      },
    ],
  };
}

const orders = asked(
  'orders',
  'claimed_at',
  (row) => `COALESCE(CAST(ROUND(${row}.processing_time_ms * 1000) AS BIGINT), 0)`,
);

/** What settled orders brought one side, by currency; their rows never change. */
const settled = (source: string, owner: string, ...amounts: readonly string[]): KeptFigure => ({
  source,
  owner: (row) => `${row}.${owner}`,
  hourOf: 'timestamp',
  name: (row) => `${row}.currency`,
  amount: (row) => amounts.map((amount) => `${row}.${amount}`).join(' + '),
  columns: [],
});

/** The tables whose rows are added up. */
export const FIGURED: readonly FiguredRows[] = [
  {
    table: 'predictions',
    ...asked(
      'predictions',
      'started_at',
      (row, sql) => `COALESCE(${sql.microseconds(`${row}.started_at`, `${row}.completed_at`)}, 0)`,
    ),
  },
  {
    table: 'prediction_jobs',
    standing: [
      ...orders.standing,
      {
        source: 'orders',
        owner: (row) => `${row}.user_id`,
        name: (row) => `'priority:' || ${row}.priority`,
        when: IS_PENDING,
        columns: ['status', 'priority'],
      },
      {
        source: 'orders',
        owner: (row) => `${row}.user_id`,
        name: (row) => `'offered:' || ${row}.currency`,
        amount: (row) => `${row}.estimated_payment_micros`,
        when: IS_PENDING,
        columns: ['status', 'currency', 'estimated_payment_micros'],
      },
    ],
    happened: [
      ...orders.happened,
      {
        source: 'evaluations',
        owner: (row) => `COALESCE(${row}.claimed_by, 0)`,
        hourOf: 'completed_at',
        name: () => `'completed'`,
        amount: (row) => `COALESCE(CAST(ROUND(${row}.processing_time_ms * 1000) AS BIGINT), 0)`,
        when: IS_COMPLETED,
        columns: ['status', 'completed_at'],
      },
    ],
  },
  {
    table: 'billing_records',
    standing: [],
    happened: [
      settled('spent', 'client_id', 'cost_micros'),
      settled('provided', 'provider_id', 'provider_micros'),
      settled('evaluated', 'evaluator_id', 'evaluator_micros', 'bonus_micros'),
      { ...settled('spent', 'client_id', 'cost_micros'), hourOf: undefined },
    ],
  },
  {
    table: 'transaction_entries',
    standing: [],
    happened: [
      {
        source: 'money',
        owner: (row) => `${row}.owner_id`,
        name: (row) => `${row}.kind || ':' || ${row}.currency`,
        amount: (row) => `${row}.amount_micros`,
        columns: [],
      },
    ],
  },
  {
    table: 'prediction_claims',
    standing: [],
    happened: [
      {
        source: 'evaluations',
        owner: (row) => `${row}.evaluator_id`,
        hourOf: 'ended_at',
        name: (row) => `${row}.outcome`,
        when: (row) => `${row}.ended_at IS NOT NULL AND ${row}.outcome IN ('released', 'expired')`,
        columns: ['ended_at', 'outcome'],
      },
    ],
  },
];
