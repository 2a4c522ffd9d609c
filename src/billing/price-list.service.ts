import { Injectable } from '@nestjs/common';
import { lockName, TransactionRunner } from '#libs/database';
import { Page } from '#libs/http';
import { Clock } from '#libs/kernel';
import type { PricingOut, PricingQuery } from './billing.dto.js';
import { type NewPrice, type PriceFilter, PriceRepository } from './price.repository.js';

/** What providers ask for their models. */
@Injectable()
export class PriceList {
  constructor(
    private readonly prices: PriceRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /** Switches a price in one step: a quote sees the old one or the new one, never none and never both. */
  switchTo(price: NewPrice): Promise<PricingOut> {
    return this.transactions.run(async (tx) => {
      await lockName(tx, `billing:price:${price.providerId}:${price.modelName}`);
      return this.prices.replaceActive(tx, price, new Date(this.clock.now()));
    });
  }

  /** Prices of one provider or of all: the active ones, or with `history` all that ever were. */
  page(owner: Pick<PriceFilter, 'providerId'>, query: PricingQuery): Promise<Page<PricingOut>> {
    const filter: PriceFilter = query.history ? owner : { ...owner, isActive: true };
    return Page.counted(query, this.prices.list(filter, query), this.prices.count(filter));
  }
}
