import { Injectable } from '@nestjs/common';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { ExpireCredits } from './expire-credits.service.js';
import { IssueInvoices, monthBefore } from './issue-invoices.service.js';

const HOUR_MS = 3_600_000;
/** How far back missing invoices are looked for. */
const MONTHS = 3;

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
