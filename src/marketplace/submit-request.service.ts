import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner, type Transaction } from '#libs/database';
import { AppError, moneyText, newUuid, type Actor, Clock } from '#libs/kernel';
import { Billing, Prices, type Quote } from '../billing/billing.port.js';
import { Subscriptions } from '../accounts/accounts.port.js';
import type { NewRequests, SubmittedJob } from './client-requests.port.js';
import { CompleteJobRequest } from './complete-job-request.service.js';
import { effortOf, payloadOf, priceRequestOf, type Priced } from './job-rules.js';
import { JobViews } from './job-views.service.js';
import type { ClientTier, JobRequest } from './marketplace.port.js';
import { PredictionJobRepository, type NewPredictionJob } from './prediction-job.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';

const HOUR_MS = 3_600_000;

/** Takes a client's request: limit, quote, hold, row and place in the queue are one transaction. */
@Injectable()
export class SubmitRequest implements NewRequests {
  constructor(
    private readonly jobs: PredictionJobRepository,
    private readonly requests: CompleteJobRequest,
    private readonly outlook: QueueOutlook,
    private readonly views: JobViews,
    private readonly transactions: TransactionRunner,
    private readonly prices: Prices,
    private readonly billing: Billing,
    private readonly subscriptions: Subscriptions,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async quote(request: JobRequest): Promise<Quote> {
    return this.prices.quote(priceRequestOf(await this.requests.complete(request)));
  }

  async submit(actor: Actor, request: JobRequest): Promise<SubmittedJob> {
    const priced = await this.requests.complete(request);
    return this.transactions.run(async (tx) => {
      const clientTier = await this.#placeOf(tx, actor);
      const quote = await this.prices.quote(priceRequestOf(priced));
      refuseAbove(request.maxCost, quote);
      const row = await this.jobs.add(tx, this.#newRow(actor, priced, quote, clientTier));
      const description = `${request.symbol} ${request.predictionType} by ${priced.modelName}`;
      await this.billing.hold(tx, { jobId: row.id, clientId: actor.userId, quote, description });
      const queuePosition = await this.outlook.positionOf(row);
      const estimatedCompletion = await this.outlook.completionOf(queuePosition);
      const job = await this.views.tell(tx, 'submitted', row, row.createdAt);
      return { job, queuePosition, estimatedCompletion };
    });
  }

  /** The client's tier, when it has room for another request; until the transaction ends nobody else takes the room. */
  async #placeOf(tx: Transaction, { userId }: Actor): Promise<ClientTier> {
    await this.jobs.lockParty(tx, 'client', userId);
    const tier = await this.subscriptions.tierOf(userId);
    const limit = this.config[`marketplace_limit_${tier}`];
    const open = await this.jobs.countOpen(userId);
    if (open < limit) return tier;
    throw new AppError(
      'too_many',
      `Too many unfinished requests: ${open} of the ${limit} that the tier '${tier}' allows; wait for one to finish or cancel one`,
      { code: 'request_limit', headers: { 'Retry-After': '60' } },
    );
  }

  #newRow({ userId }: Actor, priced: Priced, quote: Quote, clientTier: ClientTier): NewPredictionJob {
    const { request, modelName } = priced;
    const { maxCost, ...asked } = request;
    const now = this.clock.now();
    return {
      ...asked,
      id: newUuid(),
      taskId: newUuid(),
      userId,
      ticker: request.symbol,
      modelName,
      requestPayload: payloadOf(request),
      maxCostMicros: maxCost,
      effort: effortOf(request),
      clientTier,
      currency: quote.currency,
      estimatedCostMicros: quote.total,
      estimatedPaymentMicros: quote.shares.evaluator,
      providerId: quote.providerId,
      priceId: quote.priceId,
      createdAt: new Date(now),
      expiresAt: new Date(now + this.config.marketplace_expiry_hours * HOUR_MS),
    };
  }
}

/** @throws AppError `payment_required` with both amounts */
export function refuseAbove(maxCost: number | null, { total, currency }: Quote): void {
  if (maxCost === null || total <= maxCost) return;
  throw new AppError(
    'payment_required',
    `The request costs ${moneyText(total, currency)}, more than the maximum of ${moneyText(maxCost, currency)}`,
    { code: 'max_cost_exceeded' },
  );
}
