import { describe, expect, it } from '@jest/globals';
import type { PriceTerms } from '../../../src/billing/billing.port.js';
import { basePrice, multiplied, multipliersOf } from '../../../src/billing/pricing.js';

const terms = (changes: Partial<PriceTerms> = {}): PriceTerms => ({
  symbol: 'EURUSD',
  modelName: 'default_predictor',
  predictionType: 'short_term',
  horizon: 6,
  lookback: 1_000,
  feeder: 'default_feeder',
  predictor: 'default_predictor',
  priority: 5,
  ...changes,
});

const costOf = (changes: Partial<PriceTerms>): number => {
  const asked = terms(changes);
  return multiplied(basePrice(asked.predictionType), multipliersOf(asked)) / 1_000_000;
};

const EVERYTHING = {
  horizon: 11,
  lookback: 2_001,
  feeder: 'Premium_Feeder',
  predictor: 'my_transformer',
  priority: 8,
} as const;

describe('the base table', () => {
  it.each([
    [{}, 5],
    [{ predictionType: 'long_term' }, 12],
    [{ predictionType: 'custom' }, 8],
    [{ predictionType: 'anything' }, 8],
    [{ horizon: 10, lookback: 2_000, priority: 7 }, 5],
    [{ horizon: 11 }, 6],
    [{ lookback: 2_001 }, 5.5],
    [{ feeder: 'premium_feeder' }, 6.5],
    [{ predictor: 'transformer_1h' }, 7.5],
    [{ predictor: 'ensemble' }, 7.5],
    [{ priority: 8 }, 6.25],
    [{ ...EVERYTHING }, 11.75],
    [{ ...EVERYTHING, predictionType: 'long_term' }, 28.2],
  ])('prices %j at %d', (changes, cost) => {
    expect(costOf(changes)).toBe(cost);
  });
});

describe('a provider price', () => {
  it('is multiplied exactly, half a micro-unit upwards', () => {
    const multipliers = multipliersOf(terms({ priority: 8 }));
    expect(multiplied(2, multipliers)).toBe(3);
    expect(multiplied(1, multipliers)).toBe(1);
    expect(multiplied(1e12, multipliersOf(terms(EVERYTHING)))).toBe(2.35e12);
  });
});
