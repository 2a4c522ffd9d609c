import type { MigrationInterface, QueryRunner } from 'typeorm';
import { FIGURED } from './1796000000020-figures.js';
import { DAYS_BY_ROW } from './1796000000260-figure-days.js';
import { DELIVERIES } from './1796000000280-standings.js';
import { ABSTAINED } from './1796000000322-abstained-orders.js';
import { MONTHS_BY_ROW } from './1796000000323-figure-months.js';
import { type FiguredRows, guardedFigures, plainFigures, triggerOf } from './kept-figures.js';

/**
 * PostgreSQL keeps the same figures with fewer statements: sums of days and months are kept once for each statement that changes
 * hours, not for each row; and what cannot change a figure calls no function, or begins no statement in it.
 */
export class FiguresByStatement1796000000324 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.dataSource.options.type !== 'postgres') return;
    const statements = [
      ...['predictions', 'prediction_jobs'].map((table) => guardedFigures(figuredRows(table))),
      ...CALLED_WHEN.flatMap(([rows, when]) => [dropTrigger(rows), triggerOf(rows, when)]),
      ...ENTRIES_TOGETHER,
      ...['figures_by_day', 'figures_by_month'].map((name) => `DROP FUNCTION ${name}() CASCADE`),
      ...sumsBy('figures_by_day', DAYS),
      ...sumsBy('figures_by_month', MONTHS),
    ];
    for (const statement of statements) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (queryRunner.dataSource.options.type !== 'postgres') return;
    const statements = [
      ...['predictions', 'prediction_jobs', ENTRIES.table].map((table) => plainFigures(figuredRows(table))),
      ...[...CALLED_WHEN.map(([rows]) => rows), ENTRIES].flatMap((rows) => [
        dropTrigger(rows),
        triggerOf(rows),
      ]),
      ...['figures_by_day', 'figures_by_month'].map((name) => `DROP FUNCTION ${name}() CASCADE`),
      ...DAYS_BY_ROW,
      ...MONTHS_BY_ROW,
    ];
    for (const statement of statements) await queryRunner.query(statement);
  }
}

function figuredRows(table: string): FiguredRows {
  const rows = FIGURED.find((one) => one.table === table);
  if (rows === undefined) throw new Error(`no figures of ${table}`);
  return rows;
}

const triggerName = ({ table, set = 'figures' }: FiguredRows): string => `${table}_${set}`;
const dropTrigger = (rows: FiguredRows): string => `DROP TRIGGER ${triggerName(rows)} ON ${rows.table}`;

/** What every row meets that counts: an order that comes, or is claimed, has no end. */
const CALLED_WHEN: readonly (readonly [rows: FiguredRows, when: string])[] = [
  [DELIVERIES, 'NEW.completed_at IS NOT NULL'],
  [ABSTAINED, `NEW.completed_at IS NOT NULL AND NEW.status = 'failed'`],
  [figuredRows('prediction_claims'), 'NEW.ended_at IS NOT NULL'],
];

/** The entries of a transaction come in one statement, and never change. */
const ENTRIES = figuredRows('transaction_entries');
const ENTRIES_TOGETHER = [
  dropTrigger(ENTRIES),
  `CREATE OR REPLACE FUNCTION ${triggerName(ENTRIES)}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO figure_changes (source, owner_id, period, name, events, amount)
       SELECT 'money', owner_id, '', kind || ':' || currency, 1, amount_micros FROM added;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER ${triggerName(ENTRIES)} AFTER INSERT ON ${ENTRIES.table} REFERENCING NEW TABLE AS added
     FOR EACH STATEMENT EXECUTE FUNCTION ${triggerName(ENTRIES)}()`,
];

/** Sums over the rows of another table, by a longer period. */
interface Sums {
  readonly of: string;
  readonly into: string;
  readonly period: string;
  /** The period of a row. */
  readonly from: string;
  /** Which rows count. */
  readonly when: string;
}
const DAYS: Sums = {
  of: 'figures',
  into: 'figure_days',
  period: 'day',
  from: 'substr(period, 1, 10)',
  when: 'length(period) = 13',
};
const MONTHS: Sums = {
  of: 'figure_days',
  into: 'figure_months',
  period: 'month',
  from: 'substr(day, 1, 7)',
  when: 'TRUE',
};

function sumsBy(name: string, { of, into, period, from, when }: Sums): string[] {
  const sum = (sign: '' | '-', rows: string): string =>
    `SELECT source, owner_id, ${from} AS ${period}, name, ${sign}events AS events, ${sign}amount AS amount FROM ${rows} WHERE ${when}`;
  // in one sequence, so that no two that add to the same rows wait for each other
  const add = (changes: string): string =>
    `INSERT INTO ${into} (source, owner_id, ${period}, name, events, amount)
       SELECT source, owner_id, ${period}, name, SUM(events), SUM(amount) FROM (${changes}) AS changes
       GROUP BY source, owner_id, ${period}, name ORDER BY source, owner_id, ${period}, name
       ON CONFLICT (source, owner_id, ${period}, name)
       DO UPDATE SET events = ${into}.events + excluded.events, amount = ${into}.amount + excluded.amount;`;
  const guarded = (rows: string, changes: string): string =>
    `IF EXISTS (SELECT FROM ${rows} WHERE ${when}) THEN ${add(changes)} END IF;`;
  const [NEW, OLD] = ['NEW TABLE AS added', 'OLD TABLE AS removed'];
  return [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF TG_OP = 'INSERT' THEN ${guarded('added', sum('', 'added'))}
       ELSIF TG_OP = 'UPDATE' THEN ${guarded('added', `${sum('', 'added')} UNION ALL ${sum('-', 'removed')}`)}
       ELSE ${guarded('removed', sum('-', 'removed'))}
       END IF;
       RETURN NULL;
     END $$`,
    ...(
      [
        ['INSERT', NEW],
        ['UPDATE', `${OLD} ${NEW}`],
        ['DELETE', OLD],
      ] as const
    ).map(
      ([event, tables]) =>
        `CREATE TRIGGER ${name}_${event.toLowerCase()} AFTER ${event} ON ${of} REFERENCING ${tables}
         FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
    ),
  ];
}
