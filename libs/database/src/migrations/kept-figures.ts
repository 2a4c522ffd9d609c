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

const differs = ({ columns }: Pick<KeptFigure, 'columns'>, sql: Dialect): string =>
  columns.map((column) => `OLD.${column} ${sql.differs} NEW.${column}`).join(' OR ');

/** A standing figure falls by the row as it was, and rises by the row as it is. */
const changesOf = (figure: KeptFigure, sql: Dialect): string[] =>
  (['OLD', 'NEW'] as const).map((row) =>
    changeOf(figure, row, sql, `(${differs(figure, sql)}) AND ${counts(figure, row, sql)}`),
  );

function changed({ standing, happened }: FiguredRows, sql: Dialect): string {
  return insert([
    ...standing.flatMap((figure) => changesOf(figure, sql)),
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

/** What PostgreSQL's function does with a row that was added, changed or removed. */
type Steps = Readonly<Record<'added' | 'changed' | 'removed', string>>;
const NOTHING = 'NULL;';

const plainSteps = (rows: FiguredRows): Steps => ({
  added: added(rows, POSTGRES),
  changed: watched(rows) === '' ? NOTHING : changed(rows, POSTGRES),
  removed: rows.standing.length === 0 ? NOTHING : removed(rows, POSTGRES),
});

const functionOf = (rows: FiguredRows, steps: Steps): string =>
  `FUNCTION ${nameOf(rows)}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF TG_OP = 'INSERT' THEN ${steps.added}
       ELSIF TG_OP = 'UPDATE' THEN ${steps.changed}
       ELSE ${steps.removed}
       END IF;
       RETURN NULL;
     END $$`;

/** PostgreSQL: when a table's function is called. @param when a condition that every row meets that may change a figure */
export function triggerOf(rows: FiguredRows, when = ''): string {
  const events = [
    'INSERT',
    ...(rows.standing.length === 0 ? [] : ['DELETE']),
    ...(watched(rows) === '' ? [] : [`UPDATE OF ${watched(rows)}`]),
  ];
  return `CREATE TRIGGER ${nameOf(rows)} AFTER ${events.join(' OR ')} ON ${rows.table}
       FOR EACH ROW ${when === '' ? '' : `WHEN (${when}) `}EXECUTE FUNCTION ${nameOf(rows)}()`;
}

const postgresTriggers = (rows: FiguredRows): string[] => [
  `CREATE ${functionOf(rows, plainSteps(rows))}`,
  triggerOf(rows),
];

/** PostgreSQL: the function as {@link keepFigures} makes it. */
export const plainFigures = (rows: FiguredRows): string =>
  `CREATE OR REPLACE ${functionOf(rows, plainSteps(rows))}`;

/**
 * PostgreSQL: the same figures by a function that begins no statement which would find nothing to write: to prepare the
 * parts of one takes longer than to run them.
 */
export const guardedFigures = (rows: FiguredRows): string =>
  `CREATE OR REPLACE ${functionOf(rows, {
    ...plainSteps(rows),
    added: guardedAdded(rows),
    changed: watched(rows) === '' ? NOTHING : guardedChanged(rows),
  })}`;

/** Those with the same condition stand in one statement behind it. */
function guarded(
  figures: readonly KeptFigure[],
  mayChange: (figure: KeptFigure) => string,
  step: Guarded,
): string {
  const conditions = [...new Set(figures.map(mayChange))];
  return conditions
    .map((condition) => {
      const together = figures.filter((figure) => mayChange(figure) === condition);
      const statement = insert(together.flatMap(step));
      return condition === 'TRUE' ? statement : `IF ${condition} THEN ${statement} END IF;`;
    })
    .join('\n       ');
}
type Guarded = (figure: KeptFigure) => string[];

const guardedAdded = ({ standing, happened }: FiguredRows): string =>
  guarded(
    [...standing, ...happened],
    (figure) => counts(figure, 'NEW', POSTGRES),
    (figure) => [changeOf(figure, 'NEW', POSTGRES, 'TRUE')],
  );

function guardedChanged({ standing, happened }: FiguredRows): string {
  const began = (figure: KeptFigure): string =>
    `${counts(figure, 'NEW', POSTGRES)} AND NOT ${counts(figure, 'OLD', POSTGRES)}`;
  // what follows the same column changes together, mostly
  const mayDiffer = ({ columns: [first] }: KeptFigure): string => {
    const columns = standing.filter((other) => other.columns[0] === first).flatMap((other) => other.columns);
    return differs({ columns: [...new Set(columns)] }, POSTGRES);
  };
  return [
    guarded(standing, mayDiffer, (figure) => changesOf(figure, POSTGRES)),
    guarded(
      happened.filter(({ when }) => when !== undefined),
      began,
      (figure) => [changeOf(figure, 'NEW', POSTGRES, 'TRUE')],
    ),
  ].join('\n       ');
}
