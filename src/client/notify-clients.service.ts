import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { toWire } from '#libs/http';
import { type MarketplaceEvent, MarketplaceEvents } from '../marketplace/marketplace-events.port.js';
import { Webhooks } from '../webhooks/webhooks.port.js';
import { EndedOrder } from './order-out.dto.js';

/** The ends of an order, and that of the money that was held of it. */
const ENDS = {
  completed: 'prediction.completed',
  scored: 'prediction.scored',
  failed: 'prediction.failed',
  cancelled: 'prediction.cancelled',
  expired: 'prediction.expired',
} as const;

type End = keyof typeof ENDS;
const isEnd = (kind: string): kind is End => Object.hasOwn(ENDS, kind);

/** Has the receiver of an order called when it ended, or was paid by its score: the message is written down in the transaction of that end. */
@Injectable()
export class NotifyClients implements OnModuleInit {
  constructor(
    private readonly events: MarketplaceEvents,
    private readonly webhooks: Webhooks,
  ) {}

  onModuleInit(): void {
    // for good: an order may end as long as the process lives
    this.events.subscribe((tx, event) => this.#tell(tx, event));
  }

  async #tell(tx: Transaction, { kind, order }: MarketplaceEvent): Promise<void> {
    const url = order.notificationWebhook;
    if (url === null || !isEnd(kind)) return;
    await this.webhooks.enqueue(tx, {
      type: ENDS[kind],
      userId: order.clientId,
      orderId: order.id,
      url,
      payload: toWire(EndedOrder, order),
    });
  }
}
