/** How many single commits a second a database makes durable on this disk by itself: no service can settle more. */
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

const ROW = 'x'.repeat(500);

/** One row a commit, one after the other: SQLite has one writer, however many ask. */
export function sqliteCommits(folder: string, durationMs: number): number {
  const database = new Sqlite(join(folder, 'commits.db'));
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('CREATE TABLE commits (id INTEGER PRIMARY KEY, row TEXT)');
    const add = database.prepare('INSERT INTO commits (row) VALUES (?)');
    const startedAt = performance.now();
    let count = 0;
    for (; performance.now() - startedAt < durationMs; count += 1) add.run(ROW);
    return (count * 1000) / (performance.now() - startedAt);
  } finally {
    database.close();
  }
}

/** One row a commit from each of so many connections. */
export async function postgresCommits(url: string, connections: number, durationMs: number): Promise<number> {
  const clients = Array.from({ length: connections }, () => new Client({ connectionString: url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    await clients[0]?.query('CREATE TABLE IF NOT EXISTS commits (id SERIAL PRIMARY KEY, row TEXT)');
    const startedAt = performance.now();
    const counts = await Promise.all(
      clients.map(async (client) => {
        let count = 0;
        for (; performance.now() - startedAt < durationMs; count += 1)
          await client.query({
            name: 'add',
            text: 'INSERT INTO commits (row) VALUES ($1)',
            values: [ROW],
          });
        return count;
      }),
    );
    const total = counts.reduce((sum, count) => sum + count, 0);
    return (total * 1000) / (performance.now() - startedAt);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}
