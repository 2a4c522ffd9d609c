import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { moneyOf } from '#libs/kernel';
import { type MarketplaceEvent, MarketplaceEvents } from '../marketplace/marketplace-events.port.js';
import { Webhooks } from '../webhooks/webhooks.port.js';
import { pathOf } from './client.view.js';

/** The ends of a request. */
const ENDS = {
  completed: 'prediction.completed',
  failed: 'prediction.failed',
  cancelled: 'prediction.cancelled',
  expired: 'prediction.expired',
} as const;

type End = keyof typeof ENDS;
const isEnd = (kind: string): kind is End => Object.hasOwn(ENDS, kind);

/** Has the receiver of a request called when it ended: the message is written down in the transaction of that end. */
@Injectable()
export class NotifyClients implements OnModuleInit {
  constructor(
    private readonly events: MarketplaceEvents,
    private readonly webhooks: Webhooks,
  ) {}

  onModuleInit(): void {
    // for good: a request may end as long as the process lives
    this.events.subscribe((tx, event) => this.#tell(tx, event));
  }

  async #tell(tx: Transaction, { kind, job }: MarketplaceEvent): Promise<void> {
    const url = job.request.notificationWebhook;
    if (url === null || !isEnd(kind)) return;
    await this.webhooks.enqueue(tx, {
      type: ENDS[kind],
      userId: job.clientId,
      predictionId: job.id,
      url,
      payload: {
        task_id: job.taskId,
        status: job.status,
        symbol: job.request.symbol,
        completed_at: job.completedAt,
        actual_cost: job.actualCost === null ? null : moneyOf(job.actualCost),
        currency: job.currency,
        failure_reason: job.failureReason,
        result_hash: job.resultHash,
        path: pathOf(job.id),
      },
    });
  }
}
