import { Injectable } from '@nestjs/common';
import { addUpFigures, Database, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, SECOND_MS } from '#libs/kernel';

/** Adds the changes of figures up every two seconds, so that few of them are read beside the sums. */
@Injectable()
export class FigureUpkeep extends PeriodicService {
  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    clock: Clock,
  ) {
    super(clock, { everyMs: 2 * SECOND_MS });
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    while (await addUpFigures(this.database, this.transactions)) if (signal.aborted) return;
  }
}
