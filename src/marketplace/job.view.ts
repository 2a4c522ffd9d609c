import type { JobSummary } from './client-requests.port.js';
import type { PendingJob } from './evaluator-queue.port.js';
import { effortName } from './job-rules.js';
import type { JobLease, JobProgress, JobRequest, JobView } from './marketplace.port.js';
import type { PredictionJobEntity } from './prediction-job.entity.js';

export interface ViewOptions {
  /** Of the lease's holder; null for the service itself. */
  readonly evaluatorUsername: string | null;
  readonly mayReadResult: boolean;
}

export const requestOf = (row: PredictionJobEntity): JobRequest => ({
  symbol: row.symbol,
  predictionType: row.predictionType,
  datetimeRequested: row.datetimeRequested,
  lookbackTicks: row.lookbackTicks,
  predictorPlugin: row.predictorPlugin,
  feederPlugin: row.feederPlugin,
  pipelinePlugin: row.pipelinePlugin,
  interval: row.interval,
  predictionHorizon: row.predictionHorizon,
  priority: row.priority,
  maxCost: row.maxCostMicros,
  notificationWebhook: row.notificationWebhook,
  customParameters: row.customParameters,
});

export const progressOf = (row: PredictionJobEntity): JobProgress => ({
  percentage: row.progressPercentage,
  currentStep: row.currentStep,
  estimatedRemaining: row.estimatedRemaining,
});

function leaseOf(row: PredictionJobEntity, evaluatorUsername: string | null): JobLease | null {
  const { claimedBy, claimedAt, timeoutAt, leaseEpoch } = row;
  if (claimedBy === null || claimedAt === null || timeoutAt === null) return null;
  return { evaluatorId: claimedBy, evaluatorUsername, epoch: leaseEpoch, claimedAt, timeoutAt };
}

export function viewOfJob(
  row: PredictionJobEntity,
  { evaluatorUsername, mayReadResult }: ViewOptions,
): JobView {
  return {
    id: row.id,
    taskId: row.taskId,
    clientId: row.userId,
    status: row.status,
    request: requestOf(row),
    modelName: row.modelName,
    clientTier: row.clientTier,
    effort: effortName(row.effort),
    currency: row.currency,
    estimatedCost: row.estimatedCostMicros,
    estimatedPayment: row.estimatedPaymentMicros,
    actualCost: row.actualCostMicros,
    providerId: row.providerId,
    progress: row.status === 'processing' ? progressOf(row) : null,
    lease: leaseOf(row, evaluatorUsername),
    result: mayReadResult ? row.result : null,
    resultHash: row.resultHash,
    mayReadResult,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    completedAt: row.completedAt,
    expiresAt: row.expiresAt,
    processingMs: row.processingTimeMs,
    failureReason: row.failureReason,
    errorMessage: row.errorMessage,
    cancellation: cancellationOf(row),
  };
}

const cancellationOf = ({ cancelledBy, cancelledAt, cancellationReason }: PredictionJobEntity) =>
  cancelledBy === null || cancelledAt === null
    ? null
    : { by: cancelledBy, at: cancelledAt, reason: cancellationReason ?? '' };

export const summaryOf = (row: PredictionJobEntity): JobSummary => ({
  id: row.id,
  taskId: row.taskId,
  clientId: row.userId,
  status: row.status,
  symbol: row.symbol,
  predictionType: row.predictionType,
  priority: row.priority,
  currency: row.currency,
  estimatedCost: row.estimatedCostMicros,
  actualCost: row.actualCostMicros,
  createdAt: row.createdAt,
  completedAt: row.completedAt,
});

export function pendingJobOf(row: PredictionJobEntity): PendingJob {
  const { maxCost: _limit, notificationWebhook: _webhook, ...request } = requestOf(row);
  return {
    id: row.id,
    taskId: row.taskId,
    request,
    modelName: row.modelName,
    currency: row.currency,
    estimatedPayment: row.estimatedPaymentMicros,
    effort: effortName(row.effort),
    clientTier: row.clientTier,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}
