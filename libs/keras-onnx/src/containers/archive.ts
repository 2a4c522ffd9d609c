import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { corrupt, ModelError, tooLarge, unsupported } from '../errors.js';
import { bunzip2 } from './bzip2.js';
import { unlzma } from './lzma.js';
import { refuseOtherArchive } from './recognise.js';
import type { ModelLimits } from './source.js';

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;

/**
 * Reads the named entries of a zip archive into memory; nothing is ever written to disk. Refuses archives with links,
 * paths that leave the archive, encryption, double names, too many entries, or entries that unpack to more than the
 * limits. Missing names are simply not in the result; vocabularies of layers are, whatever the names.
 */
export async function readArchive(
  bytes: Uint8Array,
  names: readonly string[],
  limits: ModelLimits,
): Promise<Map<string, Uint8Array>> {
  const result = new Map<string, Uint8Array>();
  const listed = new Set<string>();
  try {
    const archive = await yauzl.fromBufferPromise(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      {
        // Zip programs of Windows put back-slashes into names; yauzl makes slashes of them, then looks for `..`.
        strictFileNames: false,
        validateEntrySizes: true,
      },
    );
    if (archive.entryCount > limits.archiveEntries)
      throw tooLarge(`the archive has ${archive.entryCount} entries, the limit is ${limits.archiveEntries}`);
    let total = 0;
    for await (const entry of archive.eachEntry()) {
      checkEntry(entry, listed, limits);
      const name = nameInside(entry.fileName);
      if (!(names.includes(name) || isVocabulary(name)) || result.has(name)) continue;
      total += entry.uncompressedSize;
      if (total > limits.unpackedBytes)
        throw tooLarge(`the archive unpacks to more than ${limits.unpackedBytes} bytes`);
      result.set(name, await unpacked(archive, entry, bytes));
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw corrupt(`the archive cannot be read: ${reasonOf(error)}`, undefined, error);
  }
  if (!names.some((name) => result.has(name))) refuseOtherArchive([...listed]);
  return result;
}

/** What Python's zipfile can write; the two that zip programs rarely do are unpacked here. */
const METHODS: Readonly<Record<number, (bytes: Uint8Array, size: number) => Uint8Array>> = {
  12: bunzip2,
  14: unlzma,
};

async function unpacked(archive: yauzl.ZipFile, entry: yauzl.Entry, bytes: Uint8Array): Promise<Uint8Array> {
  const { compressionMethod: method } = entry;
  if (method === 0 || method === 8) return buffer(await archive.openReadStreamPromise(entry));
  const unpack = METHODS[method];
  if (unpack === undefined)
    throw unsupported(`an archive packed by method ${method}`, 'save the model anew with Keras');
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
  const content = unpack(
    bytes.subarray(fileDataStart, fileDataStart + entry.compressedSize),
    entry.uncompressedSize,
  );
  if (crc32(content) !== entry.crc32) throw corrupt('an entry of the archive is damaged');
  return content;
}

/** Zip programs put the folder of an unpacked model around its files; its name does not matter. */
const nameInside = (path: string): string =>
  path.startsWith('__MACOSX/') || isVocabulary(path) ? path : path.replace(/^[^/]+\//, '');

const [ASSETS, VOCABULARY] = ['assets', 'vocabulary.txt'];

/** Whether a file of a `.keras` archive is what a layer learned by `adapt`. */
export const isVocabulary = (name: string): boolean =>
  name.startsWith(`${ASSETS}/`) && name.endsWith(`/${VOCABULARY}`);

/** Where the layer at a place of the weights keeps what it learned. */
export const vocabularyAt = (place: string): string => `${ASSETS}/${place}/${VOCABULARY}`;

function checkEntry(entry: yauzl.Entry, seen: Set<string>, limits: ModelLimits): void {
  const { fileName } = entry;
  if (seen.has(fileName)) throw corrupt('the archive holds one name twice');
  seen.add(fileName);
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  // 0 means that the writer set no type, as Python's writestr does; a folder's name ends in a slash.
  if (type !== 0 && type !== REGULAR_FILE && !fileName.endsWith('/'))
    throw corrupt('the archive holds a link or a device');
  if ((entry.generalPurposeBitFlag & 1) !== 0)
    throw corrupt('the archive is encrypted', undefined, undefined, 'save it without a password');
  const packed = Math.max(entry.compressedSize, 1);
  // Small entries of zeros compress well and harm nobody.
  if (entry.uncompressedSize > 1024 * 1024 && entry.uncompressedSize / packed > limits.archiveRatio) {
    throw tooLarge(
      'an entry of the archive unpacks to far more than its size (a zip bomb)',
      'save the model anew with Keras, which does not pack that tightly',
    );
  }
  if (entry.uncompressedSize > limits.unpackedBytes)
    throw tooLarge(
      `an entry of the archive unpacks to ${entry.uncompressedSize} bytes, the limit is ${limits.unpackedBytes}`,
    );
}

/** The first sentence of a library's message, without names that the file chose. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : 'unknown';
  if (text.startsWith('End of central directory')) return 'it is cut off or no zip file';
  return (text.split(/[\n:]|\. /, 1)[0] ?? '').slice(0, 80);
}
