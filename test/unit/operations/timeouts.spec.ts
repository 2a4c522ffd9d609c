import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { DATABASE_TIMEOUTS } from '#libs/database';

/** The row of docs/operations.md that tells each deadline. */
const ROWS: Readonly<Record<keyof typeof DATABASE_TIMEOUTS, RegExp>> = {
  connectMs: /PostgreSQL: make a connection/,
  silenceMs: /PostgreSQL: silence of a statement/,
  probeMs: /PostgreSQL: the answer to that question/,
  probeEveryMs: /pause between two looks whether an outage is over/,
  listenCheckMs: /PostgreSQL: between two signs of life of the connection that listens/,
  replicaLookMs: /PostgreSQL: between two questions how far the replica is/,
  statementMs: /PostgreSQL: a statement$/,
  idleTransactionMs: /PostgreSQL: a transaction without statements/,
  lockMs: /PostgreSQL: wait for another transaction's lock/,
  poolIdleMs: /PostgreSQL: a connection above `database_pool_size` without work/,
  busyMs: /SQLite: time for which such a wait may hold the event loop/,
  readerIdleMs: /SQLite: a reading process without work/,
  writeLockMs: /SQLite: wait of a write for another program's lock/,
  migrationMs: /wait of a start for another process's migrations/,
  transactionMs: /^a transaction$/,
};

it('the table of docs/operations.md tells each deadline between the service and its database', () => {
  const [, table = ''] = readFileSync('docs/operations.md', 'utf8').split('The deadlines, in one place');
  const told = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const wrong = Object.entries(DATABASE_TIMEOUTS).filter(([name, ms]) => {
    const rows = told.filter(([, what = '']) => ROWS[name as keyof typeof ROWS].test(what));
    return rows.length !== 1 || rows[0]?.[2] !== (ms % 500 === 0 ? `${ms / 1_000} s` : `${ms} ms`);
  });
  expect(wrong).toEqual([]);
});
