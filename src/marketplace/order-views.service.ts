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
    return viewOf(row, await this.usernameOf(row), mayReadResult);
  }

  /** Null for the service itself, and without a claim. */
  async usernameOf({ evaluatorId }: Pick<OrderEntity, 'evaluatorId'>): Promise<string | null> {
    if (evaluatorId === null || evaluatorId === PLATFORM_ID) return null;
    return (await this.users.usernames([evaluatorId])).get(evaluatorId) ?? null;
  }

  /**
   * Tells the listeners, in the transaction, and returns the view.
   * @param username of the evaluator, when it is known already
   */
  async tell(
    tx: Transaction,
    kind: MarketplaceEventKind,
    row: OrderEntity,
    occurredAt: Date,
    username?: string | null,
  ): Promise<Order> {
    const order = viewOf(row, username === undefined ? await this.usernameOf(row) : username, true);
    for (const listener of this.#listeners) await listener(tx, { kind, order, occurredAt });
    return order;
  }
}

const viewOf = (row: OrderEntity, evaluatorUsername: string | null, mayReadResult: boolean): Order => ({
  ...row,
  evaluatorUsername,
  mayReadResult,
  result: mayReadResult ? row.result : null,
});
