import type { OrderResult } from '../../src/marketplace/marketplace.port.js';

/** An evaluator's answer to an order: values that rise bar by bar, with intervals at 95 %, but for the given changes. */
export const answerOf = (horizon: number, changes: Partial<OrderResult> = {}): OrderResult => {
  const predictions = changes.predictions ?? Array.from({ length: horizon }, (_, bar) => 1.1 + bar / 1_000);
  return {
    predictions,
    uncertainties: predictions.map(() => 0.002),
    confidenceIntervals: {
      lower_95: predictions.map((value) => value - 0.004),
      upper_95: predictions.map((value) => value + 0.004),
    },
    modelMetadata: { model: 'lstm', version: 3 },
    processingLog: null,
    resourceUsage: null,
    qualityMetrics: { model_confidence: 0.99 },
    ...changes,
  };
};

/** The answer as an evaluator sends it. */
export const bodyOf = (answer: OrderResult): Record<string, unknown> => ({
  predictions: answer.predictions,
  uncertainties: answer.uncertainties,
  confidence_intervals: answer.confidenceIntervals,
  model_metadata: answer.modelMetadata,
  processing_log: answer.processingLog,
  resource_usage: answer.resourceUsage,
  quality_metrics: answer.qualityMetrics,
});
