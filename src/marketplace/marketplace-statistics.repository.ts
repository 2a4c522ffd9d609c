import { Injectable } from '@nestjs/common';
import { Database, meanOf, placeholders, runSql, sumOf, TableFigures } from '#libs/database';
import type {
  EvaluatorFigures,
  MarketplaceBacklog,
  MarketplaceFigures,
  OrderCounts,
} from './marketplace-statistics.port.js';

type Row<Name extends string> = Readonly<Record<Name, number | string | null>>;

/** What one evaluator did. */
export interface EvaluatorTally extends EvaluatorFigures {
  readonly evaluatorId: number;
}

const tallied = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;

/** Sums over orders and claims. */
@Injectable()
export class MarketplaceFiguresRepository extends TableFigures implements MarketplaceFigures, OrderCounts {
  constructor(database: Database) {
    super(database, {
      name: 'prediction_jobs',
      startedAt: 'claimed_at',
      processingMs: 'processing_time_ms',
      ended: `status IN ('completed', 'failed', 'cancelled')`,
    });
  }

  /** Evaluators with a claim that ended since then, those who completed most first. */
  async tallies(since: Date): Promise<EvaluatorTally[]> {
    const rows = await runSql<Row<'evaluator' | 'completed' | 'released' | 'expired' | 'processing'>>(
      this.database.read,
      `SELECT c.evaluator_id AS evaluator, ${tallied(`c.outcome = 'completed'`)} AS completed, ${tallied(`c.outcome = 'released'`)} AS released,
         ${tallied(`c.outcome = 'expired'`)} AS expired,
         AVG(CASE WHEN c.outcome = 'completed' THEN o.processing_time_ms END) AS processing
       FROM prediction_claims c JOIN prediction_jobs o ON o.id = c.prediction_id
       WHERE c.ended_at >= ? GROUP BY c.evaluator_id ORDER BY completed DESC, c.evaluator_id`,
      [since.toISOString()],
    );
    return rows.map((row) => {
      const counts = {
        completed: sumOf(row.completed),
        released: sumOf(row.released),
        timedOut: sumOf(row.expired),
      };
      const ended = counts.completed + counts.released + counts.timedOut;
      return {
        ...counts,
        evaluatorId: Number(row.evaluator),
        successRate: ended === 0 ? null : counts.completed / ended,
        meanProcessingMs: meanOf(row.processing),
      };
    });
  }

  /** Orders by client, whatever became of them. */
  async countByClient(userIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
    if (userIds.length === 0) return new Map();
    const rows = await runSql<Row<'client' | 'total'>>(
      this.database.read,
      `SELECT user_id AS client, COUNT(*) AS total FROM prediction_jobs
       WHERE user_id IN (${placeholders(userIds.length)}) GROUP BY user_id`,
      userIds,
    );
    return new Map(rows.map((row) => [Number(row.client), sumOf(row.total)]));
  }

  async backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog> {
    const before = stuckBefore.toISOString();
    const [row] = await runSql<Row<'pending' | 'processing' | 'stuck'> & { readonly oldest: string | null }>(
      this.database.read,
      `SELECT ${tallied(`status = 'pending'`)} AS pending, ${tallied(`status = 'processing'`)} AS processing,
         ${tallied(`(status = 'processing' AND timeout_at < ?) OR (status = 'pending' AND expires_at < ?)`)} AS stuck,
         MIN(CASE WHEN status = 'pending' AND expires_at > ? THEN created_at END) AS oldest
       FROM prediction_jobs WHERE status IN ('pending', 'processing')`,
      [before, before, now.toISOString()],
    );
    const oldest = row?.oldest ?? null;
    return {
      pending: sumOf(row?.pending),
      processing: sumOf(row?.processing),
      stuck: sumOf(row?.stuck),
      oldestPending: oldest === null ? null : new Date(oldest),
    };
  }
}
