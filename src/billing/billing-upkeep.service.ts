import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, HOUR_MS } from '#libs/kernel';
import { CreditRepository } from './credit.repository.js';
import { CreditUses } from './credit-uses.service.js';
import { IssueInvoices, monthBefore } from './issue-invoices.service.js';
import { LedgerRepository } from './ledger.repository.js';

/** How far back missing invoices are looked for. */
const MONTHS = 3;

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

/** What must happen to money by itself: credits expire, closed months are invoiced. A minute after the start, then hourly. */
@Injectable()
export class BillingUpkeep extends PeriodicService {
  constructor(
    private readonly expiry: ExpireCredits,
    private readonly invoices: IssueInvoices,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS, firstMs: HOUR_MS / 60 });
  }

  /** Does what is due. */
  async run(): Promise<void> {
    await this.expiry.expireAll();
    const now = new Date(this.clock.now());
    for (let before = MONTHS; before > 0; before -= 1) {
      const month = monthBefore(now, before);
      if (this.invoices.isClosed(month)) await this.invoices.issue(month);
    }
  }

  protected turn(): Promise<void> {
    return this.run();
  }
}
