import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type CancelTimer, Clock } from '#libs/kernel';
import { ExpireCredits } from './expire-credits.service.js';
import { IssueInvoices, monthBefore } from './issue-invoices.service.js';

const HOUR_MS = 3_600_000;
/** How far back missing invoices are looked for. */
const MONTHS = 3;

/** What must happen to money by itself: credits expire, closed months are invoiced. A minute after the start, then hourly. */
@Injectable()
export class BillingUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(BillingUpkeep.name);
  #cancel: CancelTimer = () => undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(
    private readonly expiry: ExpireCredits,
    private readonly invoices: IssueInvoices,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.#plan(HOUR_MS / 60);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#cancel();
    await this.#working;
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

  #plan(delayMs: number): void {
    this.#cancel = this.clock.after(delayMs, () => {
      this.#working = this.run().catch((error: unknown) => this.#logger.error(error));
      this.#plan(HOUR_MS);
    });
  }
}
