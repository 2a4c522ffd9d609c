/**
 * A reading process, started by `ReadingProcesses`: a read-only connection to the SQLite file of the first argument, and
 * one statement after another. Kept free of imports, so that it starts quickly.
 */
import Sqlite from 'better-sqlite3';
import type { ReadAnswer, ReadRequest } from './reading-protocol.js';

/** Prepared statements that are kept; the product has fewer that come here. */
const KEPT_STATEMENTS = 200;

const [path = '', busyMs = '0'] = process.argv.slice(2);
const statements = new Map<string, Sqlite.Statement>();
let connection: Sqlite.Database | null = null;

function rowsOf({ sql, values }: ReadRequest): Extract<ReadAnswer, { readonly rows: string }> {
  connection ??= new Sqlite(path, { readonly: true, fileMustExist: true, timeout: Number(busyMs) });
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = connection.prepare(sql).raw();
    const [oldest] = statements.size >= KEPT_STATEMENTS ? statements.keys() : [];
    if (oldest !== undefined) statements.delete(oldest);
    statements.set(sql, statement);
  }
  const rows = statement.all(...values) as unknown[][];
  for (const row of rows) for (const value of row) assertJson(value);
  return { columns: statement.columns().map(({ name }) => name), rows: JSON.stringify(rows) };
}

/** The tables hold texts, finite numbers and nulls; anything else would arrive as something else. */
function assertJson(value: unknown): void {
  if (typeof value === 'string' || value === null || Number.isFinite(value)) return;
  throw new TypeError('a column holds bytes or a number that is not finite');
}

function answerTo(request: ReadRequest): ReadAnswer {
  try {
    return rowsOf(request);
  } catch (error) {
    const { name, code, message } = error as Error & { readonly code?: string };
    return { error: { name, code, message } };
  }
}

const tell = (answer: ReadAnswer): void => void process.send?.(answer);
process.on('message', (request: ReadRequest) => tell(answerTo(request)));
process.on('disconnect', () => process.exit());
// A terminal and systemd signal to all processes of a service: the one that serves answers what it has, and ends this one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
tell({ ready: true });
