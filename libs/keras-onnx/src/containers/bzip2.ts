import { corrupt } from '../errors.js';

/** Bits of a stream, the highest of each byte first. */
class Bits {
  #at = 0;
  #bit = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) throw damaged();
      value = value * 2 + ((byte >> (7 - this.#bit)) & 1);
      this.#bit = (this.#bit + 1) & 7;
      if (this.#bit === 0) this.#at += 1;
    }
    return value;
  }

  /** Streams that follow another one begin at a whole byte. */
  align(): void {
    if (this.#bit !== 0) this.#at += 1;
    this.#bit = 0;
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }
}

const damaged = (): Error => corrupt('an entry of the archive is damaged (bzip2)');
const BLOCK = 0x314159265359;
const MAX_CODE = 20;
const GROUP = 50;

/** Huffman codes of one table: for each length the first code, the first place, and the symbols in order. */
interface Codes {
  readonly limit: readonly number[];
  readonly base: readonly number[];
  readonly symbols: readonly number[];
}

/** Unpacks a bzip2 entry (Burrows & Wheeler 1994; the format of bzip2 1.0) of a known size. */
export function bunzip2(bytes: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  const bits = new Bits(bytes);
  let at = 0;
  while (bits.left > 3) {
    if (bits.take(24) !== 0x425a68) throw damaged();
    const level = bits.take(8) - 48;
    if (level < 1 || level > 9) throw damaged();
    while (bits.take(48) === BLOCK) {
      bits.take(32);
      if (bits.take(1) === 1) throw damaged();
      at = runs(blockOf(bits, level * 100_000), output, at);
    }
    bits.take(32);
    bits.align();
  }
  if (at !== size) throw damaged();
  return output;
}

/** One block: the bytes in the order of the text, still with its first run-length coding. */
function blockOf(bits: Bits, most: number): Uint8Array {
  const origin = bits.take(24);
  const used = usedBytes(bits);
  const tables = bits.take(3);
  const count = bits.take(15);
  if (used.length === 0 || tables < 2 || tables > 6 || count === 0) throw damaged();
  const selectors = selectorsOf(bits, tables, count);
  const codes = Array.from({ length: tables }, () => codesOf(bits, used.length + 2));
  return reordered(sorted(bits, used, selectors, codes, most), origin);
}

function usedBytes(bits: Bits): number[] {
  const groups = bits.take(16);
  return Array.from({ length: 16 }, (_, group) => group).flatMap((group) => {
    if (((groups >> (15 - group)) & 1) === 0) return [];
    const inside = bits.take(16);
    return Array.from({ length: 16 }, (_, one) => one).flatMap((one) =>
      ((inside >> (15 - one)) & 1) === 1 ? [group * 16 + one] : [],
    );
  });
}

function selectorsOf(bits: Bits, tables: number, count: number): number[] {
  const front = Array.from({ length: tables }, (_, table) => table);
  return Array.from({ length: count }, () => {
    let place = 0;
    while (bits.take(1) === 1) place += 1;
    const [table] = front.splice(place, 1);
    if (table === undefined) throw damaged();
    front.unshift(table);
    return table;
  });
}

function codesOf(bits: Bits, count: number): Codes {
  let length = bits.take(5);
  const lengths = Array.from({ length: count }, () => {
    while (bits.take(1) === 1) length += bits.take(1) === 0 ? 1 : -1;
    if (length < 1 || length > MAX_CODE) throw damaged();
    return length;
  });
  const [limit, base, symbols]: [number[], number[], number[]] = [[-1], [0], []];
  let code = 0;
  for (let bit = 1; bit <= MAX_CODE; bit += 1) {
    base.push(code - symbols.length);
    lengths.forEach((one, symbol) => void (one === bit && symbols.push(symbol)));
    code = (base[bit] ?? 0) + symbols.length;
    limit.push(code - 1);
    code *= 2;
  }
  return { limit, base, symbols };
}

function symbolOf(bits: Bits, { limit, base, symbols }: Codes): number {
  let code = 0;
  for (let length = 1; length <= MAX_CODE; length += 1) {
    code = code * 2 + bits.take(1);
    if (code > (limit[length] ?? -1)) continue;
    const symbol = symbols[code - (base[length] ?? 0)];
    if (symbol !== undefined) return symbol;
  }
  throw damaged();
}

/** Undoes Huffman codes, runs of zeros and move-to-front: the last column of the sorted rotations. */
function sorted(
  bits: Bits,
  used: readonly number[],
  selectors: readonly number[],
  codes: readonly Codes[],
  most: number,
): Uint8Array {
  const front = [...used];
  const column = new Uint8Array(most);
  const end = used.length + 1;
  let [at, run, weight] = [0, 0, 1];
  const flush = (): void => {
    if (at + run > most) throw damaged();
    column.fill(front[0] ?? 0, at, at + run);
    [at, run, weight] = [at + run, 0, 1];
  };
  for (let read = 0; ; read += 1) {
    const table = codes[selectors[Math.floor(read / GROUP)] ?? -1];
    if (table === undefined) throw damaged();
    const symbol = symbolOf(bits, table);
    if (symbol < 2) {
      run += weight * (symbol + 1);
      weight *= 2;
      if (run > most) throw damaged();
      continue;
    }
    flush();
    if (symbol === end) return column.subarray(0, at);
    const [byte = 0] = front.splice(symbol - 1, 1);
    front.unshift(byte);
    if (at >= most) throw damaged();
    column[at] = byte;
    at += 1;
  }
}

/** Undoes the Burrows–Wheeler transform. */
function reordered(column: Uint8Array, origin: number): Uint8Array {
  const { length } = column;
  if (origin >= length) throw damaged();
  const starts = new Uint32Array(257);
  for (const byte of column) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte += 1) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0);
  const next = new Uint32Array(length);
  column.forEach((byte, index) => {
    const place = starts[byte] ?? 0;
    next[place] = index;
    starts[byte] = place + 1;
  });
  const text = new Uint8Array(length);
  let row = next[origin] ?? 0;
  for (let index = 0; index < length; index += 1) {
    text[index] = column[row] ?? 0;
    row = next[row] ?? 0;
  }
  return text;
}

/** Four equal bytes are followed by how many more there are. */
function runs(text: Uint8Array, output: Uint8Array, start: number): number {
  let [at, same, last] = [start, 0, -1];
  for (const byte of text) {
    if (same === 4) {
      if (at + byte > output.length) throw damaged();
      output.fill(last, at, at + byte);
      [at, same, last] = [at + byte, 0, -1];
      continue;
    }
    same = byte === last ? same + 1 : 1;
    last = byte;
    if (at >= output.length) throw damaged();
    output[at] = byte;
    at += 1;
  }
  return at;
}
