import type { JobResult } from '../marketplace/marketplace.port.js';

/** A request that can be claimed, with all that its computation needs. */
export interface Offer {
  readonly id: string;
  readonly symbol: string;
  /** `1h`, `1d`, `1w` or `1M`. */
  readonly interval: string;
  /** Bars of history. */
  readonly lookback: number;
  /** Bars ahead. */
  readonly horizon: number;
  /** Epoch ms UTC: the moment that is to be predicted. */
  readonly moment: number;
  readonly predictionType: string;
  readonly predictor: string;
  readonly feeder: string;
  readonly pipeline: string;
  /** The priced model, where it is known and not the predictor itself. */
  readonly modelName: string | null;
}

/** A claimed request. */
export interface Assignment {
  readonly offer: Offer;
  /** Fence of this claim; every later word about the request carries it. */
  readonly epoch: number;
  /** Epoch ms: an answer that comes later is refused. */
  readonly deadline: number;
}

export interface Progress {
  /** 0 to 100. */
  readonly percentage: number;
  readonly step: string;
}

/** The claim is gone: it ran out, was given back, or is somebody else's. Nothing of the work counts any more. */
export class AssignmentLost extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'AssignmentLost';
  }
}

/** The market cannot be reached, or asks for patience; later it may go. */
export class MarketUnavailable extends Error {
  /** @param retryAfterMs what the market asked for; null leaves it to the caller */
  constructor(
    reason: string,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'MarketUnavailable';
  }
}

/** The market refuses this evaluator for good: a wrong key, a wrong role, a wrong address. */
export class MarketRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'MarketRefused';
  }
}

/** The market says that this answer is no valid one. */
export class AnswerRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'AnswerRefused';
  }
}

/**
 * Where an evaluator finds work: a service over HTTP, or the queue of its own process.
 * Every method may throw {@link MarketUnavailable} or {@link MarketRefused}.
 */
export interface WorkSource {
  /** Requests that can be claimed, in the order in which the queue is worked off; at most `limit`. */
  offers(limit: number): Promise<readonly Offer[]>;
  /** Null when it cannot be claimed any more, or not by this evaluator now. */
  claim(offer: Offer): Promise<Assignment | null>;
  /** @throws AssignmentLost */
  report(assignment: Assignment, progress: Progress): Promise<void>;
  /**
   * Hands the answer in; a repeat of the same one settles nothing twice.
   * @throws AssignmentLost, AnswerRefused
   */
  submit(assignment: Assignment, result: JobResult): Promise<void>;
  /** Gives the request back to the queue. @throws AssignmentLost */
  release(assignment: Assignment, details: string): Promise<void>;
}
