import { moneyOf } from '#libs/kernel';
import { formatIso } from '#libs/timeseries';
import { evaluatorOf, presentTerms } from './client.view.js';
import type { CompletedOrder } from './completed-order.js';

/**
 * `metadata.json`: what was asked and priced, by which model and evaluator it was answered, when, and the hash of the
 * answer. The limit of the price and the address to notify are the client's alone and stay out.
 */
export function metadataJson({
  order,
  result,
  lease,
  resultHash,
  completedAt,
  times,
}: CompletedOrder): string {
  const metadata = {
    prediction_id: order.id,
    task_id: order.taskId,
    status: order.status,
    request: presentTerms(order.terms),
    forecast_times: { source: times.source, times: times.times.map(formatIso) },
    model: { model_name: order.modelName, provider_id: order.providerId, metadata: result.modelMetadata },
    evaluator: evaluatorOf(lease),
    timings: {
      created_at: order.createdAt,
      claimed_at: lease.claimedAt,
      completed_at: completedAt,
      waiting_ms: lease.claimedAt.getTime() - order.createdAt.getTime(),
      processing_ms: order.processingMs,
    },
    cost: {
      estimated_cost: moneyOf(order.estimatedCost),
      actual_cost: order.actualCost === null ? null : moneyOf(order.actualCost),
      currency: order.currency,
    },
    quality_metrics: result.qualityMetrics,
    resource_usage: result.resourceUsage,
    result_hash: resultHash,
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
