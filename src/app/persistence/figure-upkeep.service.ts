import { Injectable } from '@nestjs/common';
import { addUpFigures, Database, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';

/**
 * Who reads a figure also reads every change that is not added up yet: at 200 orders a second two seconds of them are
 * 2,000 rows, read again by each new order that asks for its place in the queue. So whoever writes also adds up, soon.
 */
const EVERY_MS = 250;
/** Without writes of its own a process asks the database this seldom: for changes of one that died before it added them up. */
const UNASKED_MS = 2_000;

/** Adds the changes of figures up, so that few of them are read beside the sums. */
@Injectable()
export class FigureUpkeep extends PeriodicService {
  #committed = -1;
  #askAtMs = 0;

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: EVERY_MS });
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    const { committed } = this.transactions.figures;
    const nowMs = this.clock.monotonic();
    if (committed === this.#committed && nowMs < this.#askAtMs) return;
    let waits = true;
    while (waits && !signal.aborted) waits = await addUpFigures(this.database, this.transactions);
    this.#committed = committed;
    this.#askAtMs = nowMs + UNASKED_MS;
  }
}
