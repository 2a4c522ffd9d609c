import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { moneyOf } from '#libs/kernel';
import {
  MARKETPLACE_EVENTS,
  type MarketplaceEvent,
  type MarketplaceEventKind,
  type MarketplaceEvents,
} from '../marketplace/marketplace-events.port.js';
import { WEBHOOKS, type WebhookEvent, type Webhooks } from '../webhooks/webhooks.port.js';
import { pathOf } from './client.view.js';

/** The ends of a request, by the name of the message that tells of them. */
const MESSAGES: Readonly<Partial<Record<MarketplaceEventKind, WebhookEvent['type']>>> = {
  completed: 'prediction.completed',
  failed: 'prediction.failed',
  cancelled: 'prediction.cancelled',
  expired: 'prediction.expired',
};

/**
 * Tells the receiver that a client named how its request ended. The message is written down in the transaction of that
 * end, so there is one exactly when the request has ended. The answer itself is fetched with the client's own key.
 */
@Injectable()
export class NotifyReceivers implements OnModuleInit, OnModuleDestroy {
  #unsubscribe = (): void => undefined;

  constructor(
    @Inject(MARKETPLACE_EVENTS) private readonly events: MarketplaceEvents,
    @Inject(WEBHOOKS) private readonly webhooks: Webhooks,
  ) {}

  onModuleInit(): void {
    this.#unsubscribe = this.events.subscribe((tx, event) => this.#told(tx, event));
  }

  onModuleDestroy(): void {
    this.#unsubscribe();
  }

  async #told(tx: Transaction, { kind, job }: MarketplaceEvent): Promise<void> {
    const type = MESSAGES[kind];
    const url = job.request.notificationWebhook;
    if (type === undefined || url === null) return;
    await this.webhooks.enqueue(tx, {
      type,
      userId: job.clientId,
      predictionId: job.id,
      url,
      payload: {
        task_id: job.taskId,
        status: job.status,
        symbol: job.request.symbol,
        prediction_type: job.request.predictionType,
        created_at: job.createdAt.toISOString(),
        completed_at: job.completedAt?.toISOString() ?? null,
        actual_cost: job.actualCost === null ? null : moneyOf(job.actualCost),
        currency: job.currency,
        failure_reason: job.failureReason,
        result_path: job.status === 'completed' ? pathOf(job.id) : null,
      },
    });
  }
}
