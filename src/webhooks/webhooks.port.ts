import type { Transaction } from '#libs/database';
import type { WebhookEventType } from './webhook.types.js';

/** An event that a client asked to be notified of. */
export interface WebhookEvent {
  readonly type: WebhookEventType;
  /** Whose secret signs the message, and who can see its deliveries. */
  readonly userId: number;
  /** UUID of the order. */
  readonly orderId: string;
  /** Checked with {@link Webhooks.checkTarget} when the client named it, and again before each call. */
  readonly url: string;
  /** Any JSON object of a few kilobytes; the message's `data`, beside `prediction_id`. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Sends notifications to the receivers that clients named. */
export abstract class Webhooks {
  /**
   * Checks a receiver's address as far as that is possible without network access. The addresses that its name resolves
   * to are checked at each connection.
   * @param field name of the body's field, for the error
   * @throws AppError `invalid` that names the field, the fault and what is allowed
   */
  abstract checkTarget(url: string, field?: string): void;
  /**
   * Stores the delivery and its job in the caller's transaction: the receiver is called when that has committed,
   * never when it rolls back. Returns the delivery's id (UUID), which the receiver gets as `webhook-id`.
   */
  abstract enqueue(tx: Transaction, event: WebhookEvent): Promise<string>;
}
