import { corrupt } from '../errors.js';

/** Where a superblock says how many bytes a length has, by its version (HDF5 File Format Specification 3.0, II.A). */
const LENGTH_AT = [14, 14, 10, 10];
const SIGNATURE = 'GCOL';
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/**
 * Looks through the collections of texts of open length (global heaps, III.E). The library steps through them by the lengths
 * that they tell, and for ever where one of them leads nowhere; here each step must go on and stay inside.
 * @param superblock where the file begins behind a block of its user's
 */
export function checkHeaps(bytes: Uint8Array, superblock: number): void {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const width = bytes[superblock + (LENGTH_AT[bytes[superblock + 8] ?? 0] ?? 10)] ?? 0;
  if (![2, 4, 8].includes(width)) throw damagedHdf5();
  const lengthAt = (at: number): number =>
    width === 8 ? Number(file.readBigUInt64LE(at)) : file.readUIntLE(at, width);
  const head = aligned(8 + width);
  for (let at = file.indexOf(SIGNATURE); at >= 0; at = file.indexOf(SIGNATURE, at + 4)) {
    // Four letters may stand among the weights; behind those of a heap are its version and three zeros.
    if (at + head > file.length || file.readUInt32LE(at + 4) !== 1) continue;
    const end = at + lengthAt(at + 8);
    if (end > file.length) throw damagedHdf5();
    for (let next = at + head; next + head <= end;) {
      const size = lengthAt(next + 8);
      // The object of the number 0 is the free space, whose length has its head in it.
      const step = file.readUInt16LE(next) === 0 ? size : head + aligned(size);
      if (step === 0 || next + step > end) throw damagedHdf5();
      next += step;
    }
  }
}

/** The refusal of a file whose HDF5 structures contradict each other. */
export const damagedHdf5 = (cause?: unknown): Error =>
  corrupt('the HDF5 part of the file is damaged', undefined, cause);
