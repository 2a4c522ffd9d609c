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
