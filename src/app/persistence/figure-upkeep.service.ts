import { Injectable } from '@nestjs/common';
import { addUpFigures, Database, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';

/**
 * Who reads a figure also reads every change that is not added up yet: at 200 orders a second two seconds of them are
 * 2,000 rows, read again by each new order that asks for its place in the queue.
 */
const EVERY_MS = 250;

/** Adds the changes of figures up, so that few of them are read beside the sums. */
@Injectable()
export class FigureUpkeep extends PeriodicService {
  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    clock: Clock,
  ) {
    super(clock, { everyMs: EVERY_MS });
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    while (await addUpFigures(this.database, this.transactions)) if (signal.aborted) return;
  }
}
