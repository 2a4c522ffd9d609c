import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { EventLog, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { PredictionRepository } from './prediction.repository.js';

/** Rows per transaction, so that the writer is never held for long. */
const BATCH = 200;

/** Deletes finished predictions and their steps after `prediction_history_days`, an hour after the start and every hour from then on. */
@Injectable()
export class PredictionUpkeep extends PeriodicService {
  constructor(
    private readonly predictions: PredictionRepository,
    private readonly transactions: TransactionRunner,
    private readonly events: EventLog,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS });
  }

  override onApplicationBootstrap(): void {
    if (this.config.prediction_history_days > 0) super.onApplicationBootstrap();
  }

  /** Deletes what is too old; returns how many rows went. */
  async purge(): Promise<number> {
    const before = new Date(this.clock.now() - this.config.prediction_history_days * DAY_MS);
    let deleted = 0;
    for (;;) {
      const ids = await this.predictions.finishedBefore(before, BATCH);
      if (ids.length === 0) break;
      await this.transactions.run(async (tx) => {
        for (const id of ids) await this.predictions.delete(tx, id);
      });
      deleted += ids.length;
    }
    while ((await this.transactions.run((tx) => this.events.purge(tx, before.getTime()))) > 0);
    return deleted;
  }

  protected async turn(): Promise<void> {
    const deleted = await this.purge();
    if (deleted === 0) return;
    const { prediction_history_days: days } = this.config;
    this.logger.log(`deleted ${deleted} predictions older than ${days} days`);
  }
}
