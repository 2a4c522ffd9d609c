import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, int, varchar } from './columns.js';

/**
 * Sums by the month over the figures of days, so that a year is read as months; triggers of `figure_days` keep them. One owner's figures
 * of a few hours are found by the primary key: the indexes for every owner are on the text of the period.
 */
export class FigureMonths1796000000323 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(months());
    await queryRunner.query(
      `INSERT INTO figure_months (${COLUMNS}) SELECT source, owner_id, substr(day, 1, 7), name, SUM(events), SUM(amount)
         FROM figure_days GROUP BY source, owner_id, substr(day, 1, 7), name`,
    );
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    for (const statement of isPostgres ? MONTHS_BY_ROW : SQLITE_TRIGGERS) await queryRunner.query(statement);
    for (const [name, , now] of FOUND_BY) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${now}`);
    }
    await queryRunner.query(
      'CREATE INDEX ix_figure_months_month ON figure_months (source, substr(month, 1, 7))',
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name, before] of FOUND_BY) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${before}`);
    }
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    if (isPostgres) await queryRunner.query('DROP FUNCTION figures_by_month() CASCADE');
    else
      for (const event of ['added', 'changed', 'removed'])
        await queryRunner.query(`DROP TRIGGER figures_by_month_${event}`);
    await queryRunner.dropTable('figure_months');
  }
}

const months = (): Table =>
  new Table({
    name: 'figure_months',
    columns: [
      varchar('source', 16, { isPrimary: true }),
      int('owner_id', { isPrimary: true }),
      varchar('month', 7, { isPrimary: true }),
      varchar('name', 64, { isPrimary: true }),
      bigint('events'),
      bigint('amount'),
    ],
  });

/** Name, what it was on, what it is on now. */
const FOUND_BY = [
  ['ix_figures_period', 'figures (source, period)', 'figures (source, substr(period, 1, 13))'],
  ['ix_figure_days_day', 'figure_days (source, day)', 'figure_days (source, substr(day, 1, 10))'],
] as const;

const COLUMNS = 'source, owner_id, month, name, events, amount';

/** Adds to the month of a row. */
const add = (row: 'NEW' | 'OLD', events: string, amount: string): string =>
  `INSERT INTO figure_months (${COLUMNS})
     VALUES (${row}.source, ${row}.owner_id, substr(${row}.day, 1, 7), ${row}.name, ${events}, ${amount})
     ON CONFLICT (source, owner_id, month, name)
     DO UPDATE SET events = figure_months.events + excluded.events, amount = figure_months.amount + excluded.amount;`;
const ADDED = add('NEW', 'NEW.events', 'NEW.amount');
const CHANGED = add('NEW', 'NEW.events - OLD.events', 'NEW.amount - OLD.amount');
const REMOVED = add('OLD', '-OLD.events', '-OLD.amount');

const trigger = (name: string, event: string, body: string): string =>
  `CREATE TRIGGER figures_by_month_${name} AFTER ${event} ON figure_days BEGIN ${body} END`;
const SQLITE_TRIGGERS = [
  trigger('added', 'INSERT', ADDED),
  trigger('changed', 'UPDATE OF events, amount', CHANGED),
  trigger('removed', 'DELETE', REMOVED),
];
/** PostgreSQL: a statement for each row. */
export const MONTHS_BY_ROW = [
  `CREATE FUNCTION figures_by_month() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     IF TG_OP = 'INSERT' THEN ${ADDED}
     ELSIF TG_OP = 'UPDATE' THEN ${CHANGED}
     ELSE ${REMOVED}
     END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER figures_by_month AFTER INSERT OR UPDATE OF events, amount OR DELETE ON figure_days
     FOR EACH ROW EXECUTE FUNCTION figures_by_month()`,
];
