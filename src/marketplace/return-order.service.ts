import { Injectable } from '@nestjs/common';
import { TransactionRunner, type Transaction } from '#libs/database';
import { Clock } from '#libs/kernel';
import { Billing } from '../billing/billing.port.js';
import { ClaimHistory, type ClaimEnd } from './claim-history.repository.js';
import { OrderViews } from './order-views.service.js';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository, UNCLAIMED } from './order.repository.js';

/** Brings orders back to the queue when their claim ends, and ends those that are too old. */
@Injectable()
export class ReturnOrder {
  constructor(
    private readonly orders: OrderRepository,
    private readonly history: ClaimHistory,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {}

  /** Returns an order whose lease ran out; false when its evaluator or another process was faster. */
  async expireLease(orderId: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const row = await this.orders.findForUpdate(tx, orderId);
      const isOverdue = (row?.timeoutAt?.getTime() ?? Infinity) < now.getTime();
      if (row?.status !== 'processing' || !isOverdue) return false;
      const returned = await this.unclaim(tx, row, { outcome: 'expired' }, now);
      await this.views.tell(tx, 'lease_expired', returned, now);
      return true;
    });
  }

  /** Ends a pending order that nobody finished in time and gives the money back; false when it is not one any more. */
  async expireOrder(orderId: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const row = await this.orders.findForUpdate(tx, orderId);
      if (row?.status !== 'pending' || row.expiresAt.getTime() > now.getTime()) return false;
      await this.billing.void(tx, row.id, 'expired: nobody finished the request in time');
      const failed = await this.orders.change(
        tx,
        row,
        {
          status: 'failed',
          failureReason: 'expired',
          errorMessage: 'No evaluator finished the request in time; the cost was given back',
          completedAt: now,
        },
        now,
      );
      await this.views.tell(tx, 'expired', failed, now);
      return true;
    });
  }

  /** Ends the claim and makes the order pending again. */
  async unclaim(tx: Transaction, row: OrderEntity, end: ClaimEnd, now: Date): Promise<OrderEntity> {
    await this.history.close(tx, row, end, now);
    return this.orders.change(tx, row, { ...UNCLAIMED, status: 'pending' }, now);
  }
}
