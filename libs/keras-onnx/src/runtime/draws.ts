import type { Distribution } from '../graph/emitter.js';
import { Generator, splitMix } from './generator.js';
import { type DrawMasks, maskMemory } from './mask-kernel.js';

/** One random input: how it is drawn, and how many numbers of it one sample has. */
export interface Drawn {
  readonly distribution: Distribution;
  readonly size: number;
  /** Whether masks are drawn on numbers of the row instead of ones. */
  readonly isBased: boolean;
}

/** Seeds of the random inputs are spread by this odd constant (Steele & Vigna 2021, a multiplier of good spectrum). */
const STREAM = 0xd1342543de82ef95n;
const FLOAT = 4;
/**
 * Masks of one chunk hold at most this many numbers (2.5 MiB): many samples of a large model fit in memory, and what is drawn
 * for a chunk is still in the cache when it is used. Four times as much took a quarter longer.
 */
export const CHUNK_ELEMENTS = 640 * 1024;
/** The state of four generators of four words. */
const STATE = 64;
/** Four equal floats. */
const SPLAT = 16;

interface Place {
  readonly drawn: Drawn;
  /** Addresses in bytes. */
  readonly state: number;
  readonly base: number;
  readonly out: number;
}

const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/**
 * The draws of all random inputs for up to `most` samples at a time, in one piece of memory that is filled again and again:
 * what it handed out holds until the next draw. There is one stream for each input, and in it each sample begins where the one
 * before ended, however many are drawn together.
 */
export class Draws {
  readonly #places: readonly Place[];
  readonly #buffer: ArrayBuffer;
  readonly #masks: DrawMasks;
  #generators: readonly Generator[] = [];

  constructor(
    inputs: readonly Drawn[],
    readonly most: number,
    /** The number of the first of them among all random inputs of the model, which the streams go by. */
    private readonly first = 0,
  ) {
    let next = 0;
    const take = (bytes: number): number => {
      const at = next;
      next += aligned(bytes);
      return at;
    };
    this.#places = inputs.map((drawn) => ({
      drawn,
      state: take(STATE),
      // The function reads and writes whole fours.
      base: take(SPLAT + (drawn.isBased ? drawn.size * FLOAT : 0)),
      out: take(drawn.size * most * FLOAT + SPLAT),
    }));
    const { buffer, draw } = maskMemory(next);
    this.#buffer = buffer;
    this.#masks = draw;
    this.#places.forEach(({ drawn, base }) => {
      if (drawn.distribution.kind === 'bernoulli')
        new Float32Array(this.#buffer, base, 4).fill(drawn.distribution.high);
    });
  }

  /** How many inputs there are. */
  get inputs(): number {
    return this.#places.length;
  }

  /** Starts the streams of this seed. */
  seed(seed: number): void {
    const seeds = this.#places.map((_, index) => BigInt(seed) ^ (BigInt(this.first + index) * STREAM));
    this.#generators = seeds.map((one) => new Generator(one));
    this.#places.forEach(({ state }, index) =>
      new BigUint64Array(this.#buffer, state, 8).set(splitMix(seeds[index] ?? 0n, 8)),
    );
  }

  /** The numbers that the masks of this input are drawn on from now on. */
  base(index: number, numbers: Float32Array): void {
    const { drawn, base } = this.#place(index);
    if (drawn.distribution.kind !== 'bernoulli') throw new Error('invariant broken: a base without a mask');
    const { high } = drawn.distribution;
    const target = new Float32Array(this.#buffer, base, drawn.size);
    for (let at = 0; at < target.length; at += 1) target[at] = (numbers[at] ?? 0) * high;
  }

  /** Draws `count` samples for every input, to stand from sample number `first` on. */
  draw(first: number, count: number): void {
    this.#places.forEach(({ drawn, state, base, out }, index) => {
      const { distribution, size, isBased } = drawn;
      const start = out + first * size * FLOAT;
      if (distribution.kind === 'bernoulli')
        this.#masks(start, count, size, isBased ? 16 : 0, chanceOf(distribution.keep), base, state);
      else this.#generators[index]?.draw(new Float32Array(this.#buffer, start, size * count), distribution);
    });
  }

  /** The numbers of the first `count` samples of an input. */
  numbers(index: number, count: number): Float32Array {
    const { drawn, out } = this.#place(index);
    return new Float32Array(this.#buffer, out, drawn.size * count);
  }

  #place(index: number): Place {
    const place = this.#places[index];
    if (place === undefined) throw new Error('invariant broken: no such random input');
    return place;
  }
}

/** The chance of being dropped in units of 2⁻³². */
const chanceOf = (keep: number): number => Math.min(Math.round((1 - keep) * 2 ** 32), 2 ** 32 - 1);
