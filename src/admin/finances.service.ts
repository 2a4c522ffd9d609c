import { Injectable } from '@nestjs/common';
import { amountIn, Balances, type BillingTotal, HOME_CURRENCY, Turnover } from '../billing/billing.port.js';
import { ScoreTotals } from '../billing/score-holds.port.js';
import type { CurrencyFinances, FinancialMetrics } from './statistics.dto.js';

/** What the ledger says of the marketplace's money. */
@Injectable()
export class Finances {
  constructor(
    private readonly turnover: Turnover,
    private readonly balances: Balances,
    private readonly scores: ScoreTotals,
  ) {}

  /** @param today midnight, UTC */
  async of(today: Date): Promise<FinancialMetrics> {
    const month = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth()));
    const [ofToday, ofMonth, payouts, byScore] = await Promise.all([
      this.turnover.totals({ from: today }, 'cost'),
      this.turnover.totals({ from: month }, 'cost'),
      this.balances.earnedByUsers(),
      this.scores.ofEverybody({ from: month }),
    ]);
    // Nothing is settled today that was not settled this month.
    const currencies = new Set([...ofMonth, ...payouts].map(({ currency }) => currency));
    const inOne = (currency: string): CurrencyFinances => ({
      currency,
      revenueToday: amountIn(ofToday, currency),
      revenueMonth: amountIn(ofMonth, currency),
      pendingPayouts: amountIn(payouts, currency),
      averageRequestValue: meanOf(ofMonth.find((total) => total.currency === currency)),
    });
    const { currency: _, ...home } = inOne(HOME_CURRENCY);
    return { ...home, currencies: [...currencies].sort().map(inOne), byScore };
  }
}

const meanOf = (total: BillingTotal | undefined): number =>
  total === undefined ? 0 : Math.round(total.amount / total.orders);
