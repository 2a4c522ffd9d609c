import { DAY_MS } from '#libs/kernel';
import {
  BooleanField,
  DateTimeField,
  IntegerField,
  LimitField,
  ListField,
  MAX_INTEGER,
  MAX_PAGE,
  MoneyField,
  NestedField,
  OffsetField,
  Rule,
  ruleViolation,
  StringField,
  UnitPriceField,
} from '#libs/http';
import type { Currency, Micros } from './billing.port.js';
import type { ScoreTotal } from './score-holds.port.js';
import {
  AmountOf,
  BilledOrderIdField,
  ByScoreField,
  CurrencyCodeField,
  CurrencyField,
  DescriptionField,
  ExactOf,
  IdField,
  MomentField,
  ProviderIdField,
  UserIdField,
} from './money.fields.js';

/** A thousand times what a forecast costs anywhere; keeps products of prices far below 2^53 micro-units. */
const MAX_PRICE = 1_000_000;

const inOrder = ({ from, to }: { from?: Date; to?: Date }) =>
  from !== undefined && to !== undefined && from >= to
    ? ruleViolation('`from` must be before `to`', 'from')
    : undefined;

const start = {
  optional: true,
  description: 'Start of the period (inclusive).',
  example: '2026-01-01T00:00:00Z',
};
const end = {
  optional: true,
  description: 'End of the period (exclusive).',
  example: '2026-02-01T00:00:00Z',
};

/** The time that a total is about: the last `days` up to `to` or now, or all since `from`. */
@Rule<PeriodQuery>(inOrder)
export class PeriodQuery {
  @IntegerField({ default: 30, min: 1, max: 365, description: 'Number of days before `to`.', example: 30 })
  days!: number;

  @DateTimeField({ ...start, description: 'Start of the period (inclusive); overrides `days`.' }) from?: Date;
  @DateTimeField({ ...end, description: 'End of the period (exclusive); now if absent.' }) to?: Date;
}

class PagedPeriod {
  @OffsetField offset!: number;
  @DateTimeField(start) from?: Date;
  @DateTimeField(end) to?: Date;
}

/** A client's own bill items. */
@Rule<OwnBillingQuery>(inOrder)
export class OwnBillingQuery extends PagedPeriod {
  @LimitField({ default: 50, max: 500, example: 50 }) limit!: number;
}

/** Everybody's bill items. */
@Rule<AllBillingQuery>(inOrder)
export class AllBillingQuery extends PagedPeriod {
  @LimitField({ default: 100, max: 1000, example: 100 }) limit!: number;
}

/** What every total says of its time. */
class PeriodOut {
  @StringField({ description: 'Currency of the totals at the top level.', example: 'USD' })
  currency!: Currency;

  @IntegerField({
    from: ({ from, to }: PeriodOut) => Math.max(0, Math.ceil((to.getTime() - from.getTime()) / DAY_MS)),
    description: 'Length of the period in days, rounded up.',
    example: 30,
  })
  periodDays?: number;

  @DateTimeField({ description: 'Start of the period (inclusive).', example: '2026-01-01T00:00:00.000Z' })
  from!: Date;

  @DateTimeField({ description: 'End of the period (exclusive).', example: '2026-01-31T00:00:00.000Z' })
  to!: Date;
}

const byCurrency = { description: 'The same totals for each currency.' };
const cost = { description: 'Total cost of the orders settled in USD.', example: 12.25 };
const orders = { description: 'Number of orders settled in USD.', example: 7 };
const RequestsField = IntegerField({ wire: 'total_requests', example: 7 });
const ClientsField = IntegerField({ wire: 'unique_clients', example: 3 });

export class CurrencyEarnings {
  @CurrencyField currency!: Currency;
  @MoneyField({ wire: 'total_earnings', example: 12.25 }) amount!: Micros;
  @ExactOf('amount', { wire: 'total_earnings_micros', example: 12_250_000 }) amountMicros?: Micros;
  @RequestsField orders!: number;
}

/** E-38: the provider's shares. */
export class EarningsOut extends PeriodOut {
  @MoneyField({
    wire: 'total_earnings',
    description: "Total of the provider's shares, in USD.",
    example: 12.25,
  })
  amount!: Micros;

  @IntegerField({ ...orders, wire: 'total_requests' }) orders!: number;
  @ListField(NestedField(CurrencyEarnings), byCurrency) currencies!: readonly CurrencyEarnings[];
  @ByScoreField byScore!: readonly ScoreTotal[];
}

export class CurrencySpend {
  @CurrencyField currency!: Currency;
  @MoneyField({ wire: 'total_spent', example: 12.25 }) amount!: Micros;
  @ExactOf('amount', { wire: 'total_spent_micros', example: 12_250_000 }) amountMicros?: Micros;
  @RequestsField orders!: number;
}

/** E-39: whole costs of the client. */
export class SpendOut extends PeriodOut {
  @MoneyField({ ...cost, wire: 'total_spent' }) amount!: Micros;
  @IntegerField({ ...orders, wire: 'total_requests' }) orders!: number;
  @ListField(NestedField(CurrencySpend), byCurrency) currencies!: readonly CurrencySpend[];
  @ByScoreField byScore!: readonly ScoreTotal[];
}

export class CurrencyRevenue {
  @CurrencyField currency!: Currency;
  @MoneyField({ wire: 'total_revenue', example: 12.25 }) amount!: Micros;
  @ExactOf('amount', { wire: 'total_revenue_micros', example: 12_250_000 }) amountMicros?: Micros;
  @IntegerField({ wire: 'total_transactions', example: 7 }) orders!: number;
  @ClientsField clients!: number;
  @IntegerField({ wire: 'unique_providers', example: 2 }) providers!: number;
}

/** E-42: whole costs of everybody. */
export class SummaryOut extends PeriodOut {
  @MoneyField({ ...cost, wire: 'total_revenue' }) amount!: Micros;
  @IntegerField({ ...orders, wire: 'total_transactions' }) orders!: number;
  @ClientsField clients!: number;

  @IntegerField({
    wire: 'unique_providers',
    description: 'Number of providers; the service itself counts as one.',
    example: 2,
  })
  providers!: number;

  @ListField(NestedField(CurrencyRevenue), byCurrency) currencies!: readonly CurrencyRevenue[];
  @ByScoreField byScore!: readonly ScoreTotal[];
}

/** `BillingOut` of the contract. */
export class BillingOut {
  @IdField id!: number;
  @UserIdField clientId!: number;

  @IntegerField({ description: 'Id of the provider; 0 if the service itself is the provider.', example: 4 })
  providerId!: number;

  @BilledOrderIdField orderId!: string | null;
  @AmountOf('costMicros', { description: 'Total cost of the order.', example: 6.25 }) cost?: Micros;
  @ExactOf('costMicros', { example: 6_250_000 }) costMicros!: Micros;
  @CurrencyField currency!: Currency;
  @DescriptionField description!: string | null;
  @MomentField timestamp!: Date;
}

const scoreShare = {
  nullable: true,
  description:
    'Fraction of your own share, above 0 and at most 1 with up to 6 decimals, that is held until the forecast can be scored and then paid by its score; null: nothing is.',
  example: 0.4,
};
const price = { description: 'Base price of one order, up to 6 decimals.', example: 3.5 };

/** What a provider asks for one order of a model. */
export class PricingRequest {
  @StringField({
    minLength: 1,
    maxLength: 100,
    description: 'Name of the model, as clients give it in `predictor_plugin`.',
    example: 'default_predictor',
  })
  modelName!: string;

  @UnitPriceField({ ...price, wire: 'price_per_request', min: 0, max: MAX_PRICE }) priceMicros!: Micros;
  @CurrencyCodeField currency!: Currency;
  @UnitPriceField({ ...scoreShare, default: null, min: 0.000_001, max: 1 }) scoreShare!: Micros | null;
}

/** Which prices to list. */
export class PricingQuery {
  @LimitField({ default: MAX_PAGE, max: MAX_PAGE, example: 100 }) limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_INTEGER, description: 'Items to skip.', example: 0 })
  offset!: number;

  @BooleanField({ default: false, description: 'Include earlier versions of the prices.', example: false })
  history!: boolean;
}

/** `PricingOut` of the contract. */
export class PricingOut {
  @IntegerField({ description: 'Id of this price version; each change creates a new one.', example: 1 })
  id!: number;

  @ProviderIdField providerId!: number;
  @StringField({ example: 'lstm_1h' }) modelName!: string;
  @UnitPriceField({ ...price, wire: 'price_per_request' }) priceMicros!: Micros;
  @CurrencyField currency!: Currency;
  @UnitPriceField({ ...scoreShare, description: "Fraction of the provider's share that is paid by score." })
  scoreShare!: Micros | null;

  @BooleanField({ description: 'False for versions that have been replaced.', example: true })
  isActive!: boolean;

  @DateTimeField({ description: 'Start of validity.', example: '2026-01-05T09:00:00.000Z' }) createdAt!: Date;

  @DateTimeField({
    wire: 'replaced_at',
    from: ({ isActive, updatedAt }: PricingOut) => (isActive ? null : updatedAt),
    nullable: true,
    description: 'End of validity; null while active.',
    example: null,
  })
  updatedAt!: Date;
}
