/** How much one client asked of the marketplace since a moment. */
export interface MarketplaceUsage {
  readonly created: number;
  /** Sum over the completed ones among them, from claim to submission. */
  readonly processingMs: number;
}

/** Requests that are not finished. */
export interface MarketplaceBacklog {
  readonly pending: number;
  readonly processing: number;
  /** Claims that ran out and requests that became too old before the given moment, and that nobody took care of. */
  readonly stuck: number;
  /** When the oldest one was created that can still be claimed; null when none waits. */
  readonly oldestPending: Date | null;
}

/** Measures the marketplace for those who watch the service. */
export interface MarketplaceActivities {
  usageOf(clientId: number, since: Date): Promise<MarketplaceUsage>;
  /** @param stuckBefore what should have been returned or ended before it is stuck */
  backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog>;
}

/** Injection token of {@link MarketplaceActivities}. */
export const MARKETPLACE_ACTIVITIES = Symbol('MARKETPLACE_ACTIVITIES');
