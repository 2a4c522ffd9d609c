import { corrupt } from '../errors.js';

const damaged = (): Error => corrupt('an entry of the archive is damaged (LZMA)');
const HALF = 1024;
const TOP = 2 ** 24;

const chances = (count: number): Uint16Array => new Uint16Array(count).fill(HALF);

/** The range decoder: bits whose chances follow what was read. */
class Range {
  #range = 0xffffffff;
  #code = 0;
  #at: number;

  constructor(
    private readonly bytes: Uint8Array,
    start: number,
  ) {
    if (bytes[start] !== 0) throw damaged();
    this.#at = start + 1;
    for (let index = 0; index < 4; index += 1) this.#code = this.#code * 256 + this.#byte();
  }

  bit(table: Uint16Array, index: number): number {
    const chance = table[index] ?? HALF;
    const bound = (this.#range >>> 11) * chance;
    if (this.#code < bound) {
      this.#range = bound;
      table[index] = chance + ((2048 - chance) >> 5);
      this.#refill();
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    table[index] = chance - (chance >> 5);
    this.#refill();
    return 1;
  }

  /** Bits of even chance. */
  direct(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      this.#range = Math.floor(this.#range / 2);
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
      this.#refill();
    }
    return value;
  }

  tree(table: Uint16Array, start: number, bits: number): number {
    let node = 1;
    for (let left = bits; left > 0; left -= 1) node = node * 2 + this.bit(table, start + node);
    return node - 2 ** bits;
  }

  /** As a tree, the lowest bit first. */
  reverse(table: Uint16Array, start: number, bits: number): number {
    let [node, value] = [1, 0];
    for (let index = 0; index < bits; index += 1) {
      const bit = this.bit(table, start + node);
      node = node * 2 + bit;
      value += bit * 2 ** index;
    }
    return value;
  }

  #refill(): void {
    if (this.#range >= TOP) return;
    this.#range = (this.#range * 256) >>> 0;
    this.#code = (this.#code * 256 + this.#byte()) >>> 0;
  }

  #byte(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw damaged();
    this.#at += 1;
    return byte;
  }
}

/** Lengths of matches, 2 to 273. */
class Lengths {
  readonly #choice = chances(2);
  readonly #low = chances(16 * 8);
  readonly #middle = chances(16 * 8);
  readonly #high = chances(256);

  read(range: Range, place: number): number {
    if (range.bit(this.#choice, 0) === 0) return 2 + range.tree(this.#low, place * 8, 3);
    if (range.bit(this.#choice, 1) === 0) return 10 + range.tree(this.#middle, place * 8, 3);
    return 18 + range.tree(this.#high, 0, 8);
  }
}

/**
 * Unpacks an LZMA entry of a zip archive (APPNOTE 5.8.8): two bytes of version, the size of the properties, these, then the
 * stream of Pavlov's LZMA, which decodes to a known size.
 */
export function unlzma(bytes: Uint8Array, size: number): Uint8Array {
  const [, , propertySize, , settings = 255] = bytes;
  if (propertySize !== 5 || settings >= 225) throw damaged();
  const [lc, lp, pb] = [settings % 9, Math.floor(settings / 9) % 5, Math.floor(settings / 45)];
  return new Decoder(new Range(bytes, 9), new Uint8Array(size), lc, lp, pb).run();
}

class Decoder {
  #at = 0;
  #state = 0;
  #distances: [number, number, number, number] = [0, 0, 0, 0];
  readonly #literals: Uint16Array;
  readonly #isMatch = chances(12 * 16);
  readonly #isRepeat = chances(12);
  readonly #isOlder = [chances(12), chances(12), chances(12)] as const;
  readonly #isLong = chances(12 * 16);
  readonly #slots = chances(4 * 64);
  readonly #near = chances(128);
  readonly #align = chances(16);
  readonly #matches = new Lengths();
  readonly #repeats = new Lengths();

  constructor(
    private readonly range: Range,
    private readonly output: Uint8Array,
    private readonly lc: number,
    private readonly lp: number,
    private readonly pb: number,
  ) {
    this.#literals = chances(0x300 * 2 ** (lc + lp));
  }

  run(): Uint8Array {
    const { range, output } = this;
    while (this.#at < output.length) {
      const place = this.#at & (2 ** this.pb - 1);
      if (range.bit(this.#isMatch, this.#state * 16 + place) === 0) this.#literal();
      else if (range.bit(this.#isRepeat, this.#state) === 0) this.#match(place);
      else this.#repeat(place);
    }
    return output;
  }

  #literal(): void {
    const { range, output } = this;
    const before = this.#at === 0 ? 0 : (output[this.#at - 1] ?? 0);
    const table = ((this.#at & (2 ** this.lp - 1)) << this.lc) + (before >> (8 - this.lc));
    const start = 0x300 * table;
    let symbol = 1;
    if (this.#state >= 7) {
      let hint = output[this.#at - this.#distances[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const expected = (hint >> 7) & 1;
        hint <<= 1;
        const bit = range.bit(this.#literals, start + ((1 + expected) << 8) + symbol);
        symbol = symbol * 2 + bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + range.bit(this.#literals, start + symbol);
    output[this.#at] = symbol & 255;
    this.#at += 1;
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  #match(place: number): void {
    const { range } = this;
    const length = this.#matches.read(range, place);
    this.#state = this.#state < 7 ? 7 : 10;
    const slot = range.tree(this.#slots, Math.min(length - 2, 3) * 64, 6);
    const bits = (slot >> 1) - 1;
    let distance = slot;
    if (slot >= 4) {
      const base = (2 + (slot & 1)) * 2 ** bits;
      distance =
        slot < 14
          ? base + range.reverse(this.#near, base - slot, bits)
          : base + range.direct(bits - 4) * 16 + range.reverse(this.#align, 0, 4);
    }
    const [a, b, c] = this.#distances;
    this.#distances = [distance, a, b, c];
    this.#copy(length);
  }

  #repeat(place: number): void {
    const { range } = this;
    const [a, b, c, d] = this.#distances;
    const [first, second, third] = this.#isOlder;
    if (range.bit(first, this.#state) === 0) {
      if (range.bit(this.#isLong, this.#state * 16 + place) === 0) {
        this.#state = this.#state < 7 ? 9 : 11;
        this.#copy(1);
        return;
      }
    } else if (range.bit(second, this.#state) === 0) this.#distances = [b, a, c, d];
    else this.#distances = range.bit(third, this.#state) === 0 ? [c, a, b, d] : [d, a, b, c];
    const length = this.#repeats.read(range, place);
    this.#state = this.#state < 7 ? 8 : 11;
    this.#copy(length);
  }

  #copy(length: number): void {
    const from = this.#at - this.#distances[0] - 1;
    if (from < 0 || this.#at + length > this.output.length) throw damaged();
    // Byte by byte, since a match may reach into what it writes.
    for (let index = 0; index < length; index += 1)
      this.output[this.#at + index] = this.output[from + index] ?? 0;
    this.#at += length;
  }
}
