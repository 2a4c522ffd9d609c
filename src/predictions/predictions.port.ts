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
