import { moneyOf, unitPriceOf } from '#libs/kernel';
import type { BillingOut, CurrencyEarnings, CurrencyRevenue, CurrencySpend } from './billing.dto.js';
import type { BillingRecordEntity } from './billing-record.entity.js';
import type { RevenueTotal } from './billing-record.repository.js';
import { type BillingTotal, HOME_CURRENCY } from './billing.port.js';
import type { PricingOut } from './pricing.dto.js';
import type { ProviderPriceEntity } from './provider-price.entity.js';

export const presentPrice = (price: ProviderPriceEntity): PricingOut => ({
  id: price.id,
  provider_id: price.providerId,
  model_name: price.modelName,
  price_per_request: unitPriceOf(price.priceMicros),
  currency: price.currency,
  is_active: price.isActive,
  created_at: price.createdAt,
  replaced_at: price.isActive ? null : price.updatedAt,
});

export const presentRecord = (record: BillingRecordEntity): BillingOut => ({
  id: record.id,
  client_id: record.clientId,
  provider_id: record.providerId,
  prediction_id: record.orderId,
  cost: moneyOf(record.costMicros),
  cost_micros: record.costMicros,
  currency: record.currency,
  description: record.description,
  timestamp: record.timestamp,
});

const NOTHING: RevenueTotal = { currency: HOME_CURRENCY, amount: 0, orders: 0, clients: 0, providers: 0 };

/** The total in the home currency, which the original's keys are about. */
export const homeOf = <T extends BillingTotal>(totals: readonly T[]): T | typeof NOTHING =>
  totals.find(({ currency }) => currency === HOME_CURRENCY) ?? NOTHING;

export const presentEarnings = ({ currency, amount, orders }: BillingTotal): CurrencyEarnings => ({
  currency,
  total_earnings: moneyOf(amount),
  total_earnings_micros: amount,
  total_requests: orders,
});

export const presentSpend = ({ currency, amount, orders }: BillingTotal): CurrencySpend => ({
  currency,
  total_spent: moneyOf(amount),
  total_spent_micros: amount,
  total_requests: orders,
});

export const presentRevenue = (total: RevenueTotal): CurrencyRevenue => ({
  currency: total.currency,
  total_revenue: moneyOf(total.amount),
  total_revenue_micros: total.amount,
  total_transactions: total.orders,
  unique_clients: total.clients,
  unique_providers: total.providers,
});
