import type { EntityManager } from 'typeorm';
import { AppError, type Clock, within } from '#libs/kernel';
import type { TransactionStatements } from './sql-statements.js';

/** Where a repository reads or writes: an open transaction, or the read side of the database. */
export interface DatabaseScope {
  readonly manager: EntityManager;
}

/**
 * An open transaction. Every write of the product takes one, so that what belongs together commits together.
 * Only repositories touch `manager`; services pass the handle on. Once it is over, its manager refuses every statement.
 */
export class Transaction implements DatabaseScope {
  readonly #afterCommit: (() => void)[] = [];
  readonly #whenOver: (() => void)[] = [];
  #open = true;
  #doom: unknown = null;

  constructor(
    readonly manager: EntityManager,
    /** @internal SQL without TypeORM in between; repositories use `runSql`, `readSql` and `writeSql`. */
    readonly statements: TransactionStatements,
  ) {}

  get open(): boolean {
    return this.#open;
  }

  /** Runs `callback` once the transaction is durable, never when it rolls back. For wake-ups, not for work that must happen. */
  afterCommit(callback: () => void): void {
    this.#afterCommit.push(callback);
  }

  /** Runs `callback` once the transaction is over, whichever way, before what {@link afterCommit} has. It must not throw. */
  whenOver(callback: () => void): void {
    this.#whenOver.push(callback);
  }

  /**
   * @internal A part that joined has failed: nothing of the whole may be kept, even if the caller goes on. On
   * PostgreSQL the failed statement has ruined the transaction anyway; so both databases behave alike.
   */
  doom(reason: unknown): void {
    this.#doom ??= { reason };
  }

  /** @internal @throws the reason of {@link doom}, if there is one */
  assertKeepable(): void {
    if (this.#doom !== null) throw (this.#doom as { reason: unknown }).reason;
  }

  /** @internal It takes no more statements; {@link close} tells how it ended. */
  end(): void {
    this.#open = false;
  }

  /** @internal Called by the runner when the outcome is known. A callback that throws stops no other. */
  close(committed: boolean): void {
    this.#open = false;
    for (const callback of this.#whenOver.splice(0)) callback();
    if (!committed) return;
    for (const callback of this.#afterCommit) {
      try {
        callback();
      } catch (error) {
        // the transaction is durable: its caller must not be told otherwise
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}

/** How long a transaction may stay open, and who opened it. */
export interface TransactionLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  /** Made where the transaction was asked for: its stack tells a log who that was. */
  readonly openedAt: Error;
}

/**
 * Waits for the work of a transaction, but not longer than the limit: on SQLite a stuck one would stop all writing,
 * on PostgreSQL it holds its locks.
 * @throws AppError `unavailable`, code `transaction_timeout`; its cause tells where the transaction was opened
 */
export function withinLimit<T>(limit: TransactionLimit, work: Promise<T>): Promise<T> {
  const { clock, limitMs, openedAt } = limit;
  // after the limit the promise is settled: what the work still answers, or throws, no longer counts
  return within(clock, limitMs, work, () => {
    const text = `A transaction was open longer than ${limitMs / 1000} s and was rolled back`;
    return new AppError('unavailable', text, { code: 'transaction_timeout', cause: openedAt });
  });
}
