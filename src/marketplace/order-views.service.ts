import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { PLATFORM_ID } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import { orderOf } from './order.view.js';
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
    const holder = row.claimedBy;
    const names = holder === null || holder === PLATFORM_ID ? null : await this.users.usernames([holder]);
    const evaluatorUsername = names?.get(holder ?? PLATFORM_ID) ?? null;
    return orderOf(row, { evaluatorUsername, mayReadResult });
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
