import * as zlib from 'node:zlib';
import { decompress as unzstd } from 'fzstd';
import { snappyUncompress } from 'hyparquet';
import { unpackLz4, unpackLz4Frame } from './lz4.js';

/** What a column may be packed with, by the name that Parquet and Arrow give it. */
type Codec = (bytes: Uint8Array, size: number) => Uint8Array;

/** Node has it from 22.15 on, and takes a third of the time. */
const platformZstd = (zlib as { readonly zstdDecompressSync?: typeof zlib.gunzipSync }).zstdDecompressSync;

const CODECS: Readonly<Record<string, Codec>> = {
  UNCOMPRESSED: (bytes) => bytes,
  SNAPPY: (bytes, size) => {
    const output = new Uint8Array(size);
    snappyUncompress(bytes, output);
    return output;
  },
  GZIP: (bytes, size) => zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, size) }),
  BROTLI: (bytes, size) => zlib.brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, size) }),
  ZSTD: (bytes, size) =>
    platformZstd?.(bytes, { maxOutputLength: size }) ?? unzstd(bytes, new Uint8Array(size)),
  LZ4: unpackLz4,
  LZ4_RAW: unpackLz4,
  LZ4_FRAME: unpackLz4Frame,
};

/** A page or a column of one batch that is larger is no data; writers make pages of a megabyte and batches of some. */
const MAX_PIECE_BYTES = 256 * 1024 * 1024;

/** Whether {@link unpack} knows a codec. */
export const isKnownCodec = (codec: string): boolean => Object.hasOwn(CODECS, codec);

/**
 * Unpacks a piece of a file.
 * @param size bytes that are said to be in it
 * @throws RangeError for what is broken, larger than allowed, or of another size; what a codec throws
 */
export function unpack(codec: string, bytes: Uint8Array, size: number): Uint8Array {
  if (!(size >= 0 && size <= MAX_PIECE_BYTES)) throw new RangeError(`a piece of ${size} bytes`);
  if (size === 0) return new Uint8Array(0);
  const output = CODECS[codec]?.(bytes, size);
  if (output?.length !== size) throw new RangeError('a piece has another size than it says');
  return output;
}
