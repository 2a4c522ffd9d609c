import { Injectable } from '@nestjs/common';
import type { Later, Transaction } from '#libs/database';
import type { Currency, Micros } from './billing.port.js';
import { type CreditOfOrder, CreditRepository, type OpenCredit } from './credit.repository.js';
import { availableOf, GRANTS } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';

/** A spending that may use credits which expire. */
export interface Spent {
  readonly transactionId: Later;
  readonly amount: Micros;
}

/** What a user has in a currency, as long as the funds are locked. */
export interface Funds {
  readonly available: Micros;
  /** Expiring credits among it, those that expire first in front. */
  readonly open: readonly OpenCredit[];
}

/** Money that comes back from an order's hold, and what the order took from which credit. */
export interface Returned extends Spent {
  readonly used: readonly CreditOfOrder[];
}

/**
 * Credits that expire: spent before all others, the one that expires first in front; what is unused on the day is taken
 * back. Every call is made under the lock of the user's funds.
 */
@Injectable()
export class CreditUses {
  constructor(
    private readonly credits: CreditRepository,
    private readonly ledger: LedgerRepository,
  ) {}

  /** Open credits that transactions of this order used; those that expire last in front. */
  usedBy(tx: Transaction, orderId: string): Promise<CreditOfOrder[]> {
    return this.credits.usedBy(tx, orderId);
  }

  /** Notes which of these credits an amount was spent from. */
  use(tx: Transaction, open: readonly OpenCredit[], { transactionId, amount }: Spent): void {
    let left = amount;
    for (const credit of open) {
      const used = Math.min(left, credit.amount - credit.used);
      if (used <= 0) continue;
      this.credits.addUse(tx, credit, transactionId, used);
      left -= used;
    }
  }

  /**
   * Gives back what an order took from credits that are still valid. What came from an expired one stays with its
   * owner: a hold goes back in full.
   */
  giveBack(tx: Transaction, { used, transactionId, amount }: Returned, now: Date): void {
    let left = amount;
    for (const credit of used) {
      const returned = Math.min(left, credit.byOrder);
      if (returned <= 0 || credit.expiresAt <= now) continue;
      this.credits.addUse(tx, credit, transactionId, -returned);
      left -= returned;
    }
  }

  /** What a user has to spend, and in which expiring credits; what has expired is taken back. */
  async fundsOf(tx: Transaction, userId: number, currency: Currency, now: Date): Promise<Funds> {
    const [credits, available] = await Promise.all([
      this.credits.openOf(tx, userId, currency),
      this.ledger.availableForUpdate(tx, userId, currency),
    ]);
    const open = await this.#expire(tx, userId, currency, credits, now);
    if (open.length === credits.length) return { open, available };
    return { open, available: await this.ledger.availableForUpdate(tx, userId, currency) };
  }

  /** Takes back what is left of this user's credits that have expired, and closes them; returns the valid ones. */
  async expireDue(tx: Transaction, userId: number, currency: Currency, now: Date): Promise<void> {
    await this.#expire(tx, userId, currency, await this.credits.openOf(tx, userId, currency), now);
  }

  async #expire(
    tx: Transaction,
    userId: number,
    currency: Currency,
    open: readonly OpenCredit[],
    now: Date,
  ): Promise<OpenCredit[]> {
    for (const credit of open.filter(({ expiresAt }) => expiresAt <= now)) {
      const left = credit.amount - credit.used;
      if (left > 0) {
        const transactionId = await this.ledger.post(
          tx,
          {
            type: 'expiry',
            userId,
            currency,
            amount: left,
            description: `Credit ${credit.id} expired`,
            entries: [
              { account: availableOf(userId), amount: -left },
              { account: GRANTS, amount: left },
            ],
          },
          now,
        );
        this.credits.addUse(tx, credit, transactionId, left);
      }
      await this.credits.close(tx, credit.id, now);
    }
    return open.filter(({ expiresAt }) => expiresAt > now);
  }
}
