import { Injectable } from '@nestjs/common';
import { Database, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { LoggedRequests } from './logged-requests.repository.js';

/** On PostgreSQL a row may become visible after one with a higher id: until the transaction limit (30 s) at most. */
const SETTLED_MS = MINUTE_MS;
/** Transactions a turn, so that a log of millions is caught up with in minutes and nobody waits for it. */
const MOST_SUMS = 100;

/** Adds the requests of the audit log up, every five seconds. */
@Injectable()
export class AddUpRequests extends PeriodicService {
  /** The newest row at a moment of the past, and the latest of those that have settled. */
  #noted: { readonly at: number; readonly id: number } | null = null;
  #settledId = 0;

  constructor(
    private readonly figures: LoggedRequests,
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: 5 * SECOND_MS });
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    const lastId = await this.#lastSettled();
    for (let sums = 0; sums < MOST_SUMS && !signal.aborted; sums += 1)
      if (!(await this.transactions.run((tx) => this.figures.addUp(tx, lastId)))) return;
  }

  async #lastSettled(): Promise<number> {
    const id = await this.figures.newestRow();
    if (this.database.kind === 'sqlite') return id; // its one writer commits in the order of ids
    const now = this.clock.monotonic();
    if (this.#noted !== null && now - this.#noted.at >= SETTLED_MS) {
      this.#settledId = this.#noted.id;
      this.#noted = null;
    }
    this.#noted ??= { at: now, id };
    return this.#settledId;
  }
}
