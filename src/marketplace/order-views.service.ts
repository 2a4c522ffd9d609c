import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { PLATFORM_ID } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import type {
  MarketplaceEventKind,
  MarketplaceEvents,
  MarketplaceListener,
} from './marketplace-events.port.js';
import type { Order } from './marketplace.port.js';
import type { OrderEntity } from './order.entity.js';

/** Turns rows into what others may see of them, and tells those who take part what happened. */
@Injectable()
export class OrderViews implements MarketplaceEvents {
  readonly #listeners = new Set<MarketplaceListener>();

  constructor(private readonly users: UserDirectory) {}

  subscribe(listener: MarketplaceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async of(row: OrderEntity, mayReadResult = true): Promise<Order> {
    const { evaluatorId } = row;
    const isUser = evaluatorId !== null && evaluatorId !== PLATFORM_ID;
    const names = isUser ? await this.users.usernames([evaluatorId]) : null;
    const evaluatorUsername = names?.get(evaluatorId ?? PLATFORM_ID) ?? null;
    return { ...row, evaluatorUsername, mayReadResult, result: mayReadResult ? row.result : null };
  }

  /** Tells the listeners, in the transaction, and returns the view. */
  async tell(
    tx: Transaction,
    kind: MarketplaceEventKind,
    row: OrderEntity,
    occurredAt: Date,
  ): Promise<Order> {
    const order = await this.of(row);
    for (const listener of this.#listeners) await listener(tx, { kind, order, occurredAt });
    return order;
  }
}
