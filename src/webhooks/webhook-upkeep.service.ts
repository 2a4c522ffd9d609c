import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { WebhookDeliveryRepository } from './webhook-delivery.repository.js';

/** Rows per transaction, so that the writer is never held for long. */
const BATCH = 200;

/** Deletes ended deliveries after `webhook_history_days`, an hour after the start and every hour from then on. */
@Injectable()
export class WebhookUpkeep extends PeriodicService {
  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS });
  }

  /** Deletes what is too old; returns how many deliveries went. */
  async purge(): Promise<number> {
    const before = new Date(this.clock.now() - this.config.webhook_history_days * DAY_MS);
    let deleted = 0;
    for (;;) {
      const ids = await this.deliveries.finishedBefore(before, BATCH);
      if (ids.length === 0) return deleted;
      const gone = await this.transactions.run((tx) => this.deliveries.delete(tx, ids));
      deleted += gone;
      if (gone === 0) return deleted; // all of these were begun anew meanwhile
    }
  }

  protected turn(): Promise<number> {
    return this.purge();
  }
}
