import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, index, int, varchar } from './columns.js';

/** Sums by the day over the figures of hours, so that a month is read as days; triggers of `figures` keep them. */
export class FigureDays1796000000260 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(days());
    await queryRunner.query(
      `INSERT INTO figure_days (${COLUMNS}) SELECT source, owner_id, substr(period, 1, 10), name, SUM(events), SUM(amount)
         FROM figures WHERE length(period) = 13 GROUP BY source, owner_id, substr(period, 1, 10), name`,
    );
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    for (const statement of isPostgres ? DAYS_BY_ROW : SQLITE_TRIGGERS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    if (isPostgres) await queryRunner.query('DROP FUNCTION figures_by_day() CASCADE');
    else
      for (const event of ['added', 'changed', 'removed'])
        await queryRunner.query(`DROP TRIGGER figures_by_day_${event}`);
    await queryRunner.dropTable('figure_days');
  }
}

const days = (): Table =>
  new Table({
    name: 'figure_days',
    columns: [
      varchar('source', 16, { isPrimary: true }),
      int('owner_id', { isPrimary: true }),
      varchar('day', 10, { isPrimary: true }),
      varchar('name', 64, { isPrimary: true }),
      bigint('events'),
      bigint('amount'),
    ],
    indices: [index('ix_figure_days_day', ['source', 'day'])],
  });

const COLUMNS = 'source, owner_id, day, name, events, amount';

/** Adds to the day of a row. */
const add = (row: 'NEW' | 'OLD', events: string, amount: string): string =>
  `INSERT INTO figure_days (${COLUMNS})
     VALUES (${row}.source, ${row}.owner_id, substr(${row}.period, 1, 10), ${row}.name, ${events}, ${amount})
     ON CONFLICT (source, owner_id, day, name)
     DO UPDATE SET events = figure_days.events + excluded.events, amount = figure_days.amount + excluded.amount;`;
const ADDED = add('NEW', 'NEW.events', 'NEW.amount');
const CHANGED = add('NEW', 'NEW.events - OLD.events', 'NEW.amount - OLD.amount');
const REMOVED = add('OLD', '-OLD.events', '-OLD.amount');

const trigger = (name: string, event: string, row: 'NEW' | 'OLD', body: string): string =>
  `CREATE TRIGGER figures_by_day_${name} AFTER ${event} ON figures WHEN length(${row}.period) = 13 BEGIN ${body} END`;
const SQLITE_TRIGGERS = [
  trigger('added', 'INSERT', 'NEW', ADDED),
  trigger('changed', 'UPDATE OF events, amount', 'NEW', CHANGED),
  trigger('removed', 'DELETE', 'OLD', REMOVED),
];
/** PostgreSQL: a statement for each row. */
export const DAYS_BY_ROW = [
  `CREATE FUNCTION figures_by_day() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     IF TG_OP = 'INSERT' THEN ${ADDED}
     ELSIF TG_OP = 'UPDATE' THEN ${CHANGED}
     ELSE ${REMOVED}
     END IF;
     RETURN NULL;
   END $$`,
  ...(['INSERT', 'UPDATE OF events, amount', 'DELETE'] as const).map(
    (event) =>
      `CREATE TRIGGER figures_by_day_${(event.split(' ')[0] ?? '').toLowerCase()} AFTER ${event} ON figures FOR EACH ROW
         WHEN (length(${event === 'DELETE' ? 'OLD' : 'NEW'}.period) = 13) EXECUTE FUNCTION figures_by_day()`,
  ),
];
