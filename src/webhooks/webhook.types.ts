/** What a client can be told of. */
export const EVENT_TYPES = [
  'prediction.completed',
  'prediction.scored',
  'prediction.failed',
  'prediction.cancelled',
  'prediction.expired',
] as const;
export type WebhookEventType = (typeof EVENT_TYPES)[number];

/** Where a delivery stands: attempts go on, the receiver took it, or it was given up. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/**
 * Why an attempt came to nothing.
 * - `target_refused`: the URL is not one that the settings allow now; nothing was called.
 * - `dns_failed`: the name servers could not say where the host is. `address_refused`: its name leads nowhere, or to an
 *   address that is not public; one word, so that nobody learns which names exist inside.
 * - `connection_failed`, `tls_failed`, `timeout`: no answer in time, or none at all.
 * - `redirect`, `gone`, `http_error`, `malformed_answer`: an answer that is no 2xx.
 * - `secret_unreadable`: the secret was stored under another secret key of the service; make a new one.
 * - `interrupted`: the service itself broke off, several times over.
 */
export const ATTEMPT_ERRORS = [
  'target_refused',
  'dns_failed',
  'address_refused',
  'connection_failed',
  'tls_failed',
  'timeout',
  'redirect',
  'gone',
  'http_error',
  'malformed_answer',
  'secret_unreadable',
  'interrupted',
] as const;
export type AttemptError = (typeof ATTEMPT_ERRORS)[number];

/** One call of a receiver, or why there was none. */
export interface DeliveryAttempt {
  readonly startedAt: Date;
  readonly durationMs: number;
  /** Null when no answer came. */
  readonly responseStatus: number | null;
  /** Null when the receiver took the message. */
  readonly error: AttemptError | null;
  /** What the receiver asked to wait, in ms; null when it said nothing. */
  readonly retryAfterMs: number | null;
}

/** Kind of the jobs that call a receiver; the subject is the delivery's id. */
export const WEBHOOK_JOB = 'webhook';
