import { Injectable } from '@nestjs/common';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { OrderRepository } from './order.repository.js';
import { ReturnOrder } from './return-order.service.js';

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
    private readonly returns: ReturnOrder,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: SWEEP_MS });
  }

  /** Leases first: an order that comes back too old ends in the same sweep. */
  async sweep(): Promise<SweepFigures> {
    const overdue = await this.orders.overdue(new Date(this.clock.now()));
    const returned = await this.#each(overdue, (id) => this.returns.expireLease(id));
    const outdated = await this.orders.outdated(new Date(this.clock.now()));
    const expired = await this.#each(outdated, (id) => this.returns.expireOrder(id));
    return { returned, expired };
  }

  protected turn(): Promise<SweepFigures> {
    return this.sweep();
  }

  /** How many of them it was done to. One that fails must not keep the others waiting: it is met again by the next sweep. */
  async #each(ids: readonly string[], work: (id: string) => Promise<boolean>): Promise<number> {
    let done = 0;
    for (const id of ids) {
      try {
        if (await work(id)) done += 1;
      } catch (error) {
        this.logger.error(error);
      }
    }
    return done;
  }
}
