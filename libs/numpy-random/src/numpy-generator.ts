import { Pcg64, seedWords } from './pcg64.js';
import { ACCEPT, DENSITY, WIDTH } from './ziggurat-tables.js';

/** Where the ziggurat's tail begins. */
const TAIL_START = 3.6541528853610088;
const TAIL_START_INVERSE = 0.27366123732975828;

/**
 * NumPy's `default_rng(seed)`, draw for draw and bit for bit (checked against NumPy 2.4): `random()` and
 * `standard_normal()` in any mixture, one stream.
 */
export class NumpyGenerator {
  private readonly bits = new Pcg64();

  private constructor() {}

  /**
   * The generator of `numpy.random.default_rng(seed)`.
   * @throws AppError `invalid` (code `invalid_seed`) unless the seed is a whole number of at least 0.
   */
  static fromSeed(seed: number | bigint): NumpyGenerator {
    return NumpyGenerator.fromEntropy(seedWords(seed));
  }

  /** The generator of `numpy.random.default_rng(words)` for a list of unsigned 32-bit words. */
  static fromEntropy(words: ArrayLike<number>): NumpyGenerator {
    const generator = new NumpyGenerator();
    generator.bits.seed(words);
    return generator;
  }

  /** Starts this generator anew, as if it had just been made with {@link fromSeed}. */
  reseed(seed: number | bigint): void {
    this.bits.seed(seedWords(seed));
  }

  /** As {@link reseed}, with the words of {@link fromEntropy}. */
  reseedFromEntropy(words: ArrayLike<number>): void {
    this.bits.seed(words);
  }

  /** A second generator that draws exactly what this one would draw from here on. */
  clone(): NumpyGenerator {
    const twin = new NumpyGenerator();
    twin.bits.copy(this.bits);
    return twin;
  }

  /** Uniform from [0, 1), 53 bits. */
  random(): number {
    return this.bits.nextDouble();
  }

  /** Normal with mean 0 and standard deviation 1, by the ziggurat. */
  standardNormal(): number {
    const bits = this.bits;
    for (;;) {
      bits.next();
      const layer = bits.low & 0xff;
      // Bits 9 to 60 are the position inside the layer, bit 8 is the sign.
      const position = (bits.high & 0x1fffffff) * 2 ** 23 + (bits.low >>> 9);
      const distance = position * (WIDTH[layer] ?? 0);
      const value = (bits.low & 0x100) === 0 ? distance : -distance;
      if (position < (ACCEPT[layer] ?? 0)) return value;
      if (layer === 0) return this.tail((bits.low & 0x20000) !== 0);
      const inner = DENSITY[layer - 1] ?? 0;
      const outer = DENSITY[layer] ?? 0;
      if ((inner - outer) * bits.nextDouble() + outer < Math.exp(-0.5 * value * value)) return value;
    }
  }

  /** Normal with the given mean and standard deviation: `mean + sigma · z`, as NumPy's `normal(loc, scale)`. */
  normal(mean: number, sigma: number): number {
    return mean + sigma * this.standardNormal();
  }

  /** A value beyond {@link TAIL_START} by Marsaglia's exponential wedge; accepted in 0.88 of the tries. */
  private tail(negative: boolean): number {
    for (;;) {
      const beyond = -TAIL_START_INVERSE * Math.log1p(-this.bits.nextDouble());
      const wedge = -Math.log1p(-this.bits.nextDouble());
      if (wedge + wedge > beyond * beyond) return negative ? -(TAIL_START + beyond) : TAIL_START + beyond;
    }
  }
}
