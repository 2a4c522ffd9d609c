import type { FileHandle } from 'node:fs/promises';

/**
 * Bytes of a file from a place that the file itself tells, in memory of their own.
 * @throws RangeError when they do not lie in the file
 */
export async function bytesAt(
  handle: FileHandle,
  fileBytes: number,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!(position >= 0 && length >= 0 && position + length <= fileBytes))
    throw new RangeError('a place beyond the file');
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length;) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) throw new RangeError('the file ends early');
    read += bytesRead;
  }
  return bytes;
}

/** A view of all of an array. */
export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/**
 * Counts of 64 bits as whole milliseconds, without a BigInt for each: it takes a tenth of the time.
 * @param high the upper 32 bits, with their sign
 * @param low the lower 32 bits
 * @param perMs counts in a millisecond: 0.001, 1, 1000 or 1,000,000
 */
export function wholeMilliseconds(high: number, low: number, perMs: number): number {
  if (perMs <= 1) return Math.floor((high * 2 ** 32 + low) / perMs);
  // 2 ** 32 in whole milliseconds and a rest, so that no sum is beyond what a double holds exactly.
  const [whole, rest] = [Math.floor(2 ** 32 / perMs), 2 ** 32 % perMs];
  return high * whole + Math.floor((high * rest + low) / perMs);
}
