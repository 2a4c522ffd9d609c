import { RowFigures } from '#libs/database';
import type { BillingTotal, Micros } from '../billing/billing.port.js';
import type { ScoreStanding } from '../outcomes/standings.port.js';

/** What an evaluator did with the claims that ended in a period. */
export interface EvaluatorFigures {
  readonly completed: number;
  readonly released: number;
  /** Leases that ran out. */
  readonly timedOut: number;
  /** Completed among all that ended, 0 to 1; null without any. */
  readonly successRate: number | null;
  /** From claim to submission, mean of the completed; null without any. */
  readonly meanProcessingMs: number | null;
}

/** Places among the evaluators who completed anything in the period, 1 is best; null for one who did not. */
export interface EvaluatorRanks {
  /** By the mean processing time. */
  readonly speed: number | null;
  /** By the success rate; ties by the number of completed orders. */
  readonly reliability: number | null;
  /** By the quality of what was answered; null while unrated, too. */
  readonly quality: number | null;
  readonly evaluators: number;
}

/** One evaluator, as it sees itself. */
export interface EvaluatorReport {
  readonly period: EvaluatorFigures;
  /** Share and bonus of the orders settled in the period, in the home currency. */
  readonly earnings: Micros;
  /** The same in every currency that was earned, by currency. */
  readonly currencies: readonly BillingTotal[];
  /** In the home currency for the last seven days. */
  readonly lastWeek: { readonly completed: number; readonly earnings: Micros };
  readonly ranks: EvaluatorRanks;
  /** By the outcomes of the last year, whatever the period. */
  readonly standing: ScoreStanding;
}

/** One evaluator's day, for administrators. */
export interface EvaluatorDay {
  readonly evaluatorId: number;
  readonly username: string | null;
  readonly completed: number;
  readonly successRate: number | null;
  /** By the outcomes of the last year; null while unrated. */
  readonly quality: number | null;
  /** In the home currency. */
  readonly earnings: Micros;
}

/** Orders that are not finished. */
export interface MarketplaceBacklog {
  readonly pending: number;
  readonly processing: number;
  /** Claims that ran out and orders that expired before the given moment but have not been processed since; counted up to 1,000 each. */
  readonly stuck: number;
  /** When the oldest one was created that can still be claimed; null when none waits. */
  readonly oldestPending: Date | null;
}

/** What tells whether orders are moved on. */
export interface OrderPulse {
  /** Claims that ran out before the given moment and are still open; counted up to 1,000. */
  readonly expiredLeases: number;
  /** When the oldest pending one was created; null when none waits. */
  readonly oldestPending: Date | null;
}

/** Figures about orders, for those who watch the service. */
export abstract class MarketplaceFigures extends RowFigures {
  /** Two look-ups by index, for those who ask every few seconds. */
  abstract pulse(stuckBefore: Date): Promise<OrderPulse>;
  /** @param stuckBefore orders that should have been returned or ended before this time count as stuck */
  abstract backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog>;
}

/** What evaluators did and earned. */
export abstract class EvaluatorStatistics {
  abstract of(evaluatorId: number, since: Date): Promise<EvaluatorReport>;
  /** Evaluators by what they completed since then, most first. */
  abstract best(since: Date, limit: number): Promise<readonly EvaluatorDay[]>;
}

/** For the listing of accounts. */
export abstract class OrderCounts {
  /** Orders by user id, all time, whatever became of them; accounts without any are left out. At most 1,000 ids a call. */
  abstract countByClient(userIds: readonly number[]): Promise<ReadonlyMap<number, number>>;
}
