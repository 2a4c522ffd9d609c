import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import type { Currency, Micros } from './billing.port.js';
import { CreditRepository, type OpenCredit } from './credit.repository.js';
import { availableOf, GRANTS } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';

/** A spending that may use credits which expire. */
export interface Spent {
  readonly transactionId: number;
  readonly amount: Micros;
}

/** Money that comes back from an order's hold. */
export interface Returned {
  readonly orderId: string;
  readonly transactionId: number;
  readonly amount: Micros;
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

  /** Notes which of these credits an amount was spent from. */
  async use(tx: Transaction, open: readonly OpenCredit[], { transactionId, amount }: Spent): Promise<void> {
    let left = amount;
    for (const credit of open) {
      const used = Math.min(left, credit.amount - credit.used);
      if (used <= 0) continue;
      await this.credits.addUse(tx, credit, transactionId, used);
      left -= used;
    }
  }

  /**
   * Gives back what an order took from credits that are still valid. What came from an expired one stays with its
   * owner: a hold goes back in full.
   */
  async giveBack(tx: Transaction, { orderId, transactionId, amount }: Returned, now: Date): Promise<void> {
    let left = amount;
    for (const credit of await this.credits.usedBy(tx, orderId)) {
      const returned = Math.min(left, credit.byOrder);
      if (returned <= 0 || credit.expiresAt <= now) continue;
      await this.credits.addUse(tx, credit, transactionId, -returned);
      left -= returned;
    }
  }

  /** Takes back what is left of this user's credits that have expired, and closes them; returns the valid ones. */
  async expireDue(tx: Transaction, userId: number, currency: Currency, now: Date): Promise<OpenCredit[]> {
    const open = await this.credits.openOf(tx, userId, currency);
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
        await this.credits.addUse(tx, credit, transactionId, left);
      }
      await this.credits.close(tx, credit.id, now);
    }
    return open.filter(({ expiresAt }) => expiresAt > now);
  }
}
