/** Offered by the marketplace, where there is one, for the listing of accounts. */
export abstract class RequestCounts {
  /** Requests by user id, all time, whatever became of them; accounts without any are left out. At most 1,000 ids a call. */
  abstract countByClient(userIds: readonly number[]): Promise<ReadonlyMap<number, number>>;
}
