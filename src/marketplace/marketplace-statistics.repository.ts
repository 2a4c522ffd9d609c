import { Injectable } from '@nestjs/common';
import {
  countRows,
  countsOf,
  Database,
  type Figures,
  KeptFigures,
  lookedText,
  meanMs,
  runSql,
  SourceFigures,
} from '#libs/database';
import type {
  EvaluatorFigures,
  MarketplaceBacklog,
  MarketplaceFigures,
  OrderCounts,
  OrderPulse,
} from './marketplace-statistics.port.js';

/** What one evaluator did. */
export interface EvaluatorTally extends EvaluatorFigures {
  readonly evaluatorId: number;
}

/** Sums over orders and claims. */
@Injectable()
export class MarketplaceFiguresRepository extends SourceFigures implements MarketplaceFigures, OrderCounts {
  constructor(
    private readonly database: Database,
    kept: KeptFigures,
  ) {
    super(kept, 'orders');
  }

  /**
   * Evaluators with a claim that ended since the beginning of the hour that `since` lies in, those who completed most
   * first.
   */
  async tallies(since: Date): Promise<EvaluatorTally[]> {
    const byEvaluator = await this.kept.byOwnerSince('evaluations', since);
    return [...byEvaluator]
      .map(([evaluatorId, figures]) => tallyOf(evaluatorId, figures))
      .sort((one, other) => other.completed - one.completed || one.evaluatorId - other.evaluatorId);
  }

  /** Orders by client, whatever became of them. */
  async countByClient(userIds: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const byClient = await this.kept.ofOwners('orders', userIds);
    const totals = [...byClient].map(
      ([id, figures]) =>
        [id, total(countsOf(figures, 'status:')) + total(countsOf(figures, 'archived:'))] as const,
    );
    return new Map(totals.filter(([, orders]) => orders > 0));
  }

  async pulse(stuckBefore: Date): Promise<OrderPulse> {
    const { read } = this.database;
    const expiredLeases = await countRows(
      read,
      `(SELECT 1 FROM prediction_jobs WHERE status = 'processing' AND timeout_at < ? LIMIT ${MOST_STUCK}) AS late`,
      [stuckBefore.toISOString()],
    );
    const [oldest] = await runSql<{ created_at: string }>(
      read,
      `SELECT created_at FROM prediction_jobs WHERE status = 'pending' ORDER BY created_at LIMIT 1`,
    );
    return { expiredLeases, oldestPending: oldest === undefined ? null : new Date(oldest.created_at) };
  }

  async backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog> {
    const before = stuckBefore.toISOString();
    const { pending = 0, processing = 0 } = await this.countByStatus();
    const late = await countRows(
      this.database.readApart,
      `(SELECT 1 FROM prediction_jobs WHERE status = 'processing' AND timeout_at < ? LIMIT ${MOST_STUCK}) AS late`,
      [before],
    );
    const outdated = await countRows(
      this.database.readApart,
      `(SELECT 1 FROM prediction_jobs WHERE status = 'pending' AND expires_at < ? LIMIT ${MOST_STUCK}) AS outdated`,
      [before],
    );
    const [oldest] = await runSql<{ created_at: string }>(
      this.database.readApart,
      `SELECT created_at FROM prediction_jobs WHERE status = 'pending'
         AND ${lookedText('expires_at')} > ? ORDER BY created_at LIMIT 1`,
      [now.toISOString()],
    );
    return {
      pending,
      processing,
      stuck: late + outdated,
      oldestPending: oldest === undefined ? null : new Date(oldest.created_at),
    };
  }
}

/** More are not counted: what it tells, that nobody sweeps, a thousand of each kind tell as well. */
const MOST_STUCK = 1_000;

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function tallyOf(evaluatorId: number, figures: Figures): EvaluatorTally {
  const count = (name: string): number => figures.get(name)?.events ?? 0;
  const counts = { completed: count('completed'), released: count('released'), timedOut: count('expired') };
  const ended = counts.completed + counts.released + counts.timedOut;
  return {
    ...counts,
    evaluatorId,
    successRate: ended === 0 ? null : counts.completed / ended,
    meanProcessingMs: meanMs(figures.get('completed')),
  };
}
