/** What an account asked of the marketplace, all time. */
export interface MarketplaceTotals {
  /** Requests, whatever became of them. */
  readonly requests: number;
}

/** What an account had computed by the marketplace since a moment. */
export interface MarketplaceUsage {
  /** Requests made since then, whatever became of them. */
  readonly requests: number;
  /** Sum over the completed ones among them, from claim to submission. */
  readonly processingMs: number;
}

/** Offered by the marketplace, where there is one, for the listing of accounts. */
export abstract class MarketplaceFigures {
  /** By user id; accounts without requests may be left out. At most 1,000 ids a call. */
  abstract totalsOf(userIds: readonly number[]): Promise<ReadonlyMap<number, MarketplaceTotals>>;
}

/** Offered by the marketplace, where there is one, for what an account used. */
export abstract class MarketplaceUsages {
  abstract usageOf(userId: number, since: Date): Promise<MarketplaceUsage>;
}
