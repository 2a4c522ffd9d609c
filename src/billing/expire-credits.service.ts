import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { Clock } from '#libs/kernel';
import { CreditRepository } from './credit.repository.js';
import { CreditUses } from './credit-uses.service.js';
import { LedgerRepository } from './ledger.repository.js';

const BATCH = 100;

/** Takes back credits on the day they expire, also those of clients who do not come any more. */
@Injectable()
export class ExpireCredits {
  constructor(
    private readonly credits: CreditRepository,
    private readonly uses: CreditUses,
    private readonly ledger: LedgerRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /** Goes on until nothing is due; each client is a transaction of its own. */
  async expireAll(): Promise<void> {
    const now = new Date(this.clock.now());
    for (;;) {
      const due = await this.credits.ownersOfDue(now, BATCH);
      for (const { userId, currency } of due) {
        await this.transactions.run(async (tx) => {
          await this.ledger.lockFunds(tx, userId, currency);
          await this.uses.expireDue(tx, userId, currency, now);
        });
      }
      if (due.length < BATCH) return;
    }
  }
}
