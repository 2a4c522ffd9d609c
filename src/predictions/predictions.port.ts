/**
 * What may be predicted, as data sources name it, 1 to 32 characters. Yahoo's `EURUSD=X`, `^GSPC` and `BRK.B` are legal;
 * paths and markup are not.
 */
export const SYMBOL = /^(?!.*\.\.)[A-Za-z0-9^][A-Za-z0-9._\-=^/]{0,31}$/;

/** What other domains may know of core predictions. */
export abstract class PredictionStatistics {
  abstract countByStatus(): Promise<
    Readonly<Partial<Record<'pending' | 'processing' | 'completed' | 'failed', number>>>
  >;
  abstract countByType(): Promise<Readonly<Record<string, number>>>;
  /** Predictions that a user created since then. */
  abstract countCreated(userId: number, since: Date): Promise<number>;
}
