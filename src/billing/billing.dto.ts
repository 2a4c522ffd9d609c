import {
  DateTimeField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';

const MAX_OFFSET = 2_147_483_647;

const inOrder = ({ from, to }: { from?: Date; to?: Date }) =>
  from !== undefined && to !== undefined && from >= to
    ? ruleViolation('`from` must be before `to`', 'from')
    : undefined;

const from = {
  optional: true,
  description: 'Start of the period (inclusive).',
  example: '2026-01-01T00:00:00Z',
};
const to = { optional: true, description: 'End of the period (exclusive).', example: '2026-02-01T00:00:00Z' };

/** The time that a total is about: the last `days` up to `to` or now, or all since `from`. */
@Rule<PeriodQuery>(inOrder)
export class PeriodQuery {
  @IntegerField({ default: 30, min: 1, max: 365, description: 'Days before `to` to include.', example: 30 })
  days!: number;

  @DateTimeField({ ...from, description: 'Start of the period (inclusive); overrides `days`.' })
  from?: Date;

  @DateTimeField({ ...to, description: 'End of the period (exclusive); now if absent.' })
  to?: Date;
}

class PagedPeriod {
  @IntegerField({ default: 0, min: 0, max: MAX_OFFSET, description: 'Items to skip.' })
  offset!: number;

  @DateTimeField(from)
  from?: Date;

  @DateTimeField(to)
  to?: Date;
}

/** A client's own bill items. */
@Rule<OwnBillingQuery>(inOrder)
export class OwnBillingQuery extends PagedPeriod {
  @IntegerField({ default: 50, min: 1, max: 500, description: 'Maximum number of items.', example: 50 })
  limit!: number;
}

/** Everybody's bill items. */
@Rule<AllBillingQuery>(inOrder)
export class AllBillingQuery extends PagedPeriod {
  @IntegerField({ default: 100, min: 1, max: 1000, description: 'Maximum number of items.', example: 100 })
  limit!: number;
}

/** What every total says of its time. */
class PeriodOut {
  @StringField({ description: 'Currency of the totals at the top level.', example: 'USD' })
  currency!: string;

  @IntegerField({ description: 'Length of the period in days, rounded up.', example: 30 })
  period_days!: number;

  @DateTimeField({ description: 'Start of the period (inclusive).', example: '2026-01-01T00:00:00.000Z' })
  from!: Date;

  @DateTimeField({ description: 'End of the period (exclusive).', example: '2026-01-31T00:00:00.000Z' })
  to!: Date;
}

const exact = { description: 'The exact amount in micro-units (1e-6).', example: 12_250_000 };

export class CurrencyEarnings {
  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ example: 12.25 })
  total_earnings!: number;

  @IntegerField(exact)
  total_earnings_micros!: number;

  @IntegerField({ example: 7 })
  total_requests!: number;
}

/** E-38: the provider's shares. */
export class EarningsOut extends PeriodOut {
  @NumberField({ description: "Total of the provider's shares, in USD.", example: 12.25 })
  total_earnings!: number;

  @IntegerField({ description: 'Number of orders settled in USD.', example: 7 })
  total_requests!: number;

  @ListField(NestedField(CurrencyEarnings), { description: 'The same totals for each currency.' })
  currencies!: CurrencyEarnings[];
}

export class CurrencySpend {
  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ example: 12.25 })
  total_spent!: number;

  @IntegerField(exact)
  total_spent_micros!: number;

  @IntegerField({ example: 7 })
  total_requests!: number;
}

/** E-39: whole costs of the client. */
export class SpendOut extends PeriodOut {
  @NumberField({ description: 'Total cost of the orders settled in USD.', example: 12.25 })
  total_spent!: number;

  @IntegerField({ description: 'Number of orders settled in USD.', example: 7 })
  total_requests!: number;

  @ListField(NestedField(CurrencySpend), { description: 'The same totals for each currency.' })
  currencies!: CurrencySpend[];
}

export class CurrencyRevenue {
  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ example: 12.25 })
  total_revenue!: number;

  @IntegerField(exact)
  total_revenue_micros!: number;

  @IntegerField({ example: 7 })
  total_transactions!: number;

  @IntegerField({ example: 3 })
  unique_clients!: number;

  @IntegerField({ example: 2 })
  unique_providers!: number;
}

/** E-42: whole costs of everybody. */
export class SummaryOut extends PeriodOut {
  @NumberField({ description: 'Total cost of the orders settled in USD.', example: 12.25 })
  total_revenue!: number;

  @IntegerField({ description: 'Number of orders settled in USD.', example: 7 })
  total_transactions!: number;

  @IntegerField({ example: 3 })
  unique_clients!: number;

  @IntegerField({ description: 'Number of providers; the service itself counts as one.', example: 2 })
  unique_providers!: number;

  @ListField(NestedField(CurrencyRevenue), { description: 'The same totals for each currency.' })
  currencies!: CurrencyRevenue[];
}

/** `BillingOut` of the contract. */
export class BillingOut {
  @IntegerField({ example: 1 })
  id!: number;

  @IntegerField({ example: 2 })
  client_id!: number;

  @IntegerField({ description: 'Id of the provider; 0 if the service itself is the provider.', example: 4 })
  provider_id!: number;

  @StringField({ nullable: true, example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  prediction_id!: string | null;

  @NumberField({ description: 'Total cost of the order.', example: 6.25 })
  cost!: number;

  @IntegerField({ ...exact, example: 6_250_000 })
  cost_micros!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @StringField({ nullable: true, example: 'EURUSD short_term' })
  description!: string | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  timestamp!: Date;
}
