import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { assertBalanced, entriesByAccount, FEES, heldOf } from '../../../src/billing/ledger.js';
import { apportion, sharesOf, withBonus } from '../../../src/billing/pricing.js';

const amount = fc.integer({ min: 0, max: 3e14 });
const rates = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([evaluator, rest]) => ({ evaluator, platform: rest * (1 - evaluator) }));
const sum = (parts: readonly number[]): number => parts.reduce((total, part) => total + part, 0);

describe('shares', () => {
  it('add up to the price, whatever the rates', () => {
    fc.assert(
      fc.property(amount, rates, (total, given) => {
        const shares = sharesOf(total, given);
        expect(shares.evaluator + shares.provider + shares.platform).toBe(total);
        expect(Math.min(...Object.values(shares))).toBeGreaterThanOrEqual(0);
        expect(Math.abs(shares.evaluator - total * given.evaluator)).toBeLessThan(2 + total * 1e-6);
      }),
    );
  });

  it('give the last micro-units to the largest remainders', () => {
    expect(apportion(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(apportion(1, [70, 25, 5])).toEqual([1, 0, 0]);
    expect(sharesOf(1_000_001, { evaluator: 0.7, platform: 0.05 })).toEqual({
      evaluator: 700_001,
      provider: 250_000,
      platform: 50_000,
    });
    expect(sharesOf(10, { evaluator: 1, platform: 0 })).toEqual({ evaluator: 10, provider: 0, platform: 0 });
  });
});

describe('the bonus', () => {
  const lease = 1_800_000;

  it('comes out of provider and platform, and is at most a tenth of the evaluator share', () => {
    fc.assert(
      fc.property(
        amount,
        rates,
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (total, given, workedMs, leaseMs) => {
          const shares = sharesOf(total, given);
          const settled = withBonus(shares, { workedMs, leaseMs });
          const { evaluator, bonus, provider, platform } = settled;
          expect(sum([evaluator, bonus, provider, platform])).toBe(total);
          expect(evaluator).toBe(shares.evaluator);
          expect(bonus).toBeGreaterThanOrEqual(0);
          expect(bonus * 10).toBeLessThanOrEqual(evaluator);
          expect(provider).toBeGreaterThanOrEqual(0);
          expect(platform).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it.each([
    [0, 350_000],
    [-5, 350_000],
    [lease / 2, 175_000],
    [lease, 0],
    [lease + 1, 0],
  ])('after %d ms of the lease is %d', (workedMs, bonus) => {
    const shares = sharesOf(5_000_000, { evaluator: 0.7, platform: 0.05 });
    expect(withBonus(shares, { workedMs, leaseMs: lease })).toMatchObject({ bonus });
  });

  it('is taken in proportion', () => {
    const shares = sharesOf(5_000_000, { evaluator: 0.7, platform: 0.05 });
    expect(withBonus(shares, { workedMs: 0, leaseMs: lease })).toEqual({
      evaluator: 3_500_000,
      bonus: 350_000,
      provider: 1_250_000 - 291_667,
      platform: 250_000 - 58_333,
    });
  });
});

describe('a posting', () => {
  const posting = (amounts: readonly number[]) =>
    ({
      type: 'capture',
      userId: 1,
      currency: 'USD',
      amount: 1,
      entries: amounts.map((one, index) => ({ account: heldOf(index), amount: one })),
    }) as const;

  it('is refused when it makes or loses money', () => {
    expect(() => assertBalanced(posting([-5, 5]))).not.toThrow();
    expect(() => assertBalanced(posting([-5, 4]))).toThrow('sum to -1');
    expect(() => assertBalanced(posting([-0.5, 0.5]))).toThrow('invariant broken');
    expect(() => assertBalanced(posting([-(2 ** 53), 2 ** 53]))).toThrow('invariant broken');
  });

  it('has one entry an account and none of nothing', () => {
    const twice = [
      { account: FEES, amount: 2 },
      { account: heldOf(1), amount: 0 },
      { account: FEES, amount: 3 },
    ];
    expect(entriesByAccount(twice)).toEqual([{ account: FEES, amount: 5 }]);
  });
});
