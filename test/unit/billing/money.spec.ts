import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isWholeMicros, microsOf, moneyOf, moneyText, unitPriceOf } from '#libs/kernel';

describe('money', () => {
  it.each([
    [3.5, 3_500_000],
    [1.005, 1_005_000],
    [0.1 + 0.2, 300_000],
    [0.0000005, 1],
    [-0.0000001, 0],
    [1_000_000_000, 1e15],
  ])('comes in: %d is %d micro-units', (amount, micros) => {
    expect(microsOf(amount)).toBe(micros);
  });

  it.each([0, 3.5, 0.000001, 1.005, 0.1 + 0.2, 1_000_000.000001, -4.35, 8_999_999_999.99])(
    'has %d, whatever floats make of it',
    (amount) => expect(isWholeMicros(amount)).toBe(true),
  );

  it.each([0.0000015, 0.0000001, 1.2345678, 100.0000005])('has no %d, which would be rounded', (amount) =>
    expect(isWholeMicros(amount)).toBe(false),
  );

  it.each([NaN, Infinity, 1e10])('refuses %d, which can not be kept exactly', (amount) => {
    expect(() => microsOf(amount)).toThrow(RangeError);
  });

  it.each([
    [3_500_000, 3.5],
    [5_000, 0.01],
    [4_999, 0],
    [-5_000, -0.01],
    [-4_999, 0],
    [12_345_678, 12.35],
  ])('goes out with two decimals: %d micro-units are %d', (micros, amount) => {
    expect(moneyOf(micros)).toBe(amount);
  });

  it.each([
    [12_000_000, '12.00 USD'],
    [1_500, '0.0015 USD'],
    [-997_500_000, '-997.50 USD'],
    [1, '0.000001 USD'],
    [0, '0.00 USD'],
  ])('is written for people: %d', (micros, text) => {
    expect(moneyText(micros, 'USD')).toBe(text);
  });

  it('keeps every unit price of six decimals', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (micros) => {
        expect(microsOf(unitPriceOf(micros))).toBe(micros);
        expect(Number(moneyText(micros, '').trim())).toBe(unitPriceOf(micros));
      }),
    );
  });
});
