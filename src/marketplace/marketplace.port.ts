import type { SubscriptionTier } from '../accounts/accounts.port.js';
import type { Currency, Micros } from '../billing/billing.port.js';

/** How the intervals of an answer are read. */
export { readBands, type Band } from './interval-bands.js';

/**
 * An order's life: pending → processing → completed; pending → cancelled; processing → pending (released, or the lease
 * ran out); pending → failed when nobody finished it in time. The last three are final.
 */
export const ORDER_STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export const PREDICTION_TYPES = ['short_term', 'long_term', 'custom'] as const;
export type MarketplacePredictionType = (typeof PREDICTION_TYPES)[number];

export const ORDER_INTERVALS = ['1h', '1d', '1w', '1M'] as const;
export type OrderInterval = (typeof ORDER_INTERVALS)[number];

/** Where the part of an answered order stands that is paid by score. */
export const ORDER_SCORE_STATES = ['held', 'scored', 'unresolvable'] as const;
export type OrderScoreState = (typeof ORDER_SCORE_STATES)[number];

/** How much an evaluator has to do: by horizon, lookback and predictor. */
export const EFFORTS = ['low', 'medium', 'high'] as const;
export type Effort = (typeof EFFORTS)[number];

/** A JSON object as it came in. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What a client asks for. */
export interface OrderTerms {
  /** 1 to 32 characters. */
  readonly symbol: string;
  readonly predictionType: MarketplacePredictionType;
  /** The time to predict; in the future when the order is submitted. */
  readonly datetimeRequested: Date;
  /** Bars of history, 100 to 5,000. */
  readonly lookbackTicks: number;
  readonly predictorPlugin: string;
  readonly feederPlugin: string;
  readonly pipelinePlugin: string;
  readonly interval: OrderInterval;
  /** Bars ahead, 1 to 24. */
  readonly predictionHorizon: number;
  /** 1 to 10; higher comes first. */
  readonly priority: number;
  /** What the client pays at most; null means no limit, 0 is a limit. */
  readonly maxCost: Micros | null;
  readonly notificationWebhook: string | null;
  /** Free; `provider` (name or id) chooses the provider, `model_name` the priced model (default: the predictor). */
  readonly customParameters: JsonObject | null;
}

/** As a client asks: without an interval for that of the data. */
export type AskedTerms = Omit<OrderTerms, 'interval'> & { readonly interval: OrderInterval | null };

/** A validated answer, as it is stored. */
export interface OrderResult {
  /** One value for each bar of the horizon. */
  readonly predictions: readonly number[];
  /** Standard deviations, one for each prediction, none negative. */
  readonly uncertainties: readonly number[];
  /** See `ClaimedWork.submit` for the keys. */
  readonly confidenceIntervals: Readonly<Record<string, readonly number[]>>;
  readonly modelMetadata: JsonObject;
  readonly processingLog: string | null;
  readonly resourceUsage: JsonObject | null;
  readonly qualityMetrics: JsonObject | null;
}

/** Progress of an order in work, as last reported. Null where the evaluator reported nothing. */
export interface OrderProgress {
  /** 0 to 100. */
  readonly progressPercentage: number | null;
  readonly currentStep: string | null;
  /** Seconds, as the evaluator estimates. */
  readonly estimatedRemaining: number | null;
}

/** An order as its client sees it, its claim among it. Amounts are in micro-units of `currency`. */
export interface Order extends OrderTerms, OrderProgress {
  /** UUID. */
  readonly id: string;
  /** UUID of its own. */
  readonly taskId: string;
  readonly clientId: number;
  readonly status: OrderStatus;
  /** The model as providers price it. */
  readonly modelName: string;
  /** The client's tier when it submitted. */
  readonly clientTier: SubscriptionTier;
  readonly effort: Effort;
  readonly currency: Currency;
  /** The binding price. */
  readonly estimatedCost: Micros;
  /** The evaluator's promised share of it. */
  readonly estimatedPayment: Micros;
  /** Millionths of the provider's share that wait until the forecast is scored; null for none. */
  readonly scoreShare: Micros | null;
  /** Null while nothing is held: before the answer, and without such a share. */
  readonly scoreState: OrderScoreState | null;
  /** What was held at the answer, and what the provider earned of it; the rest returned to the client. */
  readonly scoreHeld: Micros | null;
  readonly scoreEarned: Micros | null;
  /** What the client paid; null until completed. It grows by what a score earns. */
  readonly actualCost: Micros | null;
  /** User id of the provider; 0 for the platform. */
  readonly providerId: number;
  /** User id of the one who works on it or completed it, 0 when the service itself computes; null without a claim. */
  readonly evaluatorId: number | null;
  /** Null for the service itself. */
  readonly evaluatorUsername: string | null;
  /** Rises with every claim, never falls; every write of the evaluator may carry it. */
  readonly leaseEpoch: number;
  readonly claimedAt: Date | null;
  /** Later submissions are refused. */
  readonly timeoutAt: Date | null;
  /** Null unless completed, and for an operator, who sees no results. */
  readonly result: OrderResult | null;
  readonly resultHash: string | null;
  /** False for an operator: the answer is the client's. */
  readonly mayReadResult: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When it completed, failed or was cancelled. */
  readonly completedAt: Date | null;
  readonly expiresAt: Date;
  /** From claim to submission. */
  readonly processingMs: number | null;
  /** Stable word, for example `expired`; null unless failed. */
  readonly failureReason: string | null;
  readonly errorMessage: string | null;
  readonly cancelledBy: number | null;
  readonly cancelledAt: Date | null;
  readonly cancellationReason: string | null;
}

/** An order with a claim: in work, or completed. */
export type Held<T> = T & {
  readonly evaluatorId: number;
  readonly claimedAt: Date;
  readonly timeoutAt: Date;
};

/** @throws Error for an order without a claim: whoever asks knows that it has one */
export function heldOrder<T extends Pick<Order, 'evaluatorId' | 'claimedAt' | 'timeoutAt'>>(
  order: T,
): Held<T> {
  const { evaluatorId, claimedAt, timeoutAt } = order;
  if (evaluatorId === null || claimedAt === null || timeoutAt === null)
    throw new Error('invariant broken: an order in work has a claim');
  return order as Held<T>;
}
