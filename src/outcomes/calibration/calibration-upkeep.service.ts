import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, DAY_MS } from '#libs/kernel';
import { JUDGED_DAYS } from '../keep-scores.service.js';
import { CalibrationRepository } from './calibration.repository.js';

/** Rows in one transaction. */
const BATCH = 200;

/**
 * Deletes once a day what calibrates a model that has had neither an outcome nor a back-test for a year: a version that is served no
 * more leaves one row for each symbol, interval and horizon. Outcomes of that age count nowhere else either.
 */
@Injectable()
export class CalibrationUpkeep extends PeriodicService {
  constructor(
    private readonly states: CalibrationRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: DAY_MS });
  }

  /** Returns how many rows went. */
  async purge(): Promise<number> {
    const before = new Date(this.clock.now() - JUDGED_DAYS * DAY_MS);
    let deleted = 0;
    for (;;) {
      const gone = await this.transactions.run((tx) => this.states.deleteBefore(tx, before, BATCH));
      if (gone === 0) return deleted;
      deleted += gone;
    }
  }

  protected async turn(): Promise<void> {
    const deleted = await this.purge();
    if (deleted > 0) this.logger.log(`deleted ${deleted} calibrations that nothing changed for a year`);
  }
}
