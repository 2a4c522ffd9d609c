import { Injectable } from '@nestjs/common';
import { TransactionRunner, type Transaction } from '#libs/database';
import { isAdministrator, warn } from '#libs/http';
import { AppError, type Actor, Clock } from '#libs/kernel';
import { Billing, type Money, Prices } from '../billing/billing.port.js';
import { OrderArchiveRepository } from './archive/order-archive.repository.js';
import { ClaimHistory } from './claim-history.repository.js';
import type {
  ClientOrders,
  OrderChange,
  OrderClaim,
  OrderFilter,
  OrderList,
  OrderPage,
} from './client-orders.port.js';
import { priceTermsOf } from './complete-terms.service.js';
import type { Order } from './marketplace.port.js';
import { isOperator, mayReadResult, orderNotFound, ownRow } from './order-access.js';
import { OrderLists } from './order-lists.repository.js';
import { OrderViews } from './order-views.service.js';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository } from './order.repository.js';
import { refuseAbove } from './submit-order.service.js';

/** A client's orders: read, changed and cancelled. */
@Injectable()
export class ManageOrders implements ClientOrders {
  constructor(
    private readonly orders: OrderRepository,
    private readonly lists: OrderLists,
    private readonly archives: OrderArchiveRepository,
    private readonly history: ClaimHistory,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly prices: Prices,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {}

  async claims(actor: Actor, orderId: string): Promise<readonly OrderClaim[]> {
    const { id } = await this.find(actor, orderId);
    return this.history.of(id);
  }

  async find(actor: Actor, orderId: string): Promise<Order> {
    const row = await this.orders.find(orderId);
    if (row === null) return this.#refuse(actor, orderId);
    return this.views.of(row, mayReadResult(actor, row));
  }

  async list(actor: Actor, filter: OrderFilter, page: OrderPage): Promise<OrderList> {
    const owner = isAdministrator(actor) || isOperator(actor) ? null : actor.userId;
    const list = await this.lists.ofClient(owner, filter, page);
    await this.#warnOfArchived(owner, filter);
    return list;
  }

  /** Whoever asks for a time of which orders were archived is told that they are elsewhere. */
  async #warnOfArchived(owner: number | null, { startDate }: OrderFilter): Promise<void> {
    const archived = await this.lists.countArchived(owner);
    const last = archived === 0 ? null : await this.archives.last();
    if (last === null || (startDate !== undefined && startDate >= last.endedUntil)) return;
    warn({
      code: 'archived',
      field: 'start_date',
      message: `${archived} orders that ended before ${last.endedUntil.toISOString()} are in archives, not in this list`,
    });
  }

  /** @throws AppError `gone` for an order in an archive that the actor may know of, else `not_found` or `forbidden` */
  async #refuse(actor: Actor, orderId: string): Promise<never> {
    const archived = await this.archives.find(orderId);
    if (archived === null) throw orderNotFound();
    mayReadResult(actor, archived);
    const { status, endedAt, file } = archived;
    throw new AppError(
      'gone',
      `This order is ${status} since ${endedAt.toISOString()} and was archived in ${file}, which the operator of the service keeps`,
      { code: 'archived', original: 'Prediction not found' },
    );
  }

  async update(actor: Actor, orderId: string, change: OrderChange): Promise<Order> {
    return this.transactions.run(async (tx) => {
      const row = await this.#pendingRow(tx, actor, orderId, 'update');
      const { priority = row.priority, maxCost = row.maxCost } = change;
      const { notificationWebhook = row.notificationWebhook } = change;
      const terms = { ...row, priority };
      const quote = await this.prices.requote(row.id, priceTermsOf({ terms, modelName: row.modelName }));
      refuseAbove(maxCost, quote);
      const isRepriced = quote.total !== row.estimatedCost;
      if (isRepriced) await this.billing.adjust(tx, row.id, quote);
      const price = { estimatedCost: quote.total, estimatedPayment: quote.shares.evaluator };
      const changes = { priority, maxCost, notificationWebhook, ...(isRepriced && price) };
      const now = new Date(this.clock.now());
      const after = await this.orders.change(tx, row, changes, now);
      return this.views.tell(tx, 'updated', after, now);
    });
  }

  async cancel(actor: Actor, orderId: string): Promise<{ readonly order: Order; readonly refund: Money }> {
    return this.transactions.run(async (tx) => {
      const row = await this.#pendingRow(tx, actor, orderId, 'cancel');
      const now = new Date(this.clock.now());
      const reason = 'user_requested';
      const refund = await this.billing.void(tx, row.id, `cancelled: ${reason}`);
      const cancelled = await this.orders.change(
        tx,
        row,
        {
          status: 'cancelled',
          completedAt: now,
          cancelledAt: now,
          cancelledBy: actor.userId,
          cancellationReason: reason,
        },
        now,
      );
      return { order: await this.views.tell(tx, 'cancelled', cancelled, now), refund };
    });
  }

  /** The row, locked. */
  async #pendingRow(
    tx: Transaction,
    actor: Actor,
    orderId: string,
    wish: 'update' | 'cancel',
  ): Promise<OrderEntity> {
    const found = await this.orders.findForUpdate(tx, orderId);
    const row = found === null ? await this.#refuse(actor, orderId) : ownRow(actor, found);
    if (row.status === 'pending') return row;
    throw new AppError(
      'conflict',
      `Only a pending order can be changed or cancelled; this one is ${row.status}`,
      {
        code: 'not_pending',
        original: `Can only ${wish} pending predictions`,
      },
    );
  }
}
