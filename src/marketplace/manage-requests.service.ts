import { Injectable } from '@nestjs/common';
import { TransactionRunner, type Transaction } from '#libs/database';
import { isAdministrator } from '#libs/http';
import { AppError, type Actor, Clock } from '#libs/kernel';
import { Billing, type Money, Prices } from '../billing/billing.port.js';
import { ClaimHistory } from './claim-history.repository.js';
import type {
  ClientRequests,
  JobChange,
  JobClaim,
  JobFilter,
  JobList,
  JobPage,
} from './client-requests.port.js';
import { isOperator, mayReadResult, ownRow, requestNotFound } from './job-access.js';
import { JobLists } from './job-lists.repository.js';
import { priceRequestOf } from './job-rules.js';
import { JobViews } from './job-views.service.js';
import { requestOf, summaryOf } from './job.view.js';
import type { JobRequest, JobView } from './marketplace.port.js';
import type { PredictionJobEntity } from './prediction-job.entity.js';
import { PredictionJobRepository } from './prediction-job.repository.js';
import { refuseAbove } from './submit-request.service.js';

/** A client's requests: read, changed and cancelled. */
@Injectable()
export class ManageRequests implements ClientRequests {
  constructor(
    private readonly jobs: PredictionJobRepository,
    private readonly lists: JobLists,
    private readonly history: ClaimHistory,
    private readonly views: JobViews,
    private readonly transactions: TransactionRunner,
    private readonly prices: Prices,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {}

  async claims(actor: Actor, jobId: string): Promise<readonly JobClaim[]> {
    const { id } = await this.find(actor, jobId);
    return this.history.of(id);
  }

  async find(actor: Actor, jobId: string): Promise<JobView> {
    const row = await this.jobs.find(jobId);
    if (row === null) throw requestNotFound();
    return this.views.of(row, mayReadResult(actor, row));
  }

  async list(actor: Actor, filter: JobFilter, page: JobPage): Promise<JobList> {
    const owner = isAdministrator(actor) || isOperator(actor) ? null : actor.userId;
    const { rows, total } = await this.lists.ofClient(owner, filter, page);
    return { jobs: rows.map(summaryOf), total };
  }

  async update(actor: Actor, jobId: string, change: JobChange): Promise<JobView> {
    return this.transactions.run(async (tx) => {
      const row = await this.#pendingRow(tx, actor, jobId);
      const request = changed(requestOf(row), change);
      const quote = await this.prices.requote(row.id, priceRequestOf({ request, modelName: row.modelName }));
      refuseAbove(request.maxCost, quote);
      if (quote.total !== row.estimatedCostMicros) await this.billing.adjust(tx, row.id, quote);
      const now = new Date(this.clock.now());
      const after = await this.jobs.change(
        tx,
        row,
        {
          priority: request.priority,
          maxCostMicros: request.maxCost,
          notificationWebhook: request.notificationWebhook,
          ...(quote.total !== row.estimatedCostMicros && {
            estimatedCostMicros: quote.total,
            estimatedPaymentMicros: quote.shares.evaluator,
          }),
        },
        now,
      );
      return this.views.tell(tx, 'updated', after, now);
    });
  }

  async cancel(actor: Actor, jobId: string): Promise<{ readonly job: JobView; readonly refund: Money }> {
    return this.transactions.run(async (tx) => {
      const row = await this.#pendingRow(tx, actor, jobId);
      const now = new Date(this.clock.now());
      const reason = 'user_requested';
      const refund = await this.billing.void(tx, row.id, `cancelled: ${reason}`);
      const cancelled = await this.jobs.change(
        tx,
        row,
        {
          status: 'cancelled',
          completedAt: now,
          cancelledAt: now,
          cancelledBy: actor.userId,
          cancellationReason: reason,
        },
        now,
      );
      return { job: await this.views.tell(tx, 'cancelled', cancelled, now), refund };
    });
  }

  /** The row, locked. */
  async #pendingRow(tx: Transaction, actor: Actor, jobId: string): Promise<PredictionJobEntity> {
    const row = ownRow(actor, await this.jobs.findForUpdate(tx, jobId));
    if (row.status === 'pending') return row;
    throw new AppError('conflict', `Only a pending request can be changed; this one is ${row.status}`, {
      code: 'not_pending',
    });
  }
}

const changed = (request: JobRequest, { priority, maxCost, notificationWebhook }: JobChange): JobRequest => ({
  ...request,
  priority: priority ?? request.priority,
  maxCost: maxCost === undefined ? request.maxCost : maxCost,
  notificationWebhook: notificationWebhook === undefined ? request.notificationWebhook : notificationWebhook,
});
