import { NumpyGenerator } from './numpy-generator.js';
import { seedWords } from './pcg64.js';

/** One part of a key. Text and number are different keys even when they print alike; -0 is 0. */
export type KeyPart = string | number;

const scratch = NumpyGenerator.fromSeed(0);
const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

/**
 * A uniform draw from [0, 1) that is a pure function of seed and key: neither the order of the calls nor other callers
 * can change it. It equals NumPy's `default_rng(words).random()` with the words of {@link keyWords}.
 *
 * Draws of different keys are independent; {@link keyedNormal} of the *same* key is not independent of this one, so put
 * the name of the signal into the key.
 * @throws AppError `invalid` (code `invalid_seed`) for a seed that is no whole number of at least 0.
 */
export function keyedUniform(seed: number | bigint, ...parts: readonly KeyPart[]): number {
  scratch.reseedFromEntropy(keyWords(seed, parts));
  return scratch.random();
}

/** A standard normal draw that is a pure function of seed and key; see {@link keyedUniform}. */
export function keyedNormal(seed: number | bigint, ...parts: readonly KeyPart[]): number {
  scratch.reseedFromEntropy(keyWords(seed, parts));
  return scratch.standardNormal();
}

/**
 * Seed and key as 32-bit words, one sequence for one key: the count of the seed's words and the words; then for a text
 * twice its length and its UTF-16 code units, two a word, the first one low; for a number a 1 and the two halves of its
 * IEEE 754 double, the lower first.
 */
export function keyWords(seed: number | bigint, parts: readonly KeyPart[]): number[] {
  const words = seedWords(seed);
  words.unshift(words.length);
  for (const part of parts) {
    if (typeof part === 'number') {
      float[0] = part === 0 ? 0 : part;
      words.push(1, floatWords[0] ?? 0, floatWords[1] ?? 0);
    } else {
      words.push(part.length * 2);
      for (let unit = 0; unit < part.length; unit += 2) {
        const upper = unit + 1 < part.length ? part.charCodeAt(unit + 1) : 0;
        words.push(part.charCodeAt(unit) + upper * 2 ** 16);
      }
    }
  }
  return words;
}
