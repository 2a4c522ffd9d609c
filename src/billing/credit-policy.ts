import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AppError, microsOf, moneyText } from '#libs/kernel';
import { type Currency, HOME_CURRENCY, type Micros } from './billing.port.js';

/** What is to be spent and what there is. */
export interface Spending {
  readonly cost: Micros;
  readonly available: Micros;
  readonly currency: Currency;
}

/** How far below zero credits may go. */
@Injectable()
export class CreditPolicy {
  readonly #limit: Micros;

  constructor(config: AppConfig) {
    this.#limit = config.billing_mode === 'prepaid' ? 0 : microsOf(config.credit_limit);
  }

  /** The limit is stated in the home currency; in all others the money comes first. */
  limitOf(currency: Currency): Micros {
    return currency === HOME_CURRENCY ? this.#limit : 0;
  }

  /** @throws AppError `payment_required` that names both amounts */
  assertAffordable({ cost, available, currency }: Spending): void {
    const limit = this.limitOf(currency);
    const spendable = available + limit;
    if (cost <= spendable) return;
    const account = `balance ${moneyText(available, currency)}, credit limit ${moneyText(limit, currency)}`;
    throw new AppError(
      'payment_required',
      `Insufficient credits: ${moneyText(cost, currency)} needed, ${moneyText(Math.max(0, spendable), currency)} can be spent (${account})`,
      { code: 'insufficient_credits' },
    );
  }
}
