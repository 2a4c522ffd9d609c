/**
 * An answer that may be replaced by a later one (`Prefer: wait`). `now` is the answer that is stored with the effect, in
 * one transaction. `later` runs after the commit, never inside of the transaction, and returns the answer to send.
 */
export class AfterCommit<T> {
  constructor(
    readonly now: T,
    readonly later: () => Promise<T>,
  ) {}
}
