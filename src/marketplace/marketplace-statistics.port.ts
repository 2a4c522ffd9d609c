import type { BillingTotal, Micros } from '../billing/billing.port.js';
import type { JobStatus } from './marketplace.port.js';

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
  /** By the success rate, equal ones by what they completed. */
  readonly reliability: number | null;
  readonly evaluators: number;
}

export interface EvaluatorStatistics {
  readonly period: EvaluatorFigures;
  /** Share and bonus of the jobs settled in the period, in the home currency. */
  readonly earnings: Micros;
  /** The same in every currency that was earned, by currency. */
  readonly currencies: readonly BillingTotal[];
  /** In the home currency for the last seven days. */
  readonly lastWeek: { readonly completed: number; readonly earnings: Micros };
  readonly ranks: EvaluatorRanks;
}

/** One evaluator's day, for administrators. */
export interface EvaluatorDay {
  readonly evaluatorId: number;
  readonly username: string | null;
  readonly completed: number;
  readonly successRate: number | null;
  /** In the home currency. */
  readonly earnings: Micros;
}

export interface MarketplaceActivity {
  readonly created: number;
  /** Of those created since then, completed by now. */
  readonly createdAndCompleted: number;
  /** Ended since then. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** From claim to submission, mean of those completed since then; null without any. */
  readonly meanProcessingMs: number | null;
  /** From creation to the claim that completed it, mean of those completed since then; null without any. */
  readonly meanWaitMs: number | null;
  /** Whole costs of those completed since then, in the home currency. */
  readonly revenue: Micros;
}

/** Figures of the marketplace, computed from its rows. */
export abstract class MarketplaceStatistics {
  abstract evaluator(evaluatorId: number, since: Date): Promise<EvaluatorStatistics>;
  /** Evaluators by what they completed since then, most first. */
  abstract evaluators(since: Date, limit: number): Promise<readonly EvaluatorDay[]>;
  abstract countByStatus(): Promise<Readonly<Record<JobStatus, number>>>;
  abstract countByType(): Promise<Readonly<Record<string, number>>>;
  abstract since(moment: Date): Promise<MarketplaceActivity>;
}
