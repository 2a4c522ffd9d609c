/**
 * An answer that may get better by waiting (`Prefer: wait`). `now` is what the work has produced and commits with it;
 * `later` runs when the transaction is durable, never inside of it, and gives the answer that is sent.
 */
export class AfterCommit<T> {
  constructor(
    readonly now: T,
    readonly later: () => Promise<T>,
  ) {}
}
