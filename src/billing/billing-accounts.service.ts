import { Injectable } from '@nestjs/common';
import { Page } from '#libs/http';
import { type Actor, Clock, DAY_MS, FIRST_MOMENT } from '#libs/kernel';
import type {
  AllBillingQuery,
  BillingOut,
  EarningsOut,
  OwnBillingQuery,
  PeriodQuery,
  SpendOut,
  SummaryOut,
} from './billing.dto.js';
import { BillingRecordRepository, type RevenueTotal } from './billing-record.repository.js';
import { ScoreHoldRepository } from './score-hold.repository.js';
import { type BillingPeriod, type BillingTotal, HOME_CURRENCY, type SettledFilter } from './billing.port.js';

interface Period {
  readonly from: Date;
  readonly to: Date;
  /** Without an end the totals hold what is settled at this very moment, too. */
  readonly bounds: BillingPeriod;
}

/** What was billed, for those whom it concerns. */
@Injectable()
export class BillingAccounts {
  constructor(
    private readonly records: BillingRecordRepository,
    private readonly holds: ScoreHoldRepository,
    private readonly clock: Clock,
  ) {}

  /** The caller's shares as a provider. */
  async earnings({ userId }: Actor, query: PeriodQuery): Promise<EarningsOut> {
    const period = this.#periodOf(query);
    const totals = await this.records.totals({ ...period.bounds, providerId: userId }, 'provider');
    const byScore = await this.holds.totals({ providerId: userId }, period.bounds);
    return { ...totalled(totals, period), byScore };
  }

  /** The caller's whole costs as a client. */
  async spend({ userId }: Actor, query: PeriodQuery): Promise<SpendOut> {
    const period = this.#periodOf(query);
    const totals = await this.records.totals({ ...period.bounds, clientId: userId }, 'cost');
    const byScore = await this.holds.totals({ clientId: userId }, period.bounds);
    return { ...totalled(totals, period), byScore };
  }

  /** Everybody's whole costs. */
  async summary(query: PeriodQuery): Promise<SummaryOut> {
    const period = this.#periodOf(query);
    const [revenue, byScore] = await Promise.all([
      this.records.revenue(period.bounds),
      this.holds.ofEverybody(period.bounds),
    ]);
    return { ...totalled(revenue, period), byScore };
  }

  /** Bill items, newest first. */
  page(filter: SettledFilter, query: OwnBillingQuery | AllBillingQuery): Promise<Page<BillingOut>> {
    return Page.counted(query, this.records.newest(filter, query), this.records.count(filter));
  }

  /** The last `days`, up to `to` or now; from `from` on where it is given. */
  #periodOf({ days, from, to }: PeriodQuery): Period {
    const end = to ?? new Date(this.clock.now());
    const begin = from ?? new Date(Math.max(FIRST_MOMENT, end.getTime() - days * DAY_MS));
    return { from: begin, to: end, bounds: { from: begin, ...(to !== undefined && { to }) } };
  }
}

const NOTHING: RevenueTotal = { currency: HOME_CURRENCY, amount: 0, orders: 0, clients: 0, providers: 0 };

/** The total in the home currency, which the original's keys are about, above all of them. */
const totalled = <T extends BillingTotal>(currencies: readonly T[], { from, to }: Period) => ({
  ...(currencies.find(({ currency }) => currency === HOME_CURRENCY) ?? NOTHING),
  from,
  to,
  currencies,
});
