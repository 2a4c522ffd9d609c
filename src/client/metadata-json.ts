import { moneyOf } from '#libs/kernel';
import { formatIso } from '#libs/timeseries';
import { evaluatorOf, presentAsked } from './client.view.js';
import type { CompletedRequest } from './completed-request.js';

/**
 * `metadata.json`: what was asked and priced, by which model and evaluator it was answered, when, and the hash of the
 * answer. The limit of the price and the address to notify are the client's alone and stay out.
 */
export function metadataJson({
  job,
  result,
  lease,
  resultHash,
  completedAt,
  times,
}: CompletedRequest): string {
  const metadata = {
    prediction_id: job.id,
    task_id: job.taskId,
    status: job.status,
    request: presentAsked(job.request),
    forecast_times: { source: times.source, times: times.times.map(formatIso) },
    model: { model_name: job.modelName, provider_id: job.providerId, metadata: result.modelMetadata },
    evaluator: evaluatorOf(lease),
    timings: {
      created_at: job.createdAt,
      claimed_at: lease.claimedAt,
      completed_at: completedAt,
      waiting_ms: lease.claimedAt.getTime() - job.createdAt.getTime(),
      processing_ms: job.processingMs,
    },
    cost: {
      estimated_cost: moneyOf(job.estimatedCost),
      actual_cost: job.actualCost === null ? null : moneyOf(job.actualCost),
      currency: job.currency,
    },
    quality_metrics: result.qualityMetrics,
    resource_usage: result.resourceUsage,
    result_hash: resultHash,
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}
