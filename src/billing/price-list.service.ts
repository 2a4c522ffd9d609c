import { Inject, Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { type Actor, CLOCK, type Clock, microsOf } from '#libs/kernel';
import { presentPrice } from './billing.view.js';
import { LedgerRepository } from './ledger.repository.js';
import { type NewPrice, PriceRepository } from './price.repository.js';
import type { PricingOut, PricingRequest } from './pricing.dto.js';
import type { ProviderPriceEntity } from './provider-price.entity.js';

/** What providers ask for their models. */
@Injectable()
export class PriceList {
  constructor(
    private readonly prices: PriceRepository,
    private readonly ledger: LedgerRepository,
    private readonly transactions: TransactionRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Sets the caller's price for a model. */
  async set(
    { userId }: Actor,
    { model_name, price_per_request, currency }: PricingRequest,
  ): Promise<PricingOut> {
    const price = {
      providerId: userId,
      modelName: model_name,
      priceMicros: microsOf(price_per_request),
      currency,
    };
    return presentPrice(await this.switchTo(price));
  }

  /** Switches a price in one step: a quote sees the old one or the new one, never none and never both. */
  switchTo(price: NewPrice): Promise<ProviderPriceEntity> {
    return this.transactions.run(async (tx) => {
      await this.ledger.lock(tx, `billing:price:${price.providerId}:${price.modelName}`);
      return this.prices.replaceActive(tx, price, new Date(this.clock.now()));
    });
  }

  /** The caller's active prices. */
  async own({ userId }: Actor): Promise<PricingOut[]> {
    return (await this.prices.listActive(userId)).map(presentPrice);
  }

  /** Everybody's active prices. */
  async all(): Promise<PricingOut[]> {
    return (await this.prices.listActive()).map(presentPrice);
  }
}
