import type { Distribution } from '../graph/emitter.js';
import { gapsOf, LONGEST, SHIFT } from './gaps.js';

/** Bound once: in sandboxes (test runners) every look at a global costs more than the multiplication. */
const { imul, log, sqrt } = Math;

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
  /** Where the next rarer value of a Bernoulli stream lies; −1 before the first draw, as if one lay in front. */
  #rare = -1;

  /** Any integer is a seed; it is taken modulo 2⁶⁴. */
  constructor(seed: number | bigint) {
    let state = BigInt.asUintN(64, BigInt(seed));
    const next = (): bigint => {
      state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
      let z = state;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      return z ^ (z >> 31n);
    };
    const [first, second] = [next(), next()];
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

  /** Fills an array with the next draws of one distribution; how a stream is cut into arrays does not change them. */
  draw(target: Float32Array, distribution: Distribution): void {
    if (distribution.kind === 'normal') {
      for (let index = 0; index < target.length; index += 1) {
        target[index] = distribution.mean + distribution.deviation * this.normal();
      }
      return;
    }
    this.#scatter(target, distribution.keep, distribution.high);
  }

  /**
   * Bernoulli draws by the gaps between the rarer of the two values (Devroye 1986, chapter X.2): one integer for each of
   * these instead of one for each element. 100 samples of a transformer dropped from 18 million weights in 17 ms so, in
   * 280 the other way.
   */
  #scatter(target: Float32Array, keep: number, high: number): void {
    const [chance, rare, common] = keep < 0.5 ? [keep, high, 0] : [1 - keep, 0, high];
    const { length } = target;
    target.fill(common);
    // Below what a 32-bit integer can tell from never; the walk would not end.
    if (chance < 2 ** -32) return;
    const { tails, starts } = gapsOf(chance);
    let [a, b, c, d, at] = [this.#a, this.#b, this.#c, this.#d, this.#rare];
    while (at < length) {
      if (at >= 0) target[at] = rare;
      let gap = LONGEST;
      while (gap === LONGEST) {
        // `integer()` once more: with the state in local variables the loop takes two thirds of the time.
        const scrambled = imul(b, 5);
        const drawn = imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
        const shifted = b << 9;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= shifted;
        d = (d << 11) | (d >>> 21);
        gap = starts[drawn >>> SHIFT] ?? 0;
        while (drawn < (tails[gap + 1] ?? 0)) gap += 1;
        at += gap;
      }
      at += 1;
    }
    [this.#a, this.#b, this.#c, this.#d, this.#rare] = [a, b, c, d, at - length];
  }
}
