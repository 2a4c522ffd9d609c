import { Inject, Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { CLOCK, type Clock } from '#libs/kernel';
import { LedgerRepository } from './ledger.repository.js';
import { type NewPrice, PriceRepository } from './price.repository.js';
import type { ProviderPriceEntity } from './provider-price.entity.js';

/** What providers ask for their models. */
@Injectable()
export class SetPrice {
  constructor(
    private readonly prices: PriceRepository,
    private readonly ledger: LedgerRepository,
    private readonly transactions: TransactionRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Switches the provider's price for the model in one step: a quote sees the old one or the new one, never none. */
  set(price: NewPrice): Promise<ProviderPriceEntity> {
    return this.transactions.run(async (tx) => {
      await this.ledger.lock(tx, `billing:price:${price.providerId}:${price.modelName}`);
      return this.prices.replaceActive(tx, price, new Date(this.clock.now()));
    });
  }

  /** Active prices of one provider, or of all. */
  active(providerId?: number): Promise<ProviderPriceEntity[]> {
    return this.prices.listActive(providerId);
  }
}
