import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { keyedNormal, keyedUniform, keyWords, NumpyGenerator } from '#libs/numpy-random';

const hour = 3_600_000;

describe('keyed noise', () => {
  it('equals NumPy seeded with the documented words', () => {
    const parts = ['EURUSD', 1_578_304_800_000, 3, 'buy'];
    expect(keyWords(42, parts)).toEqual([
      1, 42, 12, 5570629, 5570642, 4456531, 1, 3226468352, 1115092900, 1, 0, 1074266112, 6, 7667810, 121,
    ]);
    expect(keyedUniform(42, ...parts)).toBe(0.6753214838470997);
    expect(keyedNormal(42, ...parts)).toBe(0.7495959108250795);
  });

  it('does not depend on the order of calls or on other generators', () => {
    const ask = (index: number): number => keyedNormal(7, 'EURUSD', index * hour, 'sell');
    const forward = Array.from({ length: 50 }, (_, index) => ask(index));
    NumpyGenerator.fromSeed(7).standardNormal();
    const backward = Array.from({ length: 50 }, (_, index) => ask(49 - index)).toReversed();
    expect(backward).toEqual(forward);
  });

  it('changes with the seed and with each part', () => {
    const draws = [
      keyedUniform(1, 'EURUSD', 0, 'buy'),
      keyedUniform(2, 'EURUSD', 0, 'buy'),
      keyedUniform(1, 'EURUSE', 0, 'buy'),
      keyedUniform(1, 'EURUSD', 1, 'buy'),
      keyedUniform(1, 'EURUSD', 0, 'sell'),
      keyedUniform(1, 'EURUSD', '0', 'buy'),
    ];
    expect(new Set(draws).size).toBe(draws.length);
  });

  it('gives different keys different words, wherever the parts are split', () => {
    const part = fc.oneof(fc.string({ maxLength: 4 }), fc.integer({ min: -3, max: 3 }), fc.double());
    const key = fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.array(part, { maxLength: 4 }));
    fc.assert(
      fc.property(key, key, ([seedA, partsA], [seedB, partsB]) => {
        const same =
          seedA === seedB &&
          partsA.length === partsB.length &&
          partsA.every((one, index) => one === partsB[index] || Object.is(one, partsB[index]));
        expect(keyWords(seedA, partsA).join() === keyWords(seedB, partsB).join()).toBe(same);
      }),
      { numRuns: 300 },
    );
    expect(keyWords(1, ['ab', 'c'])).not.toEqual(keyWords(1, ['a', 'bc']));
    expect(keyWords(1, [-0])).toEqual(keyWords(1, [0]));
  });

  it('is standard normal over many keys', () => {
    const count = 20_000;
    let sum = 0;
    let squares = 0;
    for (let index = 0; index < count; index += 1) {
      const value = keyedNormal(42, 'EURUSD', index * hour, 1);
      sum += value;
      squares += value * value;
    }
    // Deterministic; the bounds are four standard errors.
    expect(Math.abs(sum / count)).toBeLessThan(4 / Math.sqrt(count));
    expect(Math.abs(squares / count - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
  });
});
