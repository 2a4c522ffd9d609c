import type { EntityManager } from 'typeorm';

/** Where a repository reads or writes: an open transaction, or the read side of the database. */
export interface DatabaseScope {
  readonly manager: EntityManager;
}

/**
 * An open transaction. Every write of the product takes one, so that what belongs together commits together.
 * Only repositories touch `manager`; services pass the handle on.
 */
export class Transaction implements DatabaseScope {
  readonly #afterCommit: (() => void)[] = [];
  #open = true;

  constructor(readonly manager: EntityManager) {}

  get open(): boolean {
    return this.#open;
  }

  /** Runs `callback` once the transaction is durable, never when it rolls back. For wake-ups, not for work that must happen. */
  afterCommit(callback: () => void): void {
    this.#afterCommit.push(callback);
  }

  /** @internal called by the runner */
  close(committed: boolean): void {
    this.#open = false;
    if (committed) for (const callback of this.#afterCommit) callback();
  }
}
