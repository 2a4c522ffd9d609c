/** What happened to core predictions since a moment. */
export interface PredictionActivity {
  /** Created since then. */
  readonly created: number;
  /** Of those created since then, how many are completed by now. */
  readonly createdAndCompleted: number;
  /** Ended since then, whenever they were created. */
  readonly completed: number;
  readonly failed: number;
  /** Mean milliseconds from start to completion of those completed since then; null when there are none. */
  readonly meanProcessingMs: number | null;
  /** Mean milliseconds from creation to start of those completed since then; null when there are none. */
  readonly meanWaitMs: number | null;
}

/** How much one user had computed since a moment. */
export interface PredictionUsage {
  readonly created: number;
  /** Sum over the finished ones among them, from start to end. */
  readonly processingMs: number;
}

/** Measures core predictions for administrators. */
export abstract class PredictionActivities {
  abstract since(moment: Date): Promise<PredictionActivity>;
  abstract usageOf(userId: number, since: Date): Promise<PredictionUsage>;
}
