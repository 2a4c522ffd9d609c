import type { QueryRunner } from 'typeorm';

/** SQL over a row that a trigger sees as `NEW` or `OLD`, or over the rows of a whole table under its own name. */
type RowSql = (row: string, sql: Dialect) => string;

/** What the two databases write in different ways. */
interface Dialect {
  /** Whole microseconds between two moments stored as RFC 3339 text; null when one of them is. */
  readonly microseconds: (from: string, to: string) => string;
  readonly differs: string;
}

/** One figure that follows the rows of a table: how many of them, and the sum of an amount. */
export interface KeptFigure {
  readonly source: string;
  readonly owner: RowSql;
  /** Column of the moment whose hour (UTC) the figure belongs to; absent: all time. */
  readonly hourOf?: string | undefined;
  readonly name: RowSql;
  /** A whole number; absent: 0. */
  readonly amount?: RowSql;
  /** The row is a part of something that is counted already: its amount is added, and no event. */
  readonly isPart?: true;
  /** Which rows count; absent: every one. */
  readonly when?: RowSql;
  /** Columns whose change may change the figure. */
  readonly columns: readonly string[];
}

/** The figures of a table, kept by triggers of the database itself, so that no writer can forget them. */
export interface FiguredRows {
  readonly table: string;
  /** Names the triggers where a table has several sets of them; absent: `figures`. */
  readonly set?: string;
  /** Of the rows that are there: they follow every change, and fall when a row is deleted. */
  readonly standing: readonly KeptFigure[];
  /** Of what happened, once for each row; they never fall. */
  readonly happened: readonly KeptFigure[];
}

const SQLITE: Dialect = {
  // julianday is exact to 40 µs, the moments have milliseconds
  microseconds: (from, to) =>
    `1000 * CAST(ROUND((julianday(${to}) - julianday(${from})) * 86400000) AS INTEGER)`,
  differs: 'IS NOT',
};
const POSTGRES: Dialect = {
  microseconds: (from, to) =>
    `CAST(ROUND(EXTRACT(EPOCH FROM (${to}::timestamptz - ${from}::timestamptz)) * 1000000) AS BIGINT)`,
  differs: 'IS DISTINCT FROM',
};

const COLUMNS = 'source, owner_id, period, name, events, amount';
/** The owner of the sums over all owners, see `KeptFigures`. */
const EVERYBODY = -2;

/** Counts the rows that are there and installs the triggers that keep the count. */
export async function keepFigures(queryRunner: QueryRunner, rows: FiguredRows): Promise<void> {
  const isPostgres = queryRunner.dataSource.options.type === 'postgres';
  for (const statement of recount(rows, isPostgres ? POSTGRES : SQLITE)) await queryRunner.query(statement);
  for (const statement of isPostgres ? postgresTriggers(rows) : sqliteTriggers(rows))
    await queryRunner.query(statement);
}

/** Takes the triggers of a table away. */
export async function forgetFigures(queryRunner: QueryRunner, rows: FiguredRows): Promise<void> {
  if (queryRunner.dataSource.options.type === 'postgres') {
    await queryRunner.query(`DROP FUNCTION ${nameOf(rows)}() CASCADE`);
    return;
  }
  for (const event of ['added', 'changed', 'removed'])
    await queryRunner.query(`DROP TRIGGER IF EXISTS ${nameOf(rows)}_${event}`);
}

const nameOf = ({ table, set = 'figures' }: FiguredRows): string => `${table}_${set}`;

/** The figures of all rows of the table, of each owner and of everybody. */
function recount({ table, standing, happened }: FiguredRows, sql: Dialect): string[] {
  return [...standing, ...happened].flatMap((figure) =>
    [false, true].map((together) => {
      const owner = together ? String(EVERYBODY) : figure.owner(table, sql);
      const { source, name, amount, when } = figure;
      return `INSERT INTO figures (${COLUMNS})
        SELECT '${source}', owner, period, name, ${figure.isPart === true ? '0' : 'COUNT(*)'}, SUM(amount) FROM (
          SELECT ${owner} AS owner, ${periodOf(figure, table)} AS period, ${name(table, sql)} AS name,
            ${amount?.(table, sql) ?? 0} AS amount FROM ${table}${when === undefined ? '' : ` WHERE ${when(table, sql)}`}
        ) AS counted GROUP BY owner, period, name`;
    }),
  );
}

const periodOf = ({ hourOf }: KeptFigure, row: string): string =>
  hourOf === undefined ? `''` : `substr(${row}.${hourOf}, 1, 13)`;

/** A row of `figure_changes`, as a SELECT without a table. */
function changeOf(figure: KeptFigure, row: 'NEW' | 'OLD', sql: Dialect, condition: string): string {
  const { source, owner, name, amount } = figure;
  const sign = row === 'NEW' ? '' : '-';
  const sum = amount === undefined ? '0' : `${sign}(${amount(row, sql)})`;
  return `SELECT '${source}', ${owner(row, sql)}, ${periodOf(figure, row)}, ${name(row, sql)}, ${figure.isPart === true ? '0' : `${sign}1`}, ${sum} WHERE ${condition}`;
}

const counts = ({ when }: KeptFigure, row: 'NEW' | 'OLD', sql: Dialect): string =>
  when === undefined ? 'TRUE' : `COALESCE(${when(row, sql)}, FALSE)`;

const insert = (changes: readonly string[]): string =>
  `INSERT INTO figure_changes (${COLUMNS}) ${changes.join('\n  UNION ALL ')};`;

const added = ({ standing, happened }: FiguredRows, sql: Dialect): string =>
  insert(
    [...standing, ...happened].map((figure) => changeOf(figure, 'NEW', sql, counts(figure, 'NEW', sql))),
  );

const removed = ({ standing }: FiguredRows, sql: Dialect): string =>
  insert(standing.map((figure) => changeOf(figure, 'OLD', sql, counts(figure, 'OLD', sql))));

function changed({ standing, happened }: FiguredRows, sql: Dialect): string {
  const differs = ({ columns }: KeptFigure): string =>
    columns.map((column) => `OLD.${column} ${sql.differs} NEW.${column}`).join(' OR ');
  return insert([
    ...standing.flatMap((figure) =>
      (['OLD', 'NEW'] as const).map((row) =>
        changeOf(figure, row, sql, `(${differs(figure)}) AND ${counts(figure, row, sql)}`),
      ),
    ),
    ...happened
      .filter(({ when }) => when !== undefined)
      .map((figure) =>
        changeOf(figure, 'NEW', sql, `${counts(figure, 'NEW', sql)} AND NOT ${counts(figure, 'OLD', sql)}`),
      ),
  ]);
}

const watched = ({ standing, happened }: FiguredRows): string =>
  [...new Set([...standing, ...happened].flatMap(({ columns }) => columns))].join(', ');

function sqliteTriggers(rows: FiguredRows): string[] {
  const { table } = rows;
  const trigger = (name: string, event: string, body: string): string =>
    `CREATE TRIGGER ${nameOf(rows)}_${name} AFTER ${event} ON ${table} BEGIN ${body} END`;
  return [
    trigger('added', 'INSERT', added(rows, SQLITE)),
    ...(watched(rows) === ''
      ? []
      : [trigger('changed', `UPDATE OF ${watched(rows)}`, changed(rows, SQLITE))]),
    ...(rows.standing.length === 0 ? [] : [trigger('removed', 'DELETE', removed(rows, SQLITE))]),
  ];
}

function postgresTriggers(rows: FiguredRows): string[] {
  const { table } = rows;
  const remove = rows.standing.length === 0 ? 'NULL;' : removed(rows, POSTGRES);
  const events = [
    'INSERT',
    ...(rows.standing.length === 0 ? [] : ['DELETE']),
    ...(watched(rows) === '' ? [] : [`UPDATE OF ${watched(rows)}`]),
  ];
  return [
    `CREATE FUNCTION ${nameOf(rows)}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF TG_OP = 'INSERT' THEN ${added(rows, POSTGRES)}
       ELSIF TG_OP = 'UPDATE' THEN ${watched(rows) === '' ? 'NULL;' : changed(rows, POSTGRES)}
       ELSE ${remove}
       END IF;
       RETURN NULL;
     END $$`,
    `CREATE TRIGGER ${nameOf(rows)} AFTER ${events.join(' OR ')} ON ${table}
       FOR EACH ROW EXECUTE FUNCTION ${nameOf(rows)}()`,
  ];
}
