import { existsSync, readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';
import { ChildScript } from '#libs/testing';

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

/** What a process did up to now, and what the scheduler kept from it; ms. */
export interface Effort {
  /** Computed by all of its threads. */
  readonly cpuMs: number;
  /** Of the thread of its event loop: computed, */
  readonly loopMs: number;
  /** and able to compute but without a core, because others had them. */
  readonly heldUpMs: number;
}

/** Of a process that runs. */
export function effortOf(pid: number): Effort {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8')
    .split(' ')
    .map(Number);
  return { cpuMs: cpuOf(pid) ?? 0, loopMs: ran / 1e6, heldUpMs: waited / 1e6 };
}

/** From one look to the next. */
export function between(before: Effort, after: Effort): Effort {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    loopMs: after.loopMs - before.loopMs,
    heldUpMs: after.heldUpMs - before.heldUpMs,
  };
}

/** How fast the machine is at a time: what the processor needs for a piece of work that is always the same. */
export class Yardstick {
  readonly #child = new ChildScript('test/chaos/yardstick-process.ts');
  #asked = 0;

  /** What was done so far, and with how much of the processor; the first time when everything is compiled. */
  async look(): Promise<{ readonly pieces: number; readonly ms: number }> {
    if (this.#asked > 0) this.#child.tell('look');
    this.#asked += 1;
    const lines = await this.#child.until('done ', this.#asked);
    const pieces = Number((lines[this.#asked - 1] ?? '').slice('done '.length));
    return { pieces, ms: effortOf(this.#child.pid).loopMs };
  }

  end(): Promise<void> {
    return this.#child.kill();
  }
}
