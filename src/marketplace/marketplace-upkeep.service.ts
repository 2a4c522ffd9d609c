import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Repeater } from '#libs/jobs';
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
export class MarketplaceUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(MarketplaceUpkeep.name);
  readonly #repeater: Repeater;

  constructor(
    private readonly orders: OrderRepository,
    private readonly returns: ReturnOrder,
    private readonly clock: Clock,
  ) {
    this.#repeater = new Repeater(
      clock,
      SWEEP_MS,
      async () => void (await this.sweep()),
      (error) => this.#logger.error(error),
    );
  }

  onApplicationBootstrap(): void {
    this.#repeater.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#repeater.stop();
  }

  /** Leases first: an order that comes back too old ends in the same sweep. */
  async sweep(): Promise<SweepFigures> {
    const overdue = await this.orders.overdue(new Date(this.clock.now()));
    const returned = await this.#each(overdue, (id) => this.returns.expireLease(id));
    const outdated = await this.orders.outdated(new Date(this.clock.now()));
    const expired = await this.#each(outdated, (id) => this.returns.expireOrder(id));
    return { returned, expired };
  }

  /** How many of them it was done to. One that fails must not keep the others waiting: it is met again by the next sweep. */
  async #each(ids: readonly string[], work: (id: string) => Promise<boolean>): Promise<number> {
    let done = 0;
    for (const id of ids) {
      try {
        if (await work(id)) done += 1;
      } catch (error) {
        this.#logger.error(error);
      }
    }
    return done;
  }
}
