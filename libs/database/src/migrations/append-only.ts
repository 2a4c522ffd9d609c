import type { QueryRunner } from 'typeorm';

/** A table whose rows are only ever added. */
export interface AppendOnlyTable {
  readonly name: string;
  /** Its key column that the database generates, if it has one; rows with a chosen value are refused on SQLite. */
  readonly serial?: string;
  /** Its other unique keys. */
  readonly keys?: readonly (readonly string[])[];
  /** Unique keys that hold for some rows only, as SQL over an older row and NEW. */
  readonly partialKeys?: readonly string[];
  /** Columns that may be set once, from null or true to something else; every other change is refused. */
  readonly settable?: readonly SettableColumn[];
  /** PostgreSQL, as the oldest tables have it: one trigger `no_change` for UPDATE and DELETE instead of one each. */
  readonly inOneTrigger?: boolean;
  /** PostgreSQL: an older table whose function refuses for this one, too; by default it gets a function of its own. */
  readonly refusedBy?: string;
}

export interface SettableColumn {
  readonly column: string;
  /** SQL over OLD and NEW: the change that is allowed. */
  readonly allowed: string;
}

/**
 * Lets the database itself refuse changes. Triggers stop UPDATE and DELETE; on SQLite also `INSERT OR REPLACE`, which
 * deletes without firing delete triggers unless `recursive_triggers` is on, on PostgreSQL also TRUNCATE and sessions
 * that switch ordinary triggers off. On PostgreSQL the owner of a table can still drop triggers: give the service a
 * role that may only SELECT and INSERT here.
 * @param columns all columns, for tables with settable ones
 */
export async function makeAppendOnly(
  queryRunner: QueryRunner,
  table: AppendOnlyTable,
  columns: readonly string[] = [],
): Promise<void> {
  const isPostgres = queryRunner.dataSource.options.type === 'postgres';
  for (const statement of isPostgres ? postgresGuard(table, columns) : sqliteGuard(table, columns))
    await queryRunner.query(statement);
}

/** PostgreSQL keeps the triggers' function when the table is dropped. */
export async function dropAppendOnlyGuard(queryRunner: QueryRunner, name: string): Promise<void> {
  if (queryRunner.dataSource.options.type === 'postgres')
    await queryRunner.query(`DROP FUNCTION ${name}_refuse()`);
}

/** Takes the guard off a table that has one trigger for each event, until it gets another one. */
export async function stopGuarding(queryRunner: QueryRunner, name: string): Promise<void> {
  if (queryRunner.dataSource.options.type === 'postgres')
    // with the function go the triggers that call it
    await queryRunner.query(`DROP FUNCTION IF EXISTS ${name}_refuse() CASCADE`);
  else
    for (const event of ['update', 'delete', 'replace'])
      await queryRunner.query(`DROP TRIGGER IF EXISTS ${name}_no_${event}`);
}

function sqliteGuard(table: AppendOnlyTable, columns: readonly string[]): string[] {
  const { name } = table;
  const refuse = `BEGIN SELECT RAISE(ABORT, '${name} is append-only'); END`;
  return [
    `CREATE TRIGGER ${name}_no_update BEFORE UPDATE ON ${name} ${refusedChange(table, columns, 'IS NOT')} ${refuse}`,
    `CREATE TRIGGER ${name}_no_delete BEFORE DELETE ON ${name} ${refuse}`,
    // Runs before a REPLACE removes the older row.
    `CREATE TRIGGER ${name}_no_replace BEFORE INSERT ON ${name} WHEN ${replaces(table)} ${refuse}`,
  ];
}

function postgresGuard(table: AppendOnlyTable, columns: readonly string[]): string[] {
  const { name, inOneTrigger = false, refusedBy = name } = table;
  const change = refusedChange(table, columns, 'IS DISTINCT FROM');
  const triggers = {
    ...(inOneTrigger
      ? { no_change: `BEFORE UPDATE OR DELETE ON ${name} FOR EACH ROW` }
      : {
          no_update: `BEFORE UPDATE ON ${name} FOR EACH ROW ${change}`,
          no_delete: `BEFORE DELETE ON ${name} FOR EACH ROW`,
        }),
    no_truncate: `BEFORE TRUNCATE ON ${name} FOR EACH STATEMENT`,
  };
  return [
    ...(refusedBy === name ? [refusingFunction(name)] : []),
    ...Object.entries(triggers).map(
      ([trigger, when]) => `CREATE TRIGGER ${name}_${trigger} ${when} EXECUTE FUNCTION ${refusedBy}_refuse()`,
    ),
    ...Object.keys(triggers).map((trigger) => `ALTER TABLE ${name} ENABLE ALWAYS TRIGGER ${name}_${trigger}`),
  ];
}

const refusingFunction = (name: string): string =>
  `CREATE FUNCTION ${name}_refuse() RETURNS trigger LANGUAGE plpgsql AS
   $$ BEGIN RAISE EXCEPTION '${name} is append-only' USING ERRCODE = 'insufficient_privilege'; END $$`;

/** A key that the database is to choose is not known yet (-1) when the trigger runs. */
function replaces({ name, serial, keys = [], partialKeys = [] }: AppendOnlyTable): string {
  const same = [
    ...keys.map((key) => key.map((column) => `${column} = NEW.${column}`).join(' AND ')),
    ...partialKeys,
  ].map((condition) => `EXISTS (SELECT 1 FROM ${name} WHERE ${condition})`);
  return [...(serial === undefined ? [] : [`NEW.${serial} > 0`]), ...same].join(' OR ');
}

/** Without settable columns every UPDATE is refused; with them only one that changes another, or one of them back. */
function refusedChange(table: AppendOnlyTable, columns: readonly string[], differs: string): string {
  const { settable = [] } = table;
  if (settable.length === 0) return '';
  const fixed = columns.filter((name) => settable.every(({ column }) => column !== name));
  return `WHEN (${[
    ...fixed.map((column) => `OLD.${column} ${differs} NEW.${column}`),
    ...settable.map(({ column, allowed }) => `(OLD.${column} ${differs} NEW.${column} AND NOT (${allowed}))`),
  ].join(' OR ')})`;
}
