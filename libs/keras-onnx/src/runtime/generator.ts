import type { Distribution } from '../graph/emitter.js';

/** A longer gap is drawn in parts: the walk goes on from here with a fresh integer, as a memoryless distribution may. */
const LONGEST = 255;
/** What leaves the upper 10 bits of an integer, which look a gap up: 1,024 bytes stay in the first cache. */
const SHIFT = 22;

/**
 * The number of failures before a success (the geometric distribution) by inversion of 32-bit integers: the fraction of
 * integers that mean at least k failures is (1 − chance)ᵏ, exact to 2⁻³². The powers are made by multiplication alone, so
 * the table is the same on every machine.
 */
class Gaps {
  /** Integers below `tails[k]` mean at least k failures, for k ≥ 1; the last one, 0, ends every search. */
  readonly tails = new Uint32Array(LONGEST + 2);
  /** The fewest failures that integers with these upper bits mean. */
  readonly starts = new Uint8Array(2 ** (32 - SHIFT));

  /** `chance` is that of a success, in (0, 1). */
  constructor(chance: number) {
    let tail = 1;
    for (let failures = 1; failures <= LONGEST; failures += 1) {
      tail *= 1 - chance;
      this.tails[failures] = Math.min(Math.round(tail * 2 ** 32), 2 ** 32 - 1);
    }
    let failures = 0;
    for (let bin = this.starts.length - 1; bin >= 0; bin -= 1) {
      const largest = (bin + 1) * 2 ** SHIFT - 1;
      while (largest < (this.tails[failures + 1] ?? 0)) failures += 1;
      this.starts[bin] = failures;
    }
  }
}

/** A model has few rates; the limit keeps a process that loads many models from gathering tables. */
const MOST_KNOWN = 64;
const known = new Map<number, Gaps>();

/** The table of a chance, made once. */
function gapsOf(chance: number): Gaps {
  const before = known.get(chance);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const made = new Gaps(chance);
  known.set(chance, made);
  return made;
}

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
    if (distribution.kind === 'uniform') {
      const { low, high } = distribution;
      for (let index = 0; index < target.length; index += 1) {
        target[index] = low + ((high - low) * this.integer()) / 2 ** 32;
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
