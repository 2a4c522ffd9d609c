import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { Page } from '#libs/http';
import { type Actor, Clock, microsOf } from '#libs/kernel';
import { presentPrice } from './billing.view.js';
import { LedgerRepository } from './ledger.repository.js';
import { type NewPrice, type PriceFilter, PriceRepository } from './price.repository.js';
import type { PricingOut, PricingQuery, PricingRequest } from './pricing.dto.js';
import type { ProviderPriceEntity } from './provider-price.entity.js';

/** What providers ask for their models. */
@Injectable()
export class PriceList {
  constructor(
    private readonly prices: PriceRepository,
    private readonly ledger: LedgerRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
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

  /** The caller's prices: the active ones, or all that ever were. */
  own({ userId }: Actor, query: PricingQuery): Promise<Page<PricingOut>> {
    return this.#page({ providerId: userId }, query);
  }

  /** Everybody's prices, as {@link own}. */
  all(query: PricingQuery): Promise<Page<PricingOut>> {
    return this.#page({}, query);
  }

  async #page(who: PriceFilter, query: PricingQuery): Promise<Page<PricingOut>> {
    const filter: PriceFilter = query.history ? who : { ...who, isActive: true };
    const [rows, total] = await Promise.all([this.prices.list(filter, query), this.prices.count(filter)]);
    return new Page(rows.map(presentPrice), query, query.offset + rows.length < total, total);
  }
}
