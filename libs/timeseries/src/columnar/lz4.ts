const SHORT_BYTES = 64;

/**
 * Unpacks one LZ4 block into `output` from `at` on and returns where it ended.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 * @throws RangeError for a block that is broken or has more in it than fits
 */
export function unpackLz4Block(input: Uint8Array, output: Uint8Array, at: number): number {
  const broken = (): RangeError => new RangeError('a block of LZ4 is broken');
  let [from, to] = [0, at];
  const length = (short: number): number => {
    let whole = short;
    if (short < 15) return whole;
    for (let more = 255; more === 255; whole += more) {
      more = input[from] ?? NaN;
      from += 1;
    }
    return whole;
  };
  while (from < input.length) {
    const token = input[from] ?? 0;
    from += 1;
    const literals = length(token >> 4);
    if (!(from + literals <= input.length) || to + literals > output.length) throw broken();
    // Most runs have a few bytes, for which a call costs more than a loop.
    if (literals > SHORT_BYTES) output.set(input.subarray(from, from + literals), to);
    else for (let index = 0; index < literals; index += 1) output[to + index] = input[from + index] ?? 0;
    from += literals;
    to += literals;
    // The last sequence has literals only.
    if (from === input.length) return to;
    const offset = (input[from] ?? 0) | ((input[from + 1] ?? 0) << 8);
    from += 2;
    const match = length(token & 15) + 4;
    if (offset === 0 || offset > to || from > input.length || !(to + match <= output.length)) throw broken();
    if (offset >= match && match > SHORT_BYTES) output.copyWithin(to, to - offset, to - offset + match);
    // A match may reach into itself, which repeats it.
    else for (let index = 0; index < match; index += 1) output[to + index] = output[to + index - offset] ?? 0;
    to += match;
  }
  return to;
}

const FRAME = 0x184d2204;
const NOT_PACKED = 0x80000000;

/**
 * Unpacks one LZ4 frame, the form that Arrow uses; its checksums are passed over.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 * @param size bytes that are in it
 * @throws RangeError for a frame that is broken or has another size
 */
export function unpackLz4Frame(input: Uint8Array, size: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(size);
  if (view.getUint32(0, true) !== FRAME) throw new RangeError('no frame of LZ4');
  const flags = view.getUint8(4);
  // Behind the flags: a byte of block sizes, the size of the content, the number of a dictionary, a checksum.
  let at = 7 + ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4);
  let to = 0;
  for (let word = view.getUint32(at, true); word !== 0; word = view.getUint32(at, true)) {
    const length = word & 0x7fffffff;
    const block = input.subarray(at + 4, at + 4 + length);
    if (block.length < length) throw new RangeError('a frame of LZ4 is cut off');
    if ((word & NOT_PACKED) === 0) to = unpackLz4Block(block, output, to);
    else {
      output.set(block, to);
      to += length;
    }
    at += 4 + length + ((flags & 16) === 0 ? 0 : 4);
  }
  if (to !== size) throw new RangeError('a frame of LZ4 has another size');
  return output;
}

/**
 * LZ4 as Parquet has it: one block, or blocks with their sizes in front, as Hadoop writes them.
 * @throws RangeError as {@link unpackLz4Block}
 */
export function unpackLz4(input: Uint8Array, size: number): Uint8Array {
  const output = new Uint8Array(size);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length > 8 && view.getUint32(0) <= size && view.getUint32(4) === input.length - 8) {
    if (unpackLz4Block(input.subarray(8), output, 0) === size) return output;
  }
  if (unpackLz4Block(input, output, 0) !== size) throw new RangeError('a block of LZ4 has another size');
  return output;
}
