import type { Actor } from '#libs/kernel';
import type { Money, Micros, Currency, Quote } from '../billing/billing.port.js';
import type { JobRequest, JobStatus, JobView, MarketplacePredictionType } from './marketplace.port.js';

/** What a client learns when it submits. */
export interface SubmittedJob {
  readonly job: JobView;
  /** 1 is next. */
  readonly queuePosition: number;
  /** From the latest completed jobs; null while there are none. */
  readonly estimatedCompletion: Date | null;
}

/** All given conditions must hold. */
export interface JobFilter {
  readonly status?: JobStatus;
  /** Exact. */
  readonly symbol?: string;
  readonly predictionType?: MarketplacePredictionType;
  /** On creation, both ends included. */
  readonly startDate?: Date;
  readonly endDate?: Date;
}

export interface JobPage {
  readonly sort: 'created_at' | 'completed_at' | 'priority' | 'cost';
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
}

/** A line of a listing. */
export interface JobSummary {
  readonly id: string;
  readonly taskId: string;
  readonly clientId: number;
  readonly status: JobStatus;
  readonly symbol: string;
  readonly predictionType: MarketplacePredictionType;
  readonly priority: number;
  readonly currency: Currency;
  readonly estimatedCost: Micros;
  readonly actualCost: Micros | null;
  readonly createdAt: Date;
  readonly completedAt: Date | null;
}

export interface JobList {
  readonly jobs: readonly JobSummary[];
  /** How many match, whatever the page. */
  readonly total: number;
}

/** What a client may change while nobody works on it; what is left out stays. */
export interface JobChange {
  readonly priority?: number;
  readonly maxCost?: Micros | null;
  readonly notificationWebhook?: string | null;
}

/** A claim of the past, or the one in force. */
export interface JobClaim {
  readonly epoch: number;
  /** User id; 0 when the service itself computes. */
  readonly evaluatorId: number;
  readonly claimedAt: Date;
  /** Null while it is in force. */
  readonly endedAt: Date | null;
  /** How it ended; `expired`: its lease ran out. */
  readonly outcome: 'completed' | 'released' | 'expired' | null;
  /** Why it was released, as the evaluator says. */
  readonly reason: string | null;
  readonly details: string | null;
}

/** Takes new requests of clients. */
export abstract class NewRequests {
  /**
   * Takes a request: limit, quote, hold, row and place in the queue in one transaction.
   * @throws AppError in this order: `invalid` (unknown plugin, provider without a price, moment in the past), `too_many`
   * (`request_limit`, names the number) at the tier's limit, `payment_required` (`max_cost_exceeded`, both amounts) when
   * the quote is above `maxCost`, `payment_required` (`insufficient_credits`) when the credits do not suffice
   */
  abstract submit(actor: Actor, request: JobRequest): Promise<SubmittedJob>;
  /**
   * What a request would cost now, without taking it. Only {@link submit} binds a price.
   * @throws AppError `invalid` as submit does
   */
  abstract quote(request: JobRequest): Promise<Quote>;
}

/**
 * A client's requests once they are taken. Everything about one job answers `not_found` (`prediction_not_found`) for an
 * unknown id and `forbidden` (`not_owner`) for somebody else's: administrators reach all jobs, the evaluator who claimed
 * one may read it, an operator reads all without results.
 */
export abstract class ClientRequests {
  abstract find(actor: Actor, jobId: string): Promise<JobView>;
  /** Every claim of a job that the actor may read, first one first. */
  abstract claims(actor: Actor, jobId: string): Promise<readonly JobClaim[]>;
  /** An administrator's and an operator's list holds everybody's jobs, all others' their own. */
  abstract list(actor: Actor, filter: JobFilter, page: JobPage): Promise<JobList>;
  /**
   * Changes a pending job; a changed price is held or given back with the price version it was made with.
   * @throws AppError `conflict` (`not_pending`), `payment_required` (`max_cost_exceeded` or `insufficient_credits`)
   */
  abstract update(actor: Actor, jobId: string, change: JobChange): Promise<JobView>;
  /**
   * Cancels a pending job and gives the whole hold back.
   * @throws AppError `conflict` (`not_pending`), also for the second call
   */
  abstract cancel(actor: Actor, jobId: string): Promise<{ readonly job: JobView; readonly refund: Money }>;
}
