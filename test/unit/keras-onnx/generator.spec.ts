import { describe, expect, it } from '@jest/globals';
import { Generator } from '../../../libs/keras-onnx/src/runtime/generator.js';
import { Summary } from '../../../libs/keras-onnx/src/runtime/summary.js';

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

  it('keeps the digits of a small spread on a high level', () => {
    const summary = new Summary(1, 4, false);
    summary.add(Float32Array.of(10_000_001, 10_000_002));
    summary.add(Float32Array.of(10_000_003, 10_000_004));
    summary.finish();
    expect(summary.std[0]).toBeCloseTo(Math.sqrt(1.25), 6);
  });
});
