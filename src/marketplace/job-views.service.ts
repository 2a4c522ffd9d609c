import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { PLATFORM_ID } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import { viewOfJob } from './job.view.js';
import type { MarketplaceEventKind } from './marketplace-events.port.js';
import { MarketplaceListeners } from './marketplace-listeners.js';
import type { JobView } from './marketplace.port.js';
import type { PredictionJobEntity } from './prediction-job.entity.js';

/** Turns rows into what others may see of them, and tells the listeners what happened. */
@Injectable()
export class JobViews {
  constructor(
    private readonly users: UserDirectory,
    private readonly listeners: MarketplaceListeners,
  ) {}

  async of(row: PredictionJobEntity, mayReadResult = true): Promise<JobView> {
    const holder = row.claimedBy;
    const names = holder === null || holder === PLATFORM_ID ? null : await this.users.usernames([holder]);
    const evaluatorUsername = names?.get(holder ?? PLATFORM_ID) ?? null;
    return viewOfJob(row, { evaluatorUsername, mayReadResult });
  }

  /** Tells the listeners, in the transaction, and returns the view. */
  async tell(
    tx: Transaction,
    kind: MarketplaceEventKind,
    row: PredictionJobEntity,
    occurredAt: Date,
  ): Promise<JobView> {
    const job = await this.of(row);
    await this.listeners.tell(tx, { kind, job, occurredAt });
    return job;
  }
}
