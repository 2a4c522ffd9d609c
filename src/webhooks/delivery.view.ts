import type { AttemptOut, DeliveryDetailOut, DeliveryOut } from './delivery.dto.js';
import type { WebhookAttemptEntity, WebhookDeliveryEntity } from './webhook-delivery.entity.js';

export const presentDelivery = (row: WebhookDeliveryEntity): DeliveryOut => ({
  id: row.id,
  user_id: row.userId,
  prediction_id: row.predictionId,
  event_type: row.eventType,
  url: row.url,
  status: row.status,
  attempts: row.attempts,
  next_attempt_at: row.nextAttemptAt,
  last_response_status: row.lastResponseStatus,
  last_error: row.lastError,
  created_at: row.createdAt,
  finished_at: row.finishedAt,
});

export const presentDetail = (
  row: WebhookDeliveryEntity,
  attempts: readonly WebhookAttemptEntity[],
): DeliveryDetailOut => ({
  ...presentDelivery(row),
  message: JSON.parse(row.body) as Readonly<Record<string, unknown>>,
  attempt_log: attempts.map(presentAttempt),
});

const presentAttempt = (row: WebhookAttemptEntity): AttemptOut => ({
  number: row.number,
  started_at: row.startedAt,
  duration_ms: row.durationMs,
  response_status: row.responseStatus,
  error: row.error,
});
