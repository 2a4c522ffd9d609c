import { describe, expect, it } from '@jest/globals';
import { Generator } from '../../../libs/keras-onnx/src/runtime/generator.js';
import { Summary } from '../../../libs/keras-onnx/src/runtime/sample-summary.js';

describe('the generator', () => {
  it('is xoshiro128** seeded by SplitMix64', () => {
    // Worked out with the reference C code's definitions on 64-bit integers.
    const mask = (1n << 64n) - 1n;
    let state = 42n;
    const split = (): bigint => {
      state = (state + 0x9e3779b97f4a7c15n) & mask;
      let z = state;
      z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
      z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
      return z ^ (z >> 31n);
    };
    const [a, b] = [split(), split()];
    const low = (1n << 32n) - 1n;
    const s = [a & low, a >> 32n, b & low, b >> 32n];
    const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & low;
    const generator = new Generator(42);
    for (let draw = 0; draw < 100; draw += 1) {
      const [s0 = 0n, s1 = 0n, s2 = 0n, s3 = 0n] = s;
      const want = (rotate((s1 * 5n) & low, 7n) * 9n) & low;
      const t = (s1 << 9n) & low;
      const [x2, x3] = [s2 ^ s0, s3 ^ s1];
      s[1] = s1 ^ x2;
      s[0] = s0 ^ x3;
      s[2] = x2 ^ t;
      s[3] = rotate(x3, 11n);
      expect(BigInt(generator.integer())).toBe(want);
    }
  });

  it('draws normal and Bernoulli numbers of the right moments', () => {
    const generator = new Generator(1);
    const normal = new Float32Array(100_000);
    generator.draw(normal, { kind: 'normal', mean: 2, deviation: 3 });
    const summary = new Summary(1, normal.length, false);
    summary.add(normal);
    summary.finish();
    expect(summary.mean[0]).toBeCloseTo(2, 1);
    expect(summary.std[0]).toBeCloseTo(3, 1);
    const kept = new Float32Array(100_000);
    generator.draw(kept, { kind: 'bernoulli', keep: 0.25, high: 4 });
    expect(kept.filter((one) => one === 4).length / kept.length).toBeCloseTo(0.25, 2);
    expect(kept.every((one) => one === 0 || one === 4)).toBe(true);
  });

  it.each([0.001, 0.25, 0.5, 0.8, 0.9, 0.999])(
    'spreads the dropped elements as independent draws would (keep %p)',
    (keep) => {
      const drawn = new Float32Array(200_000);
      new Generator(3).draw(drawn, { kind: 'bernoulli', keep, high: 1 });
      const kept = drawn.filter((one) => one === 1).length;
      // Five standard deviations of the number that independent draws give.
      expect(Math.abs(kept - drawn.length * keep)).toBeLessThan(
        5 * Math.sqrt(drawn.length * keep * (1 - keep)),
      );
      for (const lag of [1, 2, 7, 254, 255, 256, 257, 1000]) {
        for (const [value, chance] of [
          [1, keep],
          [0, 1 - keep],
        ] as const) {
          const pairs = drawn.length - lag;
          const both = drawn.filter((one, index) => one === value && drawn[index + lag] === value).length;
          // Pairs that share an element are not independent of each other.
          const variance = chance ** 2 * (1 - chance ** 2) + 2 * chance ** 3 * (1 - chance);
          expect(Math.abs(both - pairs * chance ** 2)).toBeLessThan(5 * Math.sqrt(pairs * variance) + 1);
        }
      }
    },
  );

  it('turns each integer into the gap before the next rarer value', () => {
    const keep = 0.9;
    const drawn = new Float32Array(10_000);
    new Generator(8).draw(drawn, { kind: 'bernoulli', keep, high: 2 });
    const generator = new Generator(8);
    const want = new Float32Array(drawn.length).fill(2);
    for (let at = -1; at < want.length;) {
      // Inversion by logarithms; the largest integers mean no gap at all.
      at += 1 + Math.floor(Math.log((generator.integer() + 0.5) / 2 ** 32) / Math.log(keep));
      want[at] = 0;
    }
    expect(drawn).toEqual(want);
  });

  it.each([0.3, 0.9, 0.9995])('draws the same whatever the pieces (keep %p)', (keep) => {
    const distribution = { kind: 'bernoulli', keep, high: 1 } as const;
    const [whole, pieces] = [new Float32Array(10_000), new Float32Array(10_000)];
    new Generator(5).draw(whole, distribution);
    const generator = new Generator(5);
    for (let at = 0, size = 0; at < pieces.length; at += size, size = (size + 1) % 97)
      generator.draw(pieces.subarray(at, at + size), distribution);
    expect(pieces).toEqual(whole);
  });

  it('drops nothing when the rate is too small to tell from zero', () => {
    const drawn = new Float32Array(1_000);
    new Generator(5).draw(drawn, { kind: 'bernoulli', keep: 1 - 1e-15, high: 1 });
    expect(drawn.every((one) => one === 1)).toBe(true);
  });

  it('keeps the digits of a small spread on a high level', () => {
    const summary = new Summary(1, 4, false);
    summary.add(Float32Array.of(10_000_001, 10_000_002));
    summary.add(Float32Array.of(10_000_003, 10_000_004));
    summary.finish();
    expect(summary.std[0]).toBeCloseTo(Math.sqrt(1.25), 6);
  });
});
