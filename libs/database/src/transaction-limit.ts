import { AppError, type Clock } from '#libs/kernel';

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
  return new Promise((resolve, reject) => {
    const cancel = limit.clock.after(limit.limitMs, () =>
      reject(
        new AppError(
          'unavailable',
          `A transaction was open longer than ${limit.limitMs / 1000} s and was rolled back`,
          { code: 'transaction_timeout', cause: limit.openedAt },
        ),
      ),
    );
    // after the limit the promise is settled: what the work still answers, or throws, no longer counts
    work.then(resolve, reject).finally(cancel);
  });
}
