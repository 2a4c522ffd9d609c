import type { Database } from './database.js';
import { GuardedDataSource } from './guarded-data-source.js';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import {
  type Later,
  type MissingRow,
  boundValues,
  type SqlParameter,
  type Written,
} from './sql-statements.js';
import { type DatabaseScope, Transaction } from './transaction.js';

/** Statements that PostgreSQL's placeholders were already put into; the product has a few dozen of them. */
const numbered = new Map<string, string>();

/**
 * Runs one portable SQL statement and returns its rows: those of a SELECT or of a RETURNING clause, else none.
 * Parameters are written `?` on both databases, so a `?` may stand nowhere else in the text.
 * Sums of 64-bit integers come as text from PostgreSQL and as numbers from SQLite.
 */
export async function runSql<Row extends object>(
  scope: DatabaseScope,
  sql: string,
  parameters: readonly SqlParameter[] = [],
): Promise<Row[]> {
  if (scope instanceof Transaction) return (await scope.statements.run(sql, parameters)) as Row[];
  const { manager } = scope;
  const { dataSource } = manager;
  if (!isPostgres(scope)) {
    // past TypeORM, whose layers take longer than most statements
    if (dataSource instanceof GuardedDataSource && manager === dataSource.manager)
      return dataSource.execute(sql, boundValues(parameters)) as Row[];
    const raw: unknown = await manager.query(sql, boundValues(parameters));
    return Array.isArray(raw) ? (raw as Row[]) : [];
  }
  const raw: unknown = await manager.query(numberPlaceholders(sql), boundValues(parameters));
  return rowsOfPostgres<Row>(raw);
}

/** As far as it is used here, better-sqlite3's connection. */
interface SqliteConnection {
  readonly inTransaction: boolean;
  prepare(sql: string): { run(values: readonly unknown[]): unknown };
}
type SqliteStatement = ReturnType<SqliteConnection['prepare']>;

const prepared = new WeakMap<object, Map<string, SqliteStatement>>();

/**
 * SQLite only: runs one statement for each set of values, in an open transaction. Past TypeORM, whose way costs more than
 * the insertion of a row.
 * @throws AppError `unavailable` when the database cannot serve
 */
export function insertEach(
  { availability }: Database,
  { manager, open }: Transaction,
  sql: string,
  rows: readonly (readonly (string | number | null)[])[],
): void {
  const { driver } = manager.dataSource as unknown as {
    driver: { databaseConnection: SqliteConnection };
  };
  const connection = driver.databaseConnection;
  // outside of it each row would commit by itself
  if (!open || !connection.inTransaction) throw new Error('SQLite has rolled this transaction back');
  const statements = prepared.get(connection) ?? new Map<string, SqliteStatement>();
  prepared.set(connection, statements);
  try {
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, (statement = connection.prepare(sql)));
    for (const row of rows) statement.run(row);
  } catch (error) {
    throw availability.met(error);
  }
}

/**
 * As {@link runSql}, for a statement that only reads. Inside of a transaction of PostgreSQL all that is asked for in the
 * same turn of the event loop shares one round trip: ask for what belongs together with one `Promise.all`.
 */
export async function readSql<Row extends object>(
  scope: DatabaseScope,
  sql: string,
  parameters: readonly SqlParameter[] = [],
): Promise<Row[]> {
  if (scope instanceof Transaction) return (await scope.statements.read(sql, parameters)) as Row[];
  return runSql(scope, sql, parameters);
}

/**
 * Writes with one portable SQL statement that begins with `INSERT INTO`, `UPDATE` or `DELETE FROM` and its table. On
 * PostgreSQL it waits for the next statement of the transaction or the commit, and goes with all others that wait in one
 * round trip: so an error may come from there. Either way the transaction is rolled back.
 * @param refusal the error when it returns no row; it has a RETURNING clause then
 */
export function writeSql(
  tx: Transaction,
  sql: string,
  parameters: readonly SqlParameter[] = [],
  refusal: MissingRow | null = null,
): Written {
  if (!tx.open) throw new Error('the transaction is over');
  return tx.statements.write(sql, parameters, refusal);
}

/** A statement of PostgreSQL that each connection parses and plans once; parameters are written `$1`. */
export interface PreparedStatement {
  /** Unique in the product. */
  readonly name: string;
  readonly text: string;
}

/** As far as it is used here, a connection of TypeORM's driver of PostgreSQL. */
interface Connection {
  query(statement: PreparedStatement & { readonly values: unknown[] }): Promise<{ rows: object[] }>;
}

/**
 * Runs one prepared statement of PostgreSQL as a transaction by itself, outside of any open one, and returns its rows. A
 * round trip, where a transaction of the runner takes three.
 * @throws AppError `unavailable` when the database is busy or away
 */
export async function runPrepared<Row extends object>(
  { writer, availability }: Database,
  statement: PreparedStatement,
  parameters: readonly (string | number)[],
): Promise<Row[]> {
  // TypeORM's own `query` knows no names. Its runner takes a connection as all others do, and gives broken ones away.
  const runner = writer.createQueryRunner();
  try {
    const connection = (await runner.connect()) as Connection;
    const { rows } = await connection.query({ ...statement, values: [...parameters] });
    return rows as Row[];
  } catch (error) {
    throw availability.met(error);
  } finally {
    await runner.release();
  }
}

export const isPostgres = ({ manager }: DatabaseScope): boolean =>
  manager.dataSource.options.type === 'postgres';

/** Counts the rows of a table, or of a table with its conditions: `countRows(scope, 'quotes WHERE revision = 0')`. */
export async function countRows(
  scope: DatabaseScope,
  from: string,
  parameters: readonly (string | number | null)[] = [],
): Promise<number> {
  const sql = `SELECT COUNT(*) AS total FROM ${from}`;
  const [row] = await runSql<{ total: number | string }>(scope, sql, parameters);
  return Number(row?.total ?? 0);
}

/** Rows beyond this number are not counted: two thousand take 1 to 2 ms on either database, ten thousand up to 10. */
export const LARGEST_COUNT = 2_000;

/** How many there are: exactly, or at least so many. */
export interface Count {
  readonly total: number;
  readonly isExact: boolean;
}

/** How many there are of what is counted up to {@link LARGEST_COUNT}. */
export const countOf = (counted: number): Count => ({
  total: Math.min(counted, LARGEST_COUNT),
  isExact: counted <= LARGEST_COUNT,
});

/** Rows that a query finds, counted up to {@link LARGEST_COUNT}; its own limit and order don't matter. */
export async function countUpTo<T extends ObjectLiteral>(
  { manager }: DatabaseScope,
  query: SelectQueryBuilder<T>,
): Promise<Count> {
  const some = query
    .clone()
    .select('1', 'one')
    .orderBy()
    .offset(undefined)
    .limit(LARGEST_COUNT + 1);
  const row = await manager
    .createQueryBuilder()
    .select('COUNT(*)', 'total')
    .from(`(${some.getQuery()})`, 'some')
    .setParameters(some.getParameters())
    .getRawOne<{ total: number | string }>();
  return countOf(Number(row?.total));
}

/** What an earlier statement of the transaction returned. */
export async function valueOf(tx: Transaction, later: Later): Promise<number> {
  await tx.statements.flush();
  return Number(boundValues([later])[0]);
}

/**
 * Until the transaction ends no other holds any of these names; they are taken one after another. SQLite's one writer
 * makes that unnecessary. What is read behind a lock is asked for when this has resolved: a statement sees what was there
 * when it began.
 */
export async function lockName(tx: Transaction, ...names: readonly string[]): Promise<void> {
  if (!isPostgres(tx)) return;
  const locks = names.map(() => 'pg_advisory_xact_lock(hashtextextended(?, 0))').join(', ');
  await readSql(tx, `SELECT ${locks}`, names);
}

/** `IN (…)` with one placeholder a value; an empty list matches nothing. */
export const placeholders = (count: number): string =>
  (lists[count] ??= Array.from({ length: count }, () => '?').join(', '));

/** Those that were asked for; SQLite takes 32,766 parameters at most. */
const lists: string[] = [];

function numberPlaceholders(sql: string): string {
  let text = numbered.get(sql);
  if (text === undefined) {
    let index = 0;
    text = sql.replaceAll('?', () => `$${(index += 1)}`);
    numbered.set(sql, text);
  }
  return text;
}

/** TypeORM answers UPDATE and DELETE on PostgreSQL with the pair of rows and count, everything else with the rows. */
function rowsOfPostgres<Row>(raw: unknown): Row[] {
  if (!Array.isArray(raw)) return [];
  const [first, second] = raw as unknown[];
  return raw.length === 2 && Array.isArray(first) && typeof second === 'number'
    ? (first as Row[])
    : (raw as Row[]);
}
