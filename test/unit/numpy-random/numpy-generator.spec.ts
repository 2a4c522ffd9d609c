import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { NumpyGenerator } from '#libs/numpy-random';

const VECTORS = '../shared/vectors/numpy_default_rng.json';
const withVectors = existsSync(VECTORS) ? describe : describe.skip;

const take = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);

describe('NumpyGenerator', () => {
  it('draws the uniforms of default_rng(42)', () => {
    const generator = NumpyGenerator.fromSeed(42);
    expect(take(6, () => generator.random())).toEqual([
      0.7739560485559633, 0.4388784397520523, 0.8585979199113825, 0.6973680290593639, 0.09417734788764953,
      0.9756223516367559,
    ]);
  });

  it('draws the normals of default_rng(42)', () => {
    const generator = NumpyGenerator.fromSeed(42);
    expect(take(6, () => generator.standardNormal())).toEqual([
      0.30471707975443135, -1.0399841062404955, 0.7504511958064572, 0.9405647163912139, -1.9510351886538364,
      -1.302179506862318,
    ]);
  });

  it('draws from the tail and its neighbours as NumPy does, both signs', () => {
    const generator = NumpyGenerator.fromSeed(42);
    const drawn = take(11_590, () => generator.standardNormal());
    expect([drawn[5627], drawn[8091], drawn[11_589]]).toEqual([
      -4.389114584864837, 4.0258240427272645, 4.151241397039601,
    ]);
  });

  it('mixes uniforms and normals in one stream', () => {
    const generator = NumpyGenerator.fromSeed(7);
    expect([
      generator.random(),
      generator.standardNormal(),
      generator.random(),
      generator.normal(1.5, 0.25),
    ]).toEqual([0.625095466604667, 0.2987455375084699, 0.7756856902451935, 1.2773520403106815]);
  });

  it('takes a seed longer than its entropy pool', () => {
    const generator = NumpyGenerator.fromSeed(2n ** 200n + 5n);
    expect([generator.random(), generator.random(), generator.standardNormal()]).toEqual([
      0.4818309945045387, 0.5145213605595005, 1.2371998773022312,
    ]);
  });

  it('gives a bigint and a number of the same value the same stream', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (seed) => {
        expect(NumpyGenerator.fromSeed(seed).random()).toBe(NumpyGenerator.fromSeed(BigInt(seed)).random());
      }),
      { numRuns: 50 },
    );
  });

  it.each([[-1], [1.5], [NaN], [Infinity], [2 ** 53], [-1n]])('refuses %p as a seed', (seed) => {
    expect(() => NumpyGenerator.fromSeed(seed)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'invalid_seed' }),
    );
  });

  it('goes on alike after a clone and does not disturb the original', () => {
    const generator = NumpyGenerator.fromSeed(11);
    take(100, () => generator.standardNormal());
    const twin = generator.clone();
    const expected = take(50, () => twin.standardNormal());
    expect(take(50, () => generator.standardNormal())).toEqual(expected);
  });

  it('starts over when reseeded', () => {
    const generator = NumpyGenerator.fromSeed(1);
    const first = take(10, () => generator.random());
    generator.reseed(1);
    expect(take(10, () => generator.random())).toEqual(first);
  });
});

withVectors('NumpyGenerator against the reference draws', () => {
  const vectors = JSON.parse(existsSync(VECTORS) ? readFileSync(VECTORS, 'utf8') : '{}') as Record<
    string,
    number[]
  > & { seed: number };

  it('equals every uniform', () => {
    const generator = NumpyGenerator.fromSeed(vectors.seed);
    expect(take(20, () => generator.random())).toEqual(vectors['random']);
  });

  it('equals every normal, also a thousand draws on', () => {
    const generator = NumpyGenerator.fromSeed(vectors.seed);
    const drawn = take(1010, () => generator.standardNormal());
    expect(drawn.slice(0, 50)).toEqual(vectors['normal']);
    expect(drawn.slice(1000)).toEqual(vectors['normal_indices_1000_to_1010']);
  });

  it('equals seed 0 and a seed beyond 32 bits', () => {
    const zero = NumpyGenerator.fromSeed(0);
    expect(take(5, () => zero.random())).toEqual(vectors['seed0_random']);
    const large = NumpyGenerator.fromSeed(2 ** 40 + 7);
    expect(take(5, () => large.random())).toEqual(vectors['seed_2p40_plus_7_random']);
  });
});
