import type { IssuedCalibration } from '../outcomes/calibration.port.js';
import type { Actor } from '#libs/kernel';
import type { Forecast } from '#libs/plugin-host';
import type { Currency, Micros } from '../billing/billing.port.js';
import type {
  Held,
  JsonObject,
  MarketplacePredictionType,
  Order,
  OrderProgress,
  OrderResult,
} from './marketplace.port.js';

/** Who evaluates: a user, or the service itself. */
export type Evaluator = Actor | 'platform';

/** All given conditions must hold. Payments are the evaluator's share; both limits are inclusive. */
export interface PendingFilter {
  readonly predictionType?: MarketplacePredictionType;
  /** Exact. */
  readonly symbol?: string;
  readonly minPriority?: number;
  readonly maxPriority?: number;
  readonly minPayment?: Micros;
  readonly maxPayment?: Micros;
  readonly predictorPlugin?: string;
}

export const PENDING_SORTS = ['priority', 'created_at', 'payment', 'effort'] as const;

export interface PendingPage {
  /** Ties: higher priority first, then older first, the order of the queue. */
  readonly sort: (typeof PENDING_SORTS)[number];
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset?: number;
}

/** What an evaluator is told of an order: not what only its client may know, as the limit of its price. */
export const OFFERED_FIELDS = [
  'id',
  'taskId',
  'symbol',
  'predictionType',
  'datetimeRequested',
  'lookbackTicks',
  'predictorPlugin',
  'feederPlugin',
  'pipelinePlugin',
  'interval',
  'predictionHorizon',
  'priority',
  'customParameters',
  'modelName',
  'currency',
  'estimatedPayment',
  'effort',
  'clientTier',
  'createdAt',
  'expiresAt',
] as const satisfies readonly (keyof Order)[];

/** An order that can be claimed. */
export type PendingOrder = Pick<Order, (typeof OFFERED_FIELDS)[number]>;

export interface PendingList {
  readonly orders: readonly PendingOrder[];
  /** How many match on all pages; above 2,000 of a filter only that they are more. */
  readonly total: number;
  readonly isExact: boolean;
  /**
   * Milliseconds that a new order of middling priority would wait, from the latest completed orders; null without any.
   */
  readonly estimatedQueueMs: number | null;
  /** Over all that match and are counted, in the home currency; null when none does. */
  readonly paymentRange: { readonly min: Micros; readonly max: Micros; readonly average: Micros } | null;
}

export interface ClaimCommand {
  readonly orderId: string;
  readonly estimatedCompletion?: Date | null;
  /** At most 16 KiB of JSON. */
  readonly processingNodeInfo?: JsonObject | null;
}

export interface ClaimedOrder extends PendingOrder {
  readonly leaseEpoch: number;
  readonly claimedAt: Date;
  readonly timeoutAt: Date;
  readonly leaseMs: number;
}

/** `leaseEpoch` is that of the claim; without it only the holder is checked. */
export interface LeaseReference {
  readonly orderId: string;
  readonly leaseEpoch?: number | null;
}

export interface AnswerCommand extends LeaseReference {
  readonly result: OrderResult;
  /** How it was made, when the service itself made it. */
  readonly made?: Forecast;
  /** Where the order asked for it, and the service itself made it. */
  readonly calibration?: IssuedCalibration;
}

export interface AcceptedAnswer {
  readonly orderId: string;
  /** SHA-256 of the result, 64 hexadecimal digits. */
  readonly resultHash: string;
  readonly completedAt: Date;
  /** From claim to submission. */
  readonly processingMs: number;
  readonly currency: Currency;
  /** The evaluator's share as promised. */
  readonly payment: Micros;
  /** Bonus for speed, in addition to the share. */
  readonly bonus: Micros;
}

/** The answer to a heartbeat. The lease is not extended, so `timeoutAt` does not change. */
export interface HeartbeatReply {
  readonly orderId: string;
  readonly leaseEpoch: number;
  readonly timeoutAt: Date;
}

export const RELEASE_REASONS = ['insufficient_resources', 'technical_issue', 'other'] as const;
export type ReleaseReason = (typeof RELEASE_REASONS)[number];

export interface ReleaseCommand extends LeaseReference {
  readonly reason: ReleaseReason;
  /** At most 2,000 characters. */
  readonly details?: string | null;
}

/** Why an order cannot be answered by anybody who has the service's data. */
export interface FailCommand extends LeaseReference {
  /** Stable word, at most 32 characters, for example `stale_data`. */
  readonly reason: string;
  /** For the client. */
  readonly message: string;
}

export interface AssignedFilter {
  /** `processing`: in time; `overdue`: past the deadline and not returned yet. Absent: both. */
  readonly status?: 'processing' | 'overdue';
  /** Includes overdue ones when no status is given. */
  readonly includeExpired: boolean;
  readonly limit: number;
}

/** What an evaluator is told of an order that it holds. */
export const HELD_FIELDS = [
  'id',
  'taskId',
  'symbol',
  'evaluatorId',
  'leaseEpoch',
  'claimedAt',
  'timeoutAt',
  'progressPercentage',
  'currentStep',
  'estimatedRemaining',
  'currency',
  'estimatedPayment',
] as const satisfies readonly (keyof Order)[];

export type ClaimInForce = Held<Pick<Order, (typeof HELD_FIELDS)[number]>>;

export interface AssignedOrder extends ClaimInForce {
  readonly status: 'processing' | 'overdue';
  /** 0 when overdue. */
  readonly remainingMs: number;
}

export interface AssignedList {
  readonly orders: readonly AssignedOrder[];
  readonly totalProcessing: number;
  readonly totalOverdue: number;
}

/** Orders that wait for evaluators, and orders that evaluators have claimed. */
export abstract class OrderQueue {
  /** Pending, not expired and claimable by this evaluator: neither an own order nor one just released. */
  abstract pending(evaluator: Evaluator, filter: PendingFilter, page: PendingPage): Promise<PendingList>;
  /**
   * Takes an order, in one conditional update: its lease epoch rises by one.
   * @throws AppError `not_found` (`not_claimable`, one text) when unknown or not pending, `gone` (`job_expired`) when
   * too old, `forbidden` (`own_request`) for the evaluator's own order (administrators may), `too_many` (`claim_limit`)
   * at `evaluator_claim_limit`, `too_many` (`release_cooldown`, with Retry-After) when it released the order just now,
   * `invalid` for node info that is too large
   */
  abstract claim(evaluator: Evaluator, command: ClaimCommand): Promise<ClaimedOrder>;
  /** What the evaluator holds; an administrator sees everybody's. Oldest claim first. */
  abstract assigned(evaluator: Evaluator, filter: AssignedFilter): Promise<AssignedList>;
}

/** Every step of the work on a claimed order. */
export abstract class ClaimedWork {
  /**
   * Records progress; fields that are left out keep their values. @throws AppError as {@link submit} for the lease, `invalid` for numbers
   */
  abstract heartbeat(
    evaluator: Evaluator,
    lease: LeaseReference,
    progress: Partial<OrderProgress>,
  ): Promise<HeartbeatReply>;
  /**
   * Takes an answer and settles it in the same transaction.
   *
   * Keys of the intervals: `lower_95` with `upper_95` (also `95_lower`, `lower`, a `%` behind the level), each as
   * long as the horizon; or `95%` with both ends of each bar one after another, twice as long. A level is between 0 and
   * 100; written below 1 it is a fraction. Each interval holds its prediction, a wider level holds a narrower one.
   * @throws AppError `not_found` (`not_processing`) when unknown or not in work, `forbidden` (`not_claimer`) for somebody
   * else's claim (administrators' too), `conflict` (`stale_lease`) for the epoch of an older claim, `deadline_passed`
   * (`lease_expired`) after the deadline, whether or not the order went back to the queue, `invalid` with every fault of
   * the answer
   */
  abstract submit(evaluator: Evaluator, command: AnswerCommand): Promise<AcceptedAnswer>;
  /**
   * Gives an order back to the queue. An administrator may give back anybody's.
   * @throws AppError as {@link submit} for the lease, except that a late release is accepted while it is not returned
   */
  abstract release(evaluator: Evaluator, command: ReleaseCommand): Promise<Order>;
  /**
   * Ends an order that the service itself cannot answer, and returns its price. Evaluators elsewhere have data of their
   * own: they give orders back.
   * @throws AppError as {@link submit} for the lease
   */
  abstract fail(evaluator: 'platform', command: FailCommand): Promise<Order>;
}
