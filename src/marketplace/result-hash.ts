import { createHash } from 'node:crypto';
import { pythonJson } from '#libs/kernel';
import type { OrderResult } from './marketplace.port.js';

export interface Completion {
  readonly completedAt: Date;
  /** User id of the evaluator. */
  readonly completedBy: number;
}

const FLOATS = { asFloats: true };

/**
 * SHA-256 of a result with when and by whom, over the text that Python's `json.dumps(…, sort_keys=True)` gives:
 * the numbers of predictions, uncertainties and intervals as floats, `completed_at` as it is served, `completed_by` as
 * a string. So that a client can check what it downloads in any language.
 */
export function resultHash(result: OrderResult, { completedAt, completedBy }: Completion): string {
  const parts: Readonly<Record<string, string>> = {
    completed_at: pythonJson(completedAt.toISOString()),
    completed_by: pythonJson(String(completedBy)),
    confidence_intervals: pythonJson(result.confidenceIntervals, FLOATS),
    model_metadata: pythonJson(result.modelMetadata),
    predictions: pythonJson(result.predictions, FLOATS),
    processing_log: pythonJson(result.processingLog),
    quality_metrics: pythonJson(result.qualityMetrics),
    resource_usage: pythonJson(result.resourceUsage),
    uncertainties: pythonJson(result.uncertainties, FLOATS),
  };
  const text = Object.entries(parts).map(([key, value]) => `"${key}": ${value}`);
  return createHash('sha256')
    .update(`{${text.join(', ')}}`)
    .digest('hex');
}
