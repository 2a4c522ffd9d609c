/** A longer gap is drawn in parts: the walk goes on from here with a fresh integer, as a memoryless distribution may. */
export const LONGEST = 255;
/** What leaves the upper 10 bits of an integer, which look a gap up: 1,024 bytes stay in the first cache. */
export const SHIFT = 22;

/**
 * The number of failures before a success (the geometric distribution) by inversion of 32-bit integers: the fraction of
 * integers that mean at least k failures is (1 − chance)ᵏ, exact to 2⁻³². The powers are made by multiplication alone, so
 * the table is the same on every machine.
 */
export class Gaps {
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
export function gapsOf(chance: number): Gaps {
  const before = known.get(chance);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const made = new Gaps(chance);
  known.set(chance, made);
  return made;
}
