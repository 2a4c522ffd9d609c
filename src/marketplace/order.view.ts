import type { OrderSummary } from './client-orders.port.js';
import type { Order, OrderLease, OrderProgress, OrderTerms } from './marketplace.port.js';
import type { PendingOrder } from './order-queue.port.js';
import { effortName } from './order-rules.js';
import type { OrderEntity } from './order.entity.js';

export interface ViewOptions {
  /** Of the lease's holder; null for the service itself. */
  readonly evaluatorUsername: string | null;
  readonly mayReadResult: boolean;
}

export const termsOf = (row: OrderEntity): OrderTerms => ({
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

export const progressOf = (row: OrderEntity): OrderProgress => ({
  percentage: row.progressPercentage,
  currentStep: row.currentStep,
  estimatedRemaining: row.estimatedRemaining,
});

function leaseOf(row: OrderEntity, evaluatorUsername: string | null): OrderLease | null {
  const { claimedBy, claimedAt, timeoutAt, leaseEpoch } = row;
  if (claimedBy === null || claimedAt === null || timeoutAt === null) return null;
  return { evaluatorId: claimedBy, evaluatorUsername, epoch: leaseEpoch, claimedAt, timeoutAt };
}

export function orderOf(row: OrderEntity, { evaluatorUsername, mayReadResult }: ViewOptions): Order {
  return {
    id: row.id,
    taskId: row.taskId,
    clientId: row.userId,
    status: row.status,
    terms: termsOf(row),
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

const cancellationOf = ({ cancelledBy, cancelledAt, cancellationReason }: OrderEntity) =>
  cancelledBy === null || cancelledAt === null
    ? null
    : { by: cancelledBy, at: cancelledAt, reason: cancellationReason ?? '' };

export const summaryOf = (row: OrderEntity): OrderSummary => ({
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

export function pendingOrderOf(row: OrderEntity): PendingOrder {
  const { maxCost: _limit, notificationWebhook: _webhook, ...terms } = termsOf(row);
  return {
    id: row.id,
    taskId: row.taskId,
    terms,
    modelName: row.modelName,
    currency: row.currency,
    estimatedPayment: row.estimatedPaymentMicros,
    effort: effortName(row.effort),
    clientTier: row.clientTier,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}
