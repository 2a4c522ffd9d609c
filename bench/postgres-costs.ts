/** What a stretch of work cost: processor time by kind of process, and what PostgreSQL wrote. Linux only: it reads /proc. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Served } from './served.js';

/** Per unit of work. */
export interface Costs {
  /** Milliseconds of the processor. */
  readonly apiMs: number;
  readonly workerMs: number;
  readonly databaseMs: number;
  readonly walBytes: number;
  readonly storedBytes: number;
  readonly commits: number;
  readonly rowsWritten: number;
}

/** Of all of it, since the start. */
interface Reading {
  readonly api: number;
  readonly worker: number;
  readonly database: number;
  readonly wal: number;
  readonly stored: number;
  readonly commits: number;
  readonly rows: number;
}

const FIGURES = `SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal, pg_database_size(current_database()) AS stored,
  xact_commit AS commits, tup_inserted + tup_updated + tup_deleted AS rows
  FROM pg_stat_database WHERE datname = current_database()`;
/** PostgreSQL's own statistics come a moment later: the end of a stretch is seen after it. */
export const SETTLE_MS = 1_500;

export class CostMeter {
  readonly #tick = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

  /** @param url of the database; a superuser, because the server's own processes are looked at */
  constructor(
    private readonly url: string,
    private readonly apis: readonly Served[],
    private readonly workers: readonly Served[],
  ) {}

  /** @param work resolves with how many units were done */
  async costsOf(work: () => Promise<number>): Promise<Costs & { readonly units: number }> {
    const before = await this.#read();
    const units = await work();
    const after = await this.#read();
    const each = (key: keyof Reading): number => (after[key] - before[key]) / units;
    return {
      units,
      apiMs: each('api'),
      workerMs: each('worker'),
      databaseMs: each('database'),
      walBytes: each('wal'),
      storedBytes: each('stored'),
      commits: each('commits'),
      rowsWritten: each('rows'),
    };
  }

  async #read(): Promise<Reading> {
    await new Promise((done) => setTimeout(done, SETTLE_MS));
    const client = new Client({ connectionString: this.url });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, string>>(FIGURES);
      const where = await client.query<{ folder: string }>(
        "SELECT current_setting('data_directory') AS folder",
      );
      const folder = where.rows[0]?.folder ?? '';
      const [main] = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
      const figure = (name: string): number => Number(rows[0]?.[name]);
      return {
        api: this.#sum(this.apis.map(({ process }) => process.pid ?? 0)),
        worker: this.#sum(this.workers.map(({ process }) => process.pid ?? 0)),
        database: this.#sum(serverProcesses(Number(main))),
        wal: figure('wal'),
        stored: figure('stored'),
        commits: figure('commits'),
        rows: figure('rows'),
      };
    } finally {
      await client.end();
    }
  }

  /** Milliseconds of processes and of the children that they have waited for. */
  #sum(pids: readonly number[]): number {
    return pids.reduce((sum, pid) => sum + timesOf(pid) * this.#tick, 0);
  }
}

/** Fields 14 to 17 of /proc/PID/stat: user, system, and both of children that ended. */
function timesOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  return rest
    .split(' ')
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0);
}

function serverProcesses(main: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isSafeInteger);
  const isChild = (pid: number): boolean => {
    try {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      return Number(rest.split(' ')[1]) === main;
    } catch {
      return false; // ended meanwhile; the server has waited for it
    }
  };
  return [main, ...pids.filter(isChild)];
}
