import { describe, expect, it } from '@jest/globals';
import { Draws } from '../../../libs/keras-onnx/src/runtime/draws.js';
import { Generator, splitMix } from '../../../libs/keras-onnx/src/runtime/generator.js';
import { Summary } from '../../../libs/keras-onnx/src/runtime/sample-summary.js';

/** Masks of `count` samples of `size` elements each. */
function masks(seed: number, keep: number, high: number, size: number, count = 1): Float32Array {
  const draws = new Draws([{ distribution: { kind: 'bernoulli', keep, high }, size, isBased: false }], count);
  draws.seed(seed);
  draws.draw(0, count);
  return draws.numbers(0, count);
}

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
    const kept = masks(1, 0.25, 4, 100_000);
    expect(kept.filter((one) => one === 4).length / kept.length).toBeCloseTo(0.25, 2);
    expect(kept.every((one) => one === 0 || one === 4)).toBe(true);
  });

  it.each([0.001, 0.25, 0.5, 0.8, 0.9, 0.999])(
    'spreads the dropped elements as independent draws would (keep %p)',
    (keep) => {
      const drawn = masks(3, keep, 1, 200_000);
      const kept = drawn.filter((one) => one === 1).length;
      // Five standard deviations of the number that independent draws give.
      expect(Math.abs(kept - drawn.length * keep)).toBeLessThan(
        5 * Math.sqrt(drawn.length * keep * (1 - keep)),
      );
      for (const lag of [1, 2, 3, 4, 7, 32, 64, 124, 127, 128, 129, 256, 1000]) {
        for (const [value, chance] of [
          [1, keep],
          [0, 1 - keep],
        ] as const) {
          const pairs = drawn.length - lag;
          let both = 0;
          for (let index = 0; index < pairs; index += 1)
            if (drawn[index] === value && drawn[index + lag] === value) both += 1;
          // Pairs that share an element are not independent of each other.
          const variance = chance ** 2 * (1 - chance ** 2) + 2 * chance ** 3 * (1 - chance);
          expect(Math.abs(both - pairs * chance ** 2)).toBeLessThan(5 * Math.sqrt(pairs * variance) + 1);
        }
      }
    },
  );

  it('compares 128 uniform numbers at a time with the rate, by xoshiro128++ in four lanes', () => {
    const low = (1n << 32n) - 1n;
    const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & low;
    // The reference C code's definitions on 64-bit integers; word i of lane j is the 4i + j-th of the state.
    const words = splitMix(7n, 8).flatMap((one) => [one & low, one >> 32n]);
    const lanes = [0, 1, 2, 3].map((lane) => [0, 4, 8, 12].map((word) => words[word + lane] ?? 0n));
    const next = (s: bigint[]): bigint => {
      const [a = 0n, b = 0n, c = 0n, d = 0n] = s;
      const result = (rotate((a + d) & low, 7n) + a) & low;
      const [x2, x3] = [c ^ a, d ^ b];
      s[1] = b ^ x2;
      s[0] = a ^ x3;
      s[2] = x2 ^ ((b << 9n) & low);
      s[3] = rotate(x3, 11n);
      return result;
    };
    const keep = 0.8;
    const chance = BigInt(Math.round((1 - keep) * 2 ** 32));
    const want: number[] = [];
    for (let block = 0; block < 3; block += 1) {
      const open = [low, low, low, low];
      const dropped = [0n, 0n, 0n, 0n];
      for (let bit = 31n; bit >= 0n && open.some((one) => one !== 0n); bit -= 1n) {
        const isOne = (chance >> bit) & 1n;
        lanes.forEach((lane, at) => {
          const differs = next(lane) ^ (isOne === 1n ? low : 0n);
          const still = open[at] ?? 0n;
          if (isOne === 1n) dropped[at] = (dropped[at] ?? 0n) | (still & differs);
          open[at] = still & ~differs & low;
        });
      }
      for (let bit = 31n; bit >= 0n; bit -= 1n)
        for (const lane of dropped) want.push(((lane >> bit) & 1n) === 1n ? 0 : 2);
    }
    // 300 elements end within the third block, whose rest is not used.
    expect(Array.from(masks(7, keep, 2, 300))).toEqual(want.slice(0, 300));
  });

  it.each([
    [0.3, 64],
    [0.9, 333],
    [0.9995, 1],
  ])('draws the same however many samples are drawn together (keep %p, %p elements)', (keep, size) => {
    const whole = masks(5, keep, 1, size, 50);
    const draws = new Draws(
      [
        { distribution: { kind: 'bernoulli', keep, high: 1 }, size, isBased: false },
        { distribution: { kind: 'normal', mean: 0, deviation: 1 }, size, isBased: false },
      ],
      7,
    );
    draws.seed(5);
    for (let done = 0; done < 50; done += 7) {
      const count = Math.min(7, 50 - done);
      draws.draw(0, Math.min(2, count));
      if (count > 2) draws.draw(2, count - 2);
      expect(draws.numbers(0, count)).toEqual(whole.subarray(done * size, (done + count) * size));
    }
  });

  it('draws masks on the numbers of a row', () => {
    const [size, count] = [203, 3];
    const numbers = Float32Array.from({ length: size }, (_, index) => index - 100.5);
    const distribution = { kind: 'bernoulli', keep: 0.5, high: 2 } as const;
    const draws = new Draws([{ distribution, size, isBased: true }], count);
    draws.seed(9);
    draws.base(0, numbers);
    draws.draw(0, count);
    const plain = masks(9, 0.5, 2, size, count);
    expect(Array.from(draws.numbers(0, count))).toEqual(
      Array.from(plain, (one, index) => (one === 0 ? 0 : (numbers[index % size] ?? NaN) * 2)),
    );
  });

  it('drops nothing when the rate is too small to tell from zero', () => {
    const drawn = masks(5, 1 - 1e-15, 1, 1_000);
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
