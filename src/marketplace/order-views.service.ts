import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { PLATFORM_ID } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import type { MarketplaceEventKind } from './marketplace-events.port.js';
import { MarketplaceListeners } from './marketplace-listeners.js';
import type { Order } from './marketplace.port.js';
import type { OrderEntity } from './order.entity.js';

/** Turns rows into what others may see of them, and tells the listeners what happened. */
@Injectable()
export class OrderViews {
  constructor(
    private readonly users: UserDirectory,
    private readonly listeners: MarketplaceListeners,
  ) {}

  async of(row: OrderEntity, mayReadResult = true): Promise<Order> {
    const { evaluatorId } = row;
    const isUser = evaluatorId !== null && evaluatorId !== PLATFORM_ID;
    const evaluatorUsername = isUser
      ? ((await this.users.usernames([evaluatorId])).get(evaluatorId) ?? null)
      : null;
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
    await this.listeners.tell(tx, { kind, order, occurredAt });
    return order;
  }
}
