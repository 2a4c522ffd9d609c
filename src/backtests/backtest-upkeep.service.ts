import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { BacktestRepository } from './backtest.repository.js';

/** Back-tests in one transaction: each has up to some hundred parts. */
const BATCH = 5;

/** Deletes back-tests `backtest_history_days` after their end, every hour. */
@Injectable()
export class BacktestUpkeep extends PeriodicService {
  constructor(
    private readonly backtests: BacktestRepository,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: HOUR_MS });
  }

  /** Returns how many went. */
  async purge(): Promise<number> {
    const before = new Date(this.clock.now() - this.config.backtest_history_days * DAY_MS);
    let deleted = 0;
    for (;;) {
      const gone = await this.transactions.run((tx) => this.backtests.deleteBefore(tx, before, BATCH));
      if (gone === 0) return deleted;
      deleted += gone;
    }
  }

  protected turn(): Promise<number> {
    return this.purge();
  }
}
