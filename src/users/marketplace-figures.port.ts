/** What an account asked of the marketplace, all time. */
export interface MarketplaceTotals {
  /** Requests, whatever became of them. */
  readonly requests: number;
  /** Whole costs of the completed ones, in micro-units of USD. */
  readonly spentMicros: number;
}

/** Offered by the marketplace, where there is one, for the listing of accounts. */
export interface MarketplaceFigures {
  /** By user id; accounts without requests may be left out. At most 1,000 ids a call. */
  totalsOf(userIds: readonly number[]): Promise<ReadonlyMap<number, MarketplaceTotals>>;
}

/** Injection token of {@link MarketplaceFigures}; optional. */
export const MARKETPLACE_FIGURES = Symbol('MARKETPLACE_FIGURES');
