import { existsSync, readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

/** Rows of one statement on a connection of its own. @param url as the service takes it */
export async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  if (!url.startsWith('sqlite')) return queryPostgres<Row>(url, sql);
  const database = new Sqlite(url.slice('sqlite:///'.length), { fileMustExist: true });
  try {
    const statement = database.prepare(sql);
    if (statement.reader) return statement.all() as Row[];
    statement.run();
    return [];
  } finally {
    database.close();
  }
}

async function queryPostgres<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Ticks of the kernel's clock are hundredths of a second. */
const TICK_MS = 10;

/** CPU time of a process with all of its threads so far; null when it has ended. */
export function cpuOf(pid: number): number | null {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  const fields = readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process in MB; 0 when it has ended. */
export function memoryOf(pid: number): number {
  const path = `/proc/${pid}/status`;
  const [, kb] = (existsSync(path) && /VmRSS:\s+(\d+)/.exec(readFileSync(path, 'utf8'))) || [];
  return Number(kb ?? 0) / 1024;
}
