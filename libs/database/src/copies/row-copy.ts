import { DatabaseOpenError } from '../open-error.js';
import { runSql } from '../statements.js';
import type { DatabaseScope, Transaction } from '../transaction.js';

/*
 * PostgreSQL's rows as text and back. PostgreSQL itself writes and reads them (row_to_json, json_populate_recordset): what
 * JSON of JavaScript would round, times of microseconds and numbers beyond 2^53, comes back as it was.
 */

const ROWS_A_FETCH = 1_000;
/** Rows, and characters, that are put in by one statement. */
const ROWS_A_STATEMENT = 500;
const CHARACTERS_A_STATEMENT = 4_000_000;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The names of the migrations that were applied, oldest first. */
export async function appliedMigrations(scope: DatabaseScope): Promise<readonly string[]> {
  const rows = await runSql<{ name: string }>(scope, 'SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}

/** The tables with rows to copy, each after those that it refers to. */
export async function copiedTables(scope: DatabaseScope): Promise<readonly string[]> {
  const tables = await runSql<{ name: string }>(
    scope,
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
       AND c.relkind = 'r' AND c.relname <> 'migrations' ORDER BY c.relname`,
  );
  const references = await runSql<{ child: string; parent: string }>(
    scope,
    `SELECT c.relname AS child, p.relname AS parent FROM pg_constraint f
       JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
       WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace AND f.conrelid <> f.confrelid`,
  );
  const waiting = new Set(tables.map(({ name }) => name));
  const ordered: string[] = [];
  while (waiting.size > 0) {
    const free = [...waiting].filter(
      (name) => !references.some(({ child, parent }) => child === name && waiting.has(parent)),
    );
    if (free.length === 0) throw new Error(`these tables refer to each other: ${[...waiting].join(', ')}`);
    for (const name of free) waiting.delete(name);
    ordered.push(...free);
  }
  return ordered;
}

/**
 * Every row as a line `table<tab>JSON`, tables in the given order. One moment of the database, where `scope` is one.
 * @param told after each table, with its rows
 */
export async function* copiedRows(
  scope: DatabaseScope,
  tables: readonly string[],
  told: (table: string, rows: number) => void,
): AsyncGenerator<string> {
  for (const table of tables) {
    let rows = 0;
    await runSql(
      scope,
      `DECLARE copied NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS json FROM ${quoted(table)} t`,
    );
    for (;;) {
      const page = await runSql<{ json: string }>(scope, `FETCH ${ROWS_A_FETCH} FROM copied`);
      if (page.length === 0) break;
      rows += page.length;
      // JSON has line breaks between its tokens only, where a blank means the same
      yield page.map(({ json }) => `${table}\t${json.replaceAll('\n', ' ')}\n`).join('');
    }
    await runSql(scope, 'CLOSE copied');
    told(table, rows);
  }
}

/**
 * Puts copied rows into the tables of a new database, in the place of what its migrations put there. Triggers rest
 * meanwhile: figures come with their own rows.
 * @throws DatabaseOpenError when the database has users, or the copy a table that there is not
 */
export async function restoreRows(tx: Transaction, lines: AsyncIterable<string>): Promise<void> {
  const [user] = await runSql(tx, 'SELECT id FROM users LIMIT 1');
  if (user !== undefined)
    throw new DatabaseOpenError('in_use', 'The database has users; restore into one that is empty');
  const tables = await copiedTables(tx);
  for (const table of tables) await runSql(tx, `ALTER TABLE ${quoted(table)} DISABLE TRIGGER USER`);
  for (const table of tables.toReversed()) await runSql(tx, `DELETE FROM ${quoted(table)}`);
  await insertLines(tx, lines, new Set(tables));
  await continueSerials(tx);
  for (const table of tables) await runSql(tx, `ALTER TABLE ${quoted(table)} ENABLE TRIGGER USER`);
}

async function insertLines(
  tx: Transaction,
  lines: AsyncIterable<string>,
  tables: ReadonlySet<string>,
): Promise<void> {
  let batch: { table: string; rows: string[]; characters: number } = { table: '', rows: [], characters: 0 };
  const flush = async (): Promise<void> => {
    if (batch.rows.length === 0) return;
    await runSql(
      tx,
      `INSERT INTO ${quoted(batch.table)} OVERRIDING SYSTEM VALUE
         SELECT * FROM json_populate_recordset(NULL::${quoted(batch.table)}, ?::json)`,
      [`[${batch.rows.join(',')}]`],
    );
  };
  for await (const line of lines) {
    const tab = line.indexOf('\t');
    const table = line.slice(0, tab);
    if (tab < 1 || !tables.has(table))
      throw new DatabaseOpenError(
        'not_a_database',
        `The copy has rows of "${table}", which is no table here`,
      );
    const isFull =
      batch.rows.length >= ROWS_A_STATEMENT || batch.characters + line.length > CHARACTERS_A_STATEMENT;
    if (table !== batch.table || isFull) {
      await flush();
      batch = { table, rows: [], characters: 0 };
    }
    batch.rows.push(line.slice(tab + 1));
    batch.characters += line.length;
  }
  await flush();
}

/** The next row gets an id after the largest one. */
async function continueSerials(tx: Transaction): Promise<void> {
  const serials = await runSql<{ table: string; column: string; sequence: string }>(
    tx,
    `SELECT c.table_name AS "table", c.column_name AS "column",
            pg_get_serial_sequence(quote_ident(c.table_name), c.column_name) AS sequence
       FROM information_schema.columns c WHERE c.table_schema = current_schema()
        AND pg_get_serial_sequence(quote_ident(c.table_name), c.column_name) IS NOT NULL
        AND c.table_name <> 'migrations'`,
  );
  for (const { table, column, sequence } of serials)
    await runSql(
      tx,
      `SELECT setval(?::regclass, (SELECT coalesce(max(${quoted(column)}), 0) + 1 FROM ${quoted(table)}), false)`,
      [sequence],
    );
}
