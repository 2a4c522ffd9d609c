import { MICROS_PER_UNIT } from '#libs/kernel';
import type { Micros, PriceMultiplier, PriceTerms } from './billing.port.js';

/** What an order costs in USD where no provider has a price for the model, by prediction type. */
const BASE_PRICES: ReadonlyMap<string, Micros> = new Map([
  ['short_term', 5 * MICROS_PER_UNIT],
  ['long_term', 12 * MICROS_PER_UNIT],
]);
const BASE_PRICE_OF_OTHERS: Micros = 8 * MICROS_PER_UNIT;

export const basePrice = (predictionType: string): Micros =>
  BASE_PRICES.get(predictionType) ?? BASE_PRICE_OF_OTHERS;

interface MultiplierRule extends PriceMultiplier {
  readonly applies: (terms: PriceTerms) => boolean;
}

/** The original's price formula: cost = price × (1 + the sum of what applies). */
const RULES: readonly MultiplierRule[] = [
  { reason: 'horizon', hundredths: 20, applies: ({ horizon }) => horizon > 10 },
  { reason: 'lookback', hundredths: 10, applies: ({ lookback }) => lookback > 2_000 },
  { reason: 'premium_feeder', hundredths: 30, applies: ({ feeder }) => /premium/i.test(feeder) },
  {
    reason: 'heavy_predictor',
    hundredths: 50,
    applies: ({ predictor }) => /transformer|ensemble/i.test(predictor),
  },
  { reason: 'priority', hundredths: 25, applies: ({ priority }) => priority > 7 },
];

/** What makes this order dearer than the plain price. */
export const multipliersOf = (terms: PriceTerms): PriceMultiplier[] =>
  RULES.filter(({ applies }) => applies(terms)).map(({ reason, hundredths }) => ({ reason, hundredths }));

/** The plain price with its multipliers, in micro-units, halves upwards. */
export function multiplied(unitPrice: Micros, multipliers: readonly PriceMultiplier[]): Micros {
  const hundredths = multipliers.reduce((sum, one) => sum + one.hundredths, 100);
  return Number((BigInt(unitPrice) * BigInt(hundredths) + 50n) / 100n);
}
