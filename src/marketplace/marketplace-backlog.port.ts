/** Requests that are not finished. */
export interface MarketplaceBacklog {
  readonly pending: number;
  readonly processing: number;
  /** Claims that ran out and requests that became too old before the given moment, and that nobody took care of. */
  readonly stuck: number;
  /** When the oldest one was created that can still be claimed; null when none waits. */
  readonly oldestPending: Date | null;
}

/** Tells those who watch the service how the queue is. */
export abstract class MarketplaceBacklogs {
  /** @param stuckBefore what should have been returned or ended before it is stuck */
  abstract backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog>;
}
