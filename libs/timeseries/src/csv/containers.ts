import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import yauzl from 'yauzl';
import { ColumnarFile, columnarKind } from '../columnar/columnar-file.js';
import { binaryKind } from './binary-files.js';
import { type CsvOptions, DEFAULT_MAX_BYTES, refuse } from './csv-format.js';
import { jsonRows } from './json-tables.js';
import { onlyEntry } from './zip-entry.js';
import {
  doubleQuoted,
  hasFormulas,
  isQuotedLines,
  isSingleQuoted,
  isUtf16,
  unquoteLines,
  utf16Lines,
  withoutFormulas,
} from './text-forms.js';

/** What a file is packed in, and its text. */
export interface Container {
  /** `plain`, `gzip` or `zip`, and `json` for its content; `parquet (snappy)` and the like. */
  readonly kind: string;
  readonly encoding: string;
  /** The text in pieces of at most {@link PIECE_BYTES}; null where the file itself is the text. */
  readonly chunks: AsyncGenerator<Buffer> | null;
  /** Where the text begins in the file, behind a byte order mark. */
  readonly start: number;
  /** The table of a Parquet or Feather file. */
  readonly table?: ColumnarFile;
}

/** Bytes of a piece of text at most. */
const PIECE_BYTES = 256 * 1024;
/** Bytes by which a file is recognised. */
const HEAD_BYTES = 16 * 1024;
/** A piece of text that unpacks to more than so many times its size is no data, but made to fill a disk; as for models. */
const MAX_RATIO = 200;
/** Up to here the ratio is nobody's worry. */
const FREE_BYTES = 8 * 1024 * 1024;

/**
 * Recognises what a file is by its first bytes and opens its text.
 * @throws CsvRefused `csv_binary`, `csv_archive`, `csv_too_large`, `csv_json`, `csv_columnar`
 */
export async function openContainer(
  file: string,
  handle: FileHandle,
  size: number,
  options: CsvOptions,
): Promise<Container> {
  const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const first = head.subarray(0, bytesRead);
  if (first[0] === 0x1f && first[1] === 0x8b)
    return packed(file, 'gzip', gunzipped(file, handle, size, options), options);
  const zip = ['504b0304', '504b0506'].includes(first.toString('hex', 0, 4));
  if (zip) return packed(file, 'zip', unzipped(file, handle, size, options), options);
  const columnar = columnarKind(first);
  if (columnar !== null) {
    const limit = options.maxBytes ?? DEFAULT_MAX_BYTES;
    const table = await ColumnarFile.open(file, columnar, handle, size, options, limit);
    return { kind: table.what, encoding: 'UTF-8', chunks: pieces(table.text()), start: 0, table };
  }
  const text = textForm(file, first);
  if (text.form === 'plain') return { kind: 'plain', encoding: 'UTF-8', chunks: null, start: text.start };
  return {
    kind: text.kind,
    encoding: text.encoding,
    chunks: pieces(formed(file, text, fileChunks(handle), options)),
    start: 0,
  };
}

async function packed(
  file: string,
  kind: string,
  chunks: AsyncGenerator<Buffer>,
  options: CsvOptions,
): Promise<Container> {
  const [head, whole] = await peeked(chunks);
  const text = textForm(file, head);
  const inner = text.kind === 'plain' ? kind : `${kind}, ${text.kind}`;
  return {
    kind: inner,
    encoding: text.encoding,
    chunks: pieces(formed(file, text, whole, options)),
    start: 0,
  };
}

interface TextForm {
  readonly kind: 'plain' | 'json';
  readonly encoding: string;
  readonly form: 'plain' | 'utf16le' | 'utf16be' | 'quoted lines' | 'formulas' | 'single quotes' | 'json';
  /** Bytes of the byte order mark. */
  readonly start: number;
}

function textForm(file: string, head: Buffer): TextForm {
  const utf16 = isUtf16(head);
  if (utf16 !== null)
    return {
      kind: 'plain',
      encoding: utf16 === 'utf16le' ? 'UTF-16 LE' : 'UTF-16 BE',
      form: utf16,
      start: 0,
    };
  const binary = binaryKind(head);
  if (binary)
    throw refuse(
      'invalid',
      'csv_binary',
      `${file} is ${binary.what}, which is not read here: ${binary.wayOut}`,
    );
  const start = head.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0;
  const text = head.toString('utf8', start);
  if (/^\s*(?:\[\s*[[{]|\{\s*["}])/.test(text))
    return { kind: 'json', encoding: 'UTF-8', form: 'json', start };
  return { kind: 'plain', encoding: 'UTF-8', form: quotingOf(text), start };
}

function quotingOf(text: string): TextForm['form'] {
  if (isQuotedLines(text)) return 'quoted lines';
  if (hasFormulas(text)) return 'formulas';
  return isSingleQuoted(text) ? 'single quotes' : 'plain';
}

function formed(
  file: string,
  { form, start }: TextForm,
  chunks: AsyncGenerator<Buffer>,
  options: CsvOptions,
): AsyncGenerator<Buffer> {
  switch (form) {
    case 'json':
      return jsonRows(
        file,
        without(chunks, start),
        Math.min(options.maxBytes ?? DEFAULT_MAX_BYTES, MAX_JSON_BYTES),
      );
    case 'quoted lines':
      return unquoteLines(without(chunks, start));
    case 'formulas':
      return withoutFormulas(without(chunks, start));
    case 'single quotes':
      return doubleQuoted(without(chunks, start));
    case 'plain':
      return without(chunks, start);
    case 'utf16le':
    case 'utf16be':
      return utf16Lines(chunks, form);
  }
}

/** JSON that is not a list of lists is read as a whole. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

async function* without(chunks: AsyncGenerator<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
    if (rest.length > 0) yield rest;
  }
}

async function* pieces(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

/** The first bytes of chunks, and all of them again. */
async function peeked(
  chunks: AsyncGenerator<Buffer>,
): Promise<[head: Buffer, whole: AsyncGenerator<Buffer>]> {
  const taken: Buffer[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    size += next.value.length;
  }
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield* taken;
    yield* chunks;
  };
  return [Buffer.concat(taken), whole()];
}

async function* fileChunks(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const bytes = Buffer.allocUnsafe(PIECE_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, PIECE_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield bytes.subarray(0, bytesRead);
  }
}

async function* gunzipped(
  file: string,
  handle: FileHandle,
  size: number,
  options: CsvOptions,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  const feeding = pipeline(fileChunks(handle), gunzip).catch(() => undefined);
  try {
    yield* limited(file, gunzip, size, options);
  } catch (error) {
    if (isZlib(error))
      throw refuse('invalid', 'csv_archive', `${file} is a gzip file that is cut off or broken`);
    throw error;
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

const isZlib = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

/** The bytes of a stream, as long as they are not too many for what they come from. */
async function* limited(
  file: string,
  stream: Readable,
  packedSize: number,
  options: CsvOptions,
): AsyncGenerator<Buffer> {
  const limit = options.maxBytes ?? DEFAULT_MAX_BYTES;
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit)
      throw refuse(
        'too_large',
        'csv_too_large',
        `${file} unpacks to more than ${Math.floor(limit / 1e6)} MB, which is the most that is read`,
      );
    if (size > FREE_BYTES && size > MAX_RATIO * packedSize)
      throw refuse(
        'too_large',
        'csv_too_large',
        `${file} unpacks to more than ${MAX_RATIO} times its size (a zip bomb)`,
      );
    yield chunk;
  }
}

async function* unzipped(
  file: string,
  handle: FileHandle,
  size: number,
  options: CsvOptions,
): AsyncGenerator<Buffer> {
  const archive = await yauzl
    .fromFdPromise(handle.fd, { autoClose: false, lazyEntries: true, strictFileNames: false })
    .catch(() => {
      throw refuse('invalid', 'csv_archive', `${file} is a zip archive that is cut off or broken`);
    });
  const entry = await onlyEntry(file, archive);
  if ((entry.generalPurposeBitFlag & 1) !== 0)
    throw refuse('invalid', 'csv_archive', `${file} is an encrypted zip archive; unpack it first`);
  const out = new PassThrough({ highWaterMark: PIECE_BYTES });
  const stream = await archive.openReadStreamPromise(entry).catch(() => {
    throw refuse(
      'invalid',
      'csv_archive',
      `${file} is a zip archive whose content can't be unpacked (another method than deflate?)`,
    );
  });
  const feeding = pipeline(stream, out).catch((error: unknown) =>
    out.destroy(error instanceof Error ? error : undefined),
  );
  try {
    yield* limited(file, out, Math.min(size, Math.max(1, entry.compressedSize)), options);
  } catch (error) {
    if (error instanceof Error && error.name === 'CsvRefused') throw error;
    throw refuse('invalid', 'csv_archive', `${file} is a zip archive that is cut off or broken`);
  } finally {
    out.destroy();
    await feeding;
  }
}
