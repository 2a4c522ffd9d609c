import type { Distribution } from '../graph/emitter.js';

/** Bound once: in sandboxes (test runners) every look at a global costs more than the multiplication. */
const { imul, log, sqrt } = Math;

/** The first numbers of SplitMix64 (Steele, Lea & Flood 2014), by which the authors of xoshiro fill its state. */
export function splitMix(seed: number | bigint, count: number): bigint[] {
  let state = BigInt.asUintN(64, BigInt(seed));
  return Array.from({ length: count }, () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  });
}

/**
 * xoshiro128** 1.1 (Blackman & Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c, public domain), seeded by
 * SplitMix64 as its authors recommend. Integers only, so the same seed gives the same bits on every machine.
 */
export class Generator {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | undefined;

  /** Any integer is a seed; it is taken modulo 2⁶⁴. */
  constructor(seed: number | bigint) {
    const [first, second] = splitMix(seed, 2) as [bigint, bigint];
    [this.#a, this.#b, this.#c, this.#d] = [first, first >> 32n, second, second >> 32n].map((one) =>
      Number(BigInt.asIntN(32, one)),
    ) as [number, number, number, number];
  }

  /** A 32-bit unsigned integer. */
  integer(): number {
    const scrambled = imul(this.#b, 5);
    const result = imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A standard normal number, by the polar method (Marsaglia & Bray 1964), which gives two at a time. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const x = (this.integer() + 0.5) / 2 ** 31 - 1;
      const y = (this.integer() + 0.5) / 2 ** 31 - 1;
      const square = x * x + y * y;
      if (square >= 1) continue;
      const stretch = sqrt((-2 * log(square)) / square);
      this.#spare = y * stretch;
      return x * stretch;
    }
  }

  /** Fills an array with the next draws of a continuous distribution; how they are cut into arrays does not change them. */
  draw(target: Float32Array, distribution: Exclude<Distribution, { kind: 'bernoulli' }>): void {
    if (distribution.kind === 'normal') {
      const { mean, deviation } = distribution;
      for (let index = 0; index < target.length; index += 1) target[index] = mean + deviation * this.normal();
      return;
    }
    const { low, high } = distribution;
    for (let index = 0; index < target.length; index += 1)
      target[index] = low + ((high - low) * this.integer()) / 2 ** 32;
  }
}
