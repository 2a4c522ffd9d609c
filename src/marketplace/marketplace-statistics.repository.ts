import { Injectable } from '@nestjs/common';
import { Database, placeholders, runSql } from '#libs/database';
import type { MarketplaceActivity } from './marketplace-statistics.port.js';
import { JOB_STATUSES, type JobStatus } from './marketplace.port.js';

type Figure = number | string | null;
type Row<Name extends string> = Readonly<Record<Name, Figure>>;

const count = (figure: Figure | undefined): number => Number(figure ?? 0);
const mean = (figure: Figure | undefined): number | null =>
  figure === null || figure === undefined ? null : Number(figure);

/** What one evaluator did. */
export interface EvaluatorTally {
  readonly evaluatorId: number;
  readonly completed: number;
  readonly released: number;
  readonly timedOut: number;
  readonly meanProcessingMs: number | null;
}

const tallied = (outcome: string): string => `SUM(CASE WHEN c.outcome = '${outcome}' THEN 1 ELSE 0 END)`;

/** Sums over requests and claims. */
@Injectable()
export class MarketplaceFiguresRepository {
  constructor(private readonly database: Database) {}

  /** Evaluators with a claim that ended since then, those who completed most first. */
  async tallies(since: Date): Promise<EvaluatorTally[]> {
    const rows = await runSql<Row<'evaluator' | 'completed' | 'released' | 'expired' | 'processing'>>(
      this.database.read,
      `SELECT c.evaluator_id AS evaluator, ${tallied('completed')} AS completed, ${tallied('released')} AS released,
         ${tallied('expired')} AS expired,
         AVG(CASE WHEN c.outcome = 'completed' THEN j.processing_time_ms END) AS processing
       FROM prediction_claims c JOIN prediction_jobs j ON j.id = c.prediction_id
       WHERE c.ended_at >= ? GROUP BY c.evaluator_id ORDER BY completed DESC, c.evaluator_id`,
      [since.toISOString()],
    );
    return rows.map((row) => ({
      evaluatorId: Number(row.evaluator),
      completed: count(row.completed),
      released: count(row.released),
      timedOut: count(row.expired),
      meanProcessingMs: mean(row.processing),
    }));
  }

  async countByStatus(): Promise<Record<JobStatus, number>> {
    const rows = await this.#tally('status');
    const none = Object.fromEntries(JOB_STATUSES.map((status) => [status, 0])) as Record<JobStatus, number>;
    return { ...none, ...Object.fromEntries(rows) };
  }

  async countByType(): Promise<Record<string, number>> {
    return Object.fromEntries(await this.#tally('prediction_type'));
  }

  /** Everything but the money, which is billing's. */
  async since(moment: Date): Promise<Omit<MarketplaceActivity, 'revenue'>> {
    const since = moment.toISOString();
    const [created] = await runSql<Row<'created' | 'completed'>>(
      this.database.read,
      `SELECT COUNT(*) AS created, SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed
       FROM prediction_jobs WHERE created_at >= ?`,
      [since],
    );
    const [ended] = await runSql<Row<'completed' | 'failed' | 'cancelled' | 'processing' | 'wait'>>(
      this.database.read,
      `SELECT SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed,
         SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed,
         SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
         AVG(CASE WHEN status = 'completed' THEN processing_time_ms END) AS processing,
         AVG(CASE WHEN status = 'completed' THEN ${this.#between('created_at', 'claimed_at')} END) AS wait
       FROM prediction_jobs WHERE status IN ('completed', 'failed', 'cancelled') AND completed_at >= ?`,
      [since],
    );
    return {
      created: count(created?.created),
      createdAndCompleted: count(created?.completed),
      completed: count(ended?.completed),
      failed: count(ended?.failed),
      cancelled: count(ended?.cancelled),
      meanProcessingMs: mean(ended?.processing),
      meanWaitMs: mean(ended?.wait),
    };
  }

  /** Requests by client, whatever became of them. */
  async countByClient(userIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const rows = await runSql<Row<'client' | 'total'>>(
      this.database.read,
      `SELECT user_id AS client, COUNT(*) AS total FROM prediction_jobs
       WHERE user_id IN (${placeholders(userIds.length)}) GROUP BY user_id`,
      userIds,
    );
    return new Map(rows.map((row) => [Number(row.client), count(row.total)]));
  }

  async #tally(column: 'status' | 'prediction_type'): Promise<[string, number][]> {
    const rows = await runSql<{ name: string; total: number | string }>(
      this.database.read,
      `SELECT ${column} AS name, COUNT(*) AS total FROM prediction_jobs GROUP BY ${column}`,
    );
    return rows.map(({ name, total }) => [name, Number(total)]);
  }

  /** Milliseconds between two moments stored as RFC 3339 text; null when one of them is. */
  #between(from: string, to: string): string {
    return this.database.kind === 'postgres'
      ? `EXTRACT(EPOCH FROM (${to}::timestamptz - ${from}::timestamptz)) * 1000`
      : `(julianday(${to}) - julianday(${from})) * 86400000`;
  }
}
