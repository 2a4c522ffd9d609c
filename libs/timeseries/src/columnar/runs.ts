/**
 * Walks over runs of Parquet's hybrid encoding and makes sure that they have no more values than their page, of which
 * some bytes may claim billions.
 * Format: https://parquet.apache.org/docs/file-format/data-pages/encodings/
 * @param from place of the first run
 * @param to end of the last
 * @param width bits of a value
 * @returns whether every value is 1, told by runs of equal values only
 * @throws RangeError
 */
export function checkRuns(view: DataView, from: number, to: number, width: number, values: number): boolean {
  if (to > view.byteLength) throw new RangeError('runs beyond their page');
  const bytes = Math.ceil(width / 8);
  let areOnes = true;
  for (let [at, seen] = [from, 0]; seen < values && at < to;) {
    let [header, shift, byte] = [0, 0, 0x80];
    for (; (byte & 0x80) !== 0; shift += 7) {
      if (shift > 28) throw new RangeError('a run without an end');
      byte = view.getUint8(at);
      header += (byte & 0x7f) * 2 ** shift;
      at += 1;
    }
    const packed = header % 2 === 1;
    const count = Math.floor(header / 2);
    // Packed values come in eights, the last of which may be filled up.
    if (seen + count * (packed ? 8 : 1) > values + (packed ? 504 : 0))
      throw new RangeError('a run is too long');
    seen += count * (packed ? 8 : 1);
    areOnes &&= !packed && view.getUint8(at) === 1;
    at += packed ? count * width : bytes;
  }
  return areOnes;
}
