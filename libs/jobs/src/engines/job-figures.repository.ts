import { type Database, runSql } from '#libs/database';
import type { JobCounts, JobStatus, KindFigures } from '../job-engine.js';

interface KindRow extends Readonly<
  Record<Exclude<keyof KindFigures, 'kind' | 'oldestWaitMs'>, number | string>
> {
  readonly kind: string;
  readonly due: string | null;
}

/** More jobs of a status are not counted: they take 2 ms, and tell as much. */
const MOST_COUNTED = 10_000;

/** Counts of the table `jobs`, bounded, for those who watch it. */
export class JobFiguresRepository {
  constructor(private readonly database: Database) {}

  async counts(nowMs: number): Promise<JobCounts> {
    const of = async (status: JobStatus): Promise<{ count: number; due: string | null }> => {
      const [row] = await runSql<{ count: number | string; due: string | null }>(
        this.database.read,
        `SELECT COUNT(*) AS count, MIN(run_at) AS due FROM (SELECT run_at FROM jobs
           WHERE finished_at IS NULL AND status = ? ORDER BY run_at LIMIT ${MOST_COUNTED}) AS open`,
        [status],
      );
      return { count: Number(row?.count ?? 0), due: row?.due ?? null };
    };
    const queued = await of('queued');
    const oldestMs = Date.parse(queued.due ?? '');
    return {
      queued: queued.count,
      running: (await of('running')).count,
      oldestWaitMs: oldestMs <= nowMs ? nowMs - oldestMs : null,
    };
  }

  async figures(nowMs: number): Promise<KindFigures[]> {
    const now = new Date(nowMs).toISOString();
    const open = (status: JobStatus): string =>
      `SELECT * FROM (SELECT kind, status, run_at, lease_expires_at FROM jobs
         WHERE finished_at IS NULL AND status = '${status}' ORDER BY run_at LIMIT ${MOST_COUNTED}) AS ${status}`;
    const sum = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;
    const rows = await runSql<KindRow>(
      this.database.read,
      `SELECT kind, ${sum(`status = 'queued' AND run_at <= ?`)} AS queued,
         ${sum(`status = 'queued' AND run_at > ?`)} AS planned, ${sum(`status = 'running'`)} AS running,
         ${sum(`status = 'running' AND lease_expires_at <= ?`)} AS expired,
         MIN(CASE WHEN status = 'queued' THEN run_at END) AS due
       FROM (${open('queued')} UNION ALL ${open('running')}) AS open_jobs GROUP BY kind`,
      [now, now, now],
    );
    return rows.map(({ kind, due, ...counts }) => ({
      kind,
      queued: Number(counts.queued),
      planned: Number(counts.planned),
      running: Number(counts.running),
      expired: Number(counts.expired),
      oldestWaitMs: due === null ? 0 : Math.max(0, nowMs - Date.parse(due)),
    }));
  }
}
