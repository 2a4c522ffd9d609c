import { Injectable } from '@nestjs/common';
import { Page } from '#libs/http';
import { type Actor, Clock } from '#libs/kernel';
import type {
  AllBillingQuery,
  BillingOut,
  EarningsOut,
  OwnBillingQuery,
  PeriodQuery,
  SpendOut,
  SummaryOut,
} from './billing.dto.js';
import { BillingRecordRepository } from './billing-record.repository.js';
import { type BillingPeriod, HOME_CURRENCY, type SettledFilter } from './billing.port.js';
import { homeOf, presentEarnings, presentRecord, presentRevenue, presentSpend } from './billing.view.js';

const DAY_MS = 86_400_000;

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
    private readonly clock: Clock,
  ) {}

  /** The caller's shares as a provider. */
  async earnings({ userId }: Actor, query: PeriodQuery): Promise<EarningsOut> {
    const period = this.#periodOf(query);
    const totals = await this.records.totals({ ...period.bounds, providerId: userId }, 'provider');
    const { total_earnings, total_requests } = presentEarnings(homeOf(totals));
    return {
      total_earnings,
      total_requests,
      ...presentPeriod(period),
      currencies: totals.map(presentEarnings),
    };
  }

  /** The caller's whole costs as a client. */
  async spend({ userId }: Actor, query: PeriodQuery): Promise<SpendOut> {
    const period = this.#periodOf(query);
    const totals = await this.records.totals({ ...period.bounds, clientId: userId }, 'cost');
    const { total_spent, total_requests } = presentSpend(homeOf(totals));
    return {
      total_spent,
      total_requests,
      ...presentPeriod(period),
      currencies: totals.map(presentSpend),
    };
  }

  /** Everybody's whole costs. */
  async summary(query: PeriodQuery): Promise<SummaryOut> {
    const period = this.#periodOf(query);
    const totals = await this.records.revenue(period.bounds);
    const { total_revenue, total_transactions, unique_clients, unique_providers } = presentRevenue(
      homeOf(totals),
    );
    return {
      total_revenue,
      total_transactions,
      unique_clients,
      unique_providers,
      ...presentPeriod(period),
      currencies: totals.map(presentRevenue),
    };
  }

  /** The caller's own bill items, newest first. */
  own({ userId }: Actor, query: OwnBillingQuery): Promise<Page<BillingOut>> {
    return this.#page({ ...boundsOf(query), clientId: userId }, query);
  }

  /** Everybody's bill items, newest first. */
  all(query: AllBillingQuery): Promise<Page<BillingOut>> {
    return this.#page(boundsOf(query), query);
  }

  async #page(filter: SettledFilter, query: OwnBillingQuery | AllBillingQuery): Promise<Page<BillingOut>> {
    const [rows, total] = await Promise.all([this.records.newest(filter, query), this.records.count(filter)]);
    return new Page(rows.map(presentRecord), query, query.offset + rows.length < total, total);
  }

  /** The last `days`, up to `to` or now; from `from` on where it is given. */
  #periodOf({ days, from, to }: PeriodQuery): Period {
    const end = to ?? new Date(this.clock.now());
    const begin = from ?? new Date(end.getTime() - days * DAY_MS);
    return { from: begin, to: end, bounds: { from: begin, ...(to !== undefined && { to }) } };
  }
}

const boundsOf = ({ from, to }: { from?: Date; to?: Date }): { from?: Date; to?: Date } => ({
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to }),
});

const presentPeriod = ({ from, to }: Period) => ({
  currency: HOME_CURRENCY,
  period_days: Math.max(0, Math.ceil((to.getTime() - from.getTime()) / DAY_MS)),
  from,
  to,
});
