import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { AppError, Clock, HOUR_MS, moneyOf, moneyText, newUuid, snakeCased, type Actor } from '#libs/kernel';
import { Billing, HOME_CURRENCY, Prices, type Quote } from '../billing/billing.port.js';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { type SubscriptionTier, Subscriptions } from '../accounts/accounts.port.js';
import type { NewOrders, SubmittedOrder } from './client-orders.port.js';
import { CompleteTerms, priceTermsOf, type Priced } from './complete-terms.service.js';
import { OrderViews } from './order-views.service.js';
import type { AskedTerms, Effort, JsonObject, OrderTerms } from './marketplace.port.js';
import { OrderRepository, type NewOrderRow } from './order.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';

/** Takes a client's order: limit, quote, hold, row and place in the queue are one transaction. */
@Injectable()
export class SubmitOrder implements NewOrders {
  constructor(
    private readonly orders: OrderRepository,
    private readonly terms: CompleteTerms,
    private readonly outlook: QueueOutlook,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly prices: Prices,
    private readonly billing: Billing,
    private readonly subscriptions: Subscriptions,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async quote(terms: AskedTerms): Promise<Quote> {
    return this.prices.quote(priceTermsOf(await this.terms.complete(terms)));
  }

  async submit(actor: Actor, terms: AskedTerms): Promise<SubmittedOrder> {
    const priced = await this.terms.complete(terms);
    return this.transactions.run(async (tx) => {
      const [orderId, clientId] = [newUuid(), actor.userId];
      // until the transaction ends nobody else takes the client's room, or from its funds
      const [quote] = await Promise.all([
        this.prices.quote(priceTermsOf(priced)),
        this.orders.lockParty(tx, 'client', clientId),
        this.billing.lockFunds(tx, clientId, HOME_CURRENCY),
      ]);
      if (quote.currency !== HOME_CURRENCY) await this.billing.lockFunds(tx, clientId, quote.currency);
      const [clientTier, place, funds] = await Promise.all([
        this.#tierWithRoom(clientId),
        this.outlook.ofNext(terms),
        this.billing.fundsFor(tx, orderId, clientId, quote.currency),
      ]);
      refuseAbove(terms.maxCost, quote);
      const row = await this.orders.add(tx, this.#newRow(actor, priced, quote, { orderId, clientTier }));
      const description = `${terms.symbol} ${terms.predictionType} by ${priced.modelName}`;
      await this.billing.hold(tx, { orderId, clientId, quote, description, funds });
      const order = await this.views.tell(tx, 'submitted', row, row.createdAt);
      return { order, ...place };
    });
  }

  /** The client's tier, when it has room for another order. */
  async #tierWithRoom(userId: number): Promise<SubscriptionTier> {
    const [tier, open] = await Promise.all([
      this.subscriptions.tierOf(userId),
      this.orders.countOpen(userId),
    ]);
    const limit = this.settings.get(`marketplace_limit_${tier}`);
    if (open < limit) return tier;
    throw new AppError(
      'too_many',
      `Too many unfinished orders: ${open} of the ${limit} that the tier '${tier}' allows; wait for one to finish or cancel one`,
      {
        code: 'request_limit',
        headers: { 'Retry-After': '60' },
        original: `Maximum concurrent predictions (${limit}) exceeded`,
      },
    );
  }

  #newRow(
    { userId }: Actor,
    { terms, modelName }: Priced,
    quote: Quote,
    { orderId, clientTier }: { orderId: string; clientTier: SubscriptionTier },
  ): NewOrderRow {
    const now = this.clock.now();
    return {
      ...terms,
      id: orderId,
      taskId: newUuid(),
      clientId: userId,
      ticker: terms.symbol,
      modelName,
      payload: payloadOf(terms),
      effort: effortOf(terms),
      clientTier,
      currency: quote.currency,
      estimatedCost: quote.total,
      estimatedPayment: quote.shares.evaluator,
      providerId: quote.providerId,
      priceId: quote.priceId,
      scoreShare: quote.scoreShare,
      createdAt: new Date(now),
      updatedAt: new Date(now),
      expiresAt: new Date(now + this.config.marketplace_expiry_hours * HOUR_MS),
    };
  }
}

/** @throws AppError `payment_required` with both amounts, exact and as the original writes them */
export function refuseAbove(maxCost: number | null, { total }: Quote): void {
  if (maxCost === null || total <= maxCost) return;
  throw new AppError(
    'payment_required',
    `Estimated cost (${pythonText(total)}) exceeds maximum (${pythonText(maxCost)})`,
    { code: 'max_cost_exceeded' },
  );
}

/** An amount as Python writes a float: `5.0`, `6.25`, `0.000001`. */
const pythonText = (micros: number): string =>
  moneyText(micros, '')
    .trim()
    .replace(/(\.\d)0$/, '$1');

/** The terms under the names of their fields in JSON, as they are kept. */
function payloadOf(terms: OrderTerms): JsonObject {
  const fields = { ...terms, maxCost: terms.maxCost === null ? null : moneyOf(terms.maxCost) };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCased(name), value]));
}

/** How much an evaluator has to do. */
function effortOf({ predictionHorizon, lookbackTicks, predictorPlugin }: OrderTerms): Effort {
  if (predictionHorizon <= 6 && lookbackTicks <= 1_000 && predictorPlugin.includes('default')) return 'low';
  return predictionHorizon <= 12 && lookbackTicks <= 2_000 ? 'medium' : 'high';
}
