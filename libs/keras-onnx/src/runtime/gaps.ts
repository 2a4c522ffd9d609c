/** A gap this long is cut: the walk goes on from there with a fresh draw, which a memoryless distribution allows. */
const LONGEST = 255;
/** The upper bits of a draw that look a gap up; 2¹⁰ bytes stay in the first cache and take two microseconds to fill. */
const BITS = 10;

/**
 * The number of failures before a success (the geometric distribution) by inversion of 32-bit integers: at least k
 * failures for the fraction (1 − chance)ᵏ of all integers, exact to 2⁻³². Powers are products, so that the table has the
 * same bits on every machine.
 */
export class Gaps {
  readonly longest = LONGEST;
  /** Integers below `tails[k]` mean at least k failures; the last one ends every search. */
  readonly tails = new Uint32Array(LONGEST + 2);
  /** The fewest failures that integers with these upper bits mean. */
  readonly starts = new Uint8Array(1 << BITS);
  readonly shift = 32 - BITS;

  /** `chance` is that of a success, in (0, 1). */
  constructor(chance: number) {
    let tail = 1;
    for (let failures = 0; failures <= LONGEST; failures += 1) {
      this.tails[failures] = Math.min(Math.round(tail * 2 ** 32), 2 ** 32 - 1);
      tail *= 1 - chance;
    }
    let failures = 0;
    for (let bin = this.starts.length - 1; bin >= 0; bin -= 1) {
      const largest = (bin + 1) * 2 ** this.shift - 1;
      while (largest < (this.tails[failures + 1] ?? 0)) failures += 1;
      this.starts[bin] = failures;
    }
  }
}

const known = new Map<number, Gaps>();

/** The table of a chance; a few are kept, since a model has few rates. */
export function gapsOf(chance: number): Gaps {
  const before = known.get(chance);
  if (before !== undefined) return before;
  if (known.size >= 64) known.clear();
  const made = new Gaps(chance);
  known.set(chance, made);
  return made;
}
