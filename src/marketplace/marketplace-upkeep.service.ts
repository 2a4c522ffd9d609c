import { Injectable } from '@nestjs/common';
import { type Transaction, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { Billing } from '../billing/billing.port.js';
import { LeaseRules } from './lease-rules.js';
import { OrderViews } from './order-views.service.js';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository } from './order.repository.js';

const SWEEP_MS = 5_000;

/** What a sweep did. */
export interface SweepFigures {
  /** Orders returned to the queue. */
  readonly returned: number;
  /** Orders that ended as too old. */
  readonly expired: number;
}

/**
 * Sees to it that leases run out and old orders end, every five seconds. Any number of processes may do so at once:
 * each order is judged again, in a transaction of its own, behind the lock on its row.
 */
@Injectable()
export class MarketplaceUpkeep extends PeriodicService {
  constructor(
    private readonly orders: OrderRepository,
    private readonly leases: LeaseRules,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: SWEEP_MS });
  }

  /** Leases first: an order that comes back too old ends in the same sweep. */
  async sweep(): Promise<SweepFigures> {
    const overdue = await this.orders.overdue(new Date(this.clock.now()));
    const returned = await this.#each(overdue, (tx, row, now) => this.#expireLease(tx, row, now));
    const outdated = await this.orders.outdated(new Date(this.clock.now()));
    const expired = await this.#each(outdated, (tx, row, now) => this.#expireOrder(tx, row, now));
    return { returned, expired };
  }

  protected turn(): Promise<SweepFigures> {
    return this.sweep();
  }

  /** How many of them it was done to. One that fails must not keep the others waiting: it is met again by the next sweep. */
  async #each(
    ids: readonly string[],
    work: (tx: Transaction, row: OrderEntity, now: Date) => Promise<boolean>,
  ): Promise<number> {
    let done = 0;
    for (const id of ids) {
      try {
        const isDone = await this.transactions.run(async (tx) => {
          const now = new Date(this.clock.now());
          const row = await this.orders.findForUpdate(tx, id);
          return row !== null && work(tx, row, now);
        });
        if (isDone) done += 1;
      } catch (error) {
        this.logger.error(error);
      }
    }
    return done;
  }

  /** Returns an order whose lease ran out; false when its evaluator or another process was faster. */
  async #expireLease(tx: Transaction, row: OrderEntity, now: Date): Promise<boolean> {
    const isOverdue = (row.timeoutAt?.getTime() ?? Infinity) < now.getTime();
    if (row.status !== 'processing' || !isOverdue) return false;
    const returned = await this.leases.end(tx, row, { outcome: 'expired' }, now);
    await this.views.tell(tx, 'lease_expired', returned, now);
    return true;
  }

  /** Ends a pending order that nobody finished in time and gives the money back; false when it is not one any more. */
  async #expireOrder(tx: Transaction, row: OrderEntity, now: Date): Promise<boolean> {
    if (row.status !== 'pending' || row.expiresAt.getTime() > now.getTime()) return false;
    await this.billing.void(tx, row.id, 'expired: nobody completed the order in time');
    const failure = {
      status: 'failed',
      failureReason: 'expired',
      errorMessage: 'No evaluator completed the order in time; its price was returned',
      completedAt: now,
    } as const;
    await this.views.tell(tx, 'expired', await this.orders.change(tx, row, failure, now), now);
    return true;
  }
}
