/**
 * What may be predicted, as data sources name it, 1 to 32 characters. Yahoo's `EURUSD=X`, `^GSPC` and `BRK.B` are legal;
 * paths and markup are not.
 */
export const SYMBOL = /^(?!.*\.\.)[A-Za-z0-9^][A-Za-z0-9._\-=^/]{0,31}$/;

/** Injection token of {@link PredictionStatistics}. */
export const PREDICTION_STATISTICS = Symbol('PREDICTION_STATISTICS');

/** What other domains may know of core predictions. */
export interface PredictionStatistics {
  countByStatus(): Promise<
    Readonly<Partial<Record<'pending' | 'processing' | 'completed' | 'failed', number>>>
  >;
  countByType(): Promise<Readonly<Record<string, number>>>;
  /** Predictions that a user created since then. */
  countCreated(userId: number, since: Date): Promise<number>;
}
