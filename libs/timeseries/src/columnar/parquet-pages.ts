import type { FileHandle } from 'node:fs/promises';
import type { ColumnMetaData, DecodedArray, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { convert, convertWithDictionary, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { readDataPage } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { bytesAt, viewOf } from './file-bytes.js';
import { checkRuns } from './runs.js';
import { unpack } from './unpack.js';

/** Values of a page at most. Writers put 20,000 rows or a megabyte in one; of equal values it may be a whole row group. */
const MAX_PAGE_VALUES = 8_000_000;
/** The header of a page, statistics included, is some hundred bytes. */
const HEADER_BYTES = 64 * 1024;

const ENCODINGS: readonly unknown[] = [
  'PLAIN',
  'PLAIN_DICTIONARY',
  'RLE_DICTIONARY',
  'RLE',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'BYTE_STREAM_SPLIT',
];

/** Times stay counts, in their own unit, so that no object is made for each. */
const PARSERS = {
  ...DEFAULT_PARSERS,
  timestampFromMilliseconds: (count: bigint): bigint => count,
  timestampFromMicroseconds: (count: bigint): bigint => count,
  timestampFromNanoseconds: (count: bigint): bigint => count,
  dateFromDays: (days: number): number => days,
};

type Decoder = Parameters<typeof convert>[1];

/** A time without what it is, so that its counts stay in the array in which they were unpacked. */
function withoutUnit({
  logical_type: logical,
  converted_type: converted,
  ...element
}: SchemaElement): SchemaElement {
  const isTime = logical?.type === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP') === true;
  return isTime
    ? element
    : {
        ...element,
        ...(logical && { logical_type: logical }),
        ...(converted && { converted_type: converted }),
      };
}

/** One column of one row group, read page by page: memory is one page. Values are decoded by hyparquet, sizes and counts are checked before. */
export class ColumnPages {
  readonly #decoder: Decoder;
  /** The same for pages in which no value is missing. */
  readonly #whole: Decoder;
  readonly #optional: boolean;
  #position: number;
  #end: number;
  #dictionary: DecodedArray | undefined;
  #left: number;

  /** @param rows of the row group */
  constructor(
    private readonly handle: FileHandle,
    private readonly fileBytes: number,
    element: SchemaElement,
    private readonly chunk: ColumnMetaData,
    rows: number,
  ) {
    const { type, codec, path_in_schema: pathInSchema } = chunk;
    const root = { name: 'schema', num_children: 1 };
    const decoder = (leaf: SchemaElement): Decoder => {
      const schemaPath = [
        { children: [], count: 2, element: root, path: [] },
        { children: [], count: 1, element: leaf, path: pathInSchema },
      ];
      return { pathInSchema, type, element: leaf, schemaPath, codec, parsers: PARSERS };
    };
    const leaf = type === 'INT64' ? withoutUnit(element) : element;
    this.#decoder = decoder(leaf);
    this.#whole = decoder({ ...leaf, repetition_type: 'REQUIRED' });
    this.#optional = element.repetition_type === 'OPTIONAL';
    this.#position = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    this.#end = this.#position + Number(chunk.total_compressed_size);
    this.#left = rows;
  }

  /**
   * The values of the next page, null or undefined where there is none.
   * @throws RangeError for what is broken; what decoding throws
   */
  async next(): Promise<ArrayLike<unknown>> {
    for (;;) {
      const [header, bytes] = await this.#page();
      if (header.type === 'DICTIONARY_PAGE') this.#dictionary = this.#dictionaryOf(header, bytes);
      else if (header.type !== 'INDEX_PAGE') {
        const values =
          header.type === 'DATA_PAGE' ? this.#plainPage(header, bytes) : this.#secondPage(header, bytes);
        this.#left -= values.length;
        if (values.length > 0) return values;
      }
    }
  }

  async #page(): Promise<[PageHeader, Uint8Array]> {
    if (this.#left <= 0 || this.#position >= this.#end) throw new RangeError('a column has too few values');
    const most = Math.min(HEADER_BYTES, this.#end - this.#position);
    const reader = {
      view: viewOf(await bytesAt(this.handle, this.fileBytes, this.#position, most)),
      offset: 0,
    };
    const header = parquetHeader(reader);
    const { compressed_page_size: size } = header;
    const start = this.#position + reader.offset;
    if (!(size >= 0) || start + size > this.#end) throw new RangeError('a page is too long');
    this.#position = start + size;
    return [header, await bytesAt(this.handle, this.fileBytes, start, size)];
  }

  #dictionaryOf(
    { dictionary_page_header: head, uncompressed_page_size: size }: PageHeader,
    bytes: Uint8Array,
  ): DecodedArray {
    const { type, element } = this.#decoder;
    const count = countOf(head?.num_values, MAX_PAGE_VALUES);
    const page = unpack(this.chunk.codec, bytes, size);
    return convert(
      readPlain({ view: viewOf(page), offset: 0 }, type, count, element.type_length),
      this.#decoder,
    );
  }

  #plainPage(
    { data_page_header: head, uncompressed_page_size: size }: PageHeader,
    bytes: Uint8Array,
  ): ArrayLike<unknown> {
    if (head === undefined) throw new RangeError('a page without a header');
    const count = countOf(head.num_values, this.#left);
    return this.#decoded(unpack(this.chunk.codec, bytes, size), count, head.encoding);
  }

  /** A page of the second version has its levels before what is packed; it is turned into one of the first. */
  #secondPage(
    { data_page_header_v2: head, uncompressed_page_size: size }: PageHeader,
    bytes: Uint8Array,
  ): ArrayLike<unknown> {
    if (head === undefined || head.repetition_levels_byte_length !== 0)
      throw new RangeError('a page without a header');
    const { definition_levels_byte_length: levels, encoding } = head;
    const count = countOf(head.num_values, this.#left);
    if (!(levels >= 0 && levels <= bytes.length)) throw new RangeError('levels beyond their page');
    const codec = head.is_compressed === false ? 'UNCOMPRESSED' : this.chunk.codec;
    const values = unpack(codec, bytes.subarray(levels), size - levels);
    const prefix = this.#optional ? 4 : 0;
    const page = new Uint8Array(prefix + levels + values.length);
    if (prefix > 0) viewOf(page).setUint32(0, levels, true);
    page.set(bytes.subarray(0, levels), prefix);
    page.set(values, prefix + levels);
    return this.#decoded(page, count, encoding);
  }

  #decoded(page: Uint8Array, count: number, encoding: PageEncoding): ArrayLike<unknown> {
    if (!ENCODINGS.includes(encoding)) throw new RangeError(`values in ${encoding}`);
    const values = this.#checked(page, count, encoding);
    const head = {
      num_values: count,
      encoding,
      definition_level_encoding: 'RLE',
      repetition_level_encoding: 'RLE',
    } as const;
    const { definitionLevels: levels = [], dataPage } = readDataPage(values.bytes, head, values.decoder);
    const present: ArrayLike<unknown> = convertWithDictionary(
      dataPage,
      this.#dictionary,
      encoding,
      this.#decoder,
    );
    if (levels.length === 0) {
      if (present.length !== count) throw new RangeError('a page has another number of values');
      return present;
    }
    let at = 0;
    return levels.map((level: number) => (level === 1 ? present[at++] : null));
  }

  /** Makes sure that no run of equal values is longer than what it is a part of. Where no value is missing, the levels are left out: they take half of the time. */
  #checked(page: Uint8Array, count: number, encoding: PageEncoding): { bytes: Uint8Array; decoder: Decoder } {
    const view = viewOf(page);
    let at = 0;
    let isWhole = false;
    if (this.#optional) {
      at = 4 + view.getUint32(0, true);
      isWhole = checkRuns(view, 4, at, 1, count);
    }
    if (encoding === 'RLE') checkRuns(view, at + 4, page.length, 1, count);
    else if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
      if (this.#dictionary === undefined) throw new RangeError('a page without its dictionary');
      const width = at < page.length ? view.getUint8(at) : 0;
      if (width > 32) throw new RangeError('numbers of too many bits');
      if (width > 0) checkRuns(view, at + 1, page.length, width, count);
    }
    return isWhole
      ? { bytes: page.subarray(at), decoder: this.#whole }
      : { bytes: page, decoder: this.#decoder };
  }
}

type PageEncoding = NonNullable<PageHeader['data_page_header']>['encoding'];

function countOf(count: number | undefined, most: number): number {
  if (count === undefined || !(count >= 0 && count <= Math.min(most, MAX_PAGE_VALUES)))
    throw new RangeError(`a page of ${count} values`);
  return count;
}
