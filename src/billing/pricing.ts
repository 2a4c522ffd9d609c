import { MICROS_PER_UNIT } from '#libs/kernel';
import type { CaptureCommand, Micros, PriceMultiplier, PriceShares, PriceTerms } from './billing.port.js';

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

/** Parts of a price, each 0 to 1, together at most 1; the provider gets what is left. */
export interface ShareRates {
  readonly evaluator: number;
  readonly platform: number;
}

/** Rates are kept to the millionth. */
const PARTS = 1_000_000;
/** The largest bonus, as a part of the evaluator's share: one in so many. */
const BONUS_DIVISOR = 10n;

/**
 * Splits an amount by weights so that nothing is lost: each part is rounded down, and what remains goes, unit by unit,
 * to those with the largest remainders (Hamilton's method), the earlier one first where they are equal.
 */
export function apportion(amount: Micros, weights: readonly number[]): Micros[] {
  const total = BigInt(weights.reduce((sum, weight) => sum + weight, 0));
  if (total === 0n) return weights.map((_, index) => (index === 0 ? amount : 0));
  const exact = weights.map((weight) => BigInt(amount) * BigInt(weight));
  const parts = exact.map((one) => one / total);
  const left = Number(BigInt(amount) - parts.reduce((sum, part) => sum + part, 0n));
  const byRemainder = exact
    .map((one, index) => ({ index, remainder: one % total }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  const rounded = new Set(byRemainder.slice(0, left).map(({ index }) => index));
  return parts.map((part, index) => Number(part) + (rounded.has(index) ? 1 : 0));
}

/** How a total is shared; the parts sum to it exactly. */
export function sharesOf(total: Micros, rates: ShareRates): PriceShares {
  const evaluatorParts = Math.round(rates.evaluator * PARTS);
  const platformParts = Math.min(Math.round(rates.platform * PARTS), PARTS - evaluatorParts);
  const providerParts = PARTS - evaluatorParts - platformParts;
  const [evaluator = 0, provider = 0, platform = 0] = apportion(total, [
    evaluatorParts,
    providerParts,
    platformParts,
  ]);
  return { evaluator, provider, platform };
}

/** What waits of a provider's share until the forecast is scored, rounded down. @param scoreShare in millionths */
export const stakedOf = (provider: Micros, scoreShare: number | null): Micros =>
  scoreShare === null ? 0 : Number((BigInt(provider) * BigInt(scoreShare)) / BigInt(PARTS));

export interface BonusShares extends PriceShares {
  readonly bonus: Micros;
}

/**
 * Takes the evaluator's bonus for speed out of the provider's and the platform's shares, in proportion: a tenth of the
 * evaluator's share for no time at all, falling linearly to nothing at the end of the lease. Rounded down.
 */
export function withBonus(
  shares: PriceShares,
  { workedMs, leaseMs }: Pick<CaptureCommand, 'workedMs' | 'leaseMs'>,
): BonusShares {
  const { evaluator, provider, platform } = shares;
  const leaseParts = BigInt(Math.max(0, Math.round(leaseMs)));
  const savedMs = Math.min(leaseMs, Math.max(0, leaseMs - Math.max(0, workedMs)));
  const saved = BigInt(Math.max(0, Math.floor(savedMs)));
  if (leaseParts === 0n) return { ...shares, bonus: 0 };
  const earned = Number((BigInt(evaluator) * saved) / (BONUS_DIVISOR * leaseParts));
  const bonus = Math.min(earned, provider + platform);
  const [fromProvider = 0, fromPlatform = 0] = apportion(bonus, [provider, platform]);
  return { evaluator, bonus, provider: provider - fromProvider, platform: platform - fromPlatform };
}
