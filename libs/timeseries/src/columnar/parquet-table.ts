import type { FileHandle } from 'node:fs/promises';
import { DAY_MS } from '#libs/kernel';
import { parquetMetadata, type FileMetaData, type SchemaElement } from 'hyparquet';
import { zonesOfSchema } from './arrow-schema.js';
import { bytesAt, viewOf, wholeMilliseconds } from './file-bytes.js';
import { ColumnPages } from './parquet-pages.js';
import {
  clockText,
  type ColumnarTable,
  type ColumnCells,
  type ColumnKind,
  dayText,
  numberText,
  quoted,
  type TablePiece,
  TimeText,
} from './text-rows.js';
import { isKnownCodec } from './unpack.js';

/** The description of a file at most; one of a thousand columns and row groups has some megabytes. */
const MAX_METADATA_BYTES = 32 * 1024 * 1024;

/** Which of the columns a row group's chunk is, and how its values become text. */
interface Field {
  readonly name: string;
  readonly element: SchemaElement;
  readonly kind: ColumnKind;
  /** Index of its chunk in a row group. */
  readonly chunk: number;
  readonly zone: string | null;
}

/**
 * A Parquet file as pandas, polars, Arrow, DuckDB and Spark write it. Nested columns are named and not read.
 * @throws RangeError for a file that is broken; what decoding throws
 */
export async function parquetTable(handle: FileHandle, fileBytes: number): Promise<ColumnarTable> {
  const [length, magic] = await bytesAt(handle, fileBytes, fileBytes - 8, 8).then((end) => {
    const view = viewOf(end);
    return [view.getUint32(0, true), view.getUint32(4)] as const;
  });
  if (magic !== PAR1 || length > MAX_METADATA_BYTES) throw new RangeError('no end of a Parquet file');
  const metadata = parquetMetadata(await bytesAt(handle, fileBytes, fileBytes - 8 - length, length + 8), {
    geoparquet: false,
  });
  const arrow = metadata.key_value_metadata?.find(({ key }) => key === 'ARROW:schema')?.value;
  const zones = arrow === undefined ? new Map<string, string>() : zonesOfSchema(Buffer.from(arrow, 'base64'));
  const fields = fieldsOf(metadata, zones);
  return {
    what: `parquet (${codecsOf(metadata)})`,
    columns: fields,
    pieces: (wanted) =>
      rowsOf(
        handle,
        fileBytes,
        metadata,
        wanted.flatMap((at) => fields[at] ?? []),
      ),
  };
}

const PAR1 = 0x50415231;

const codecsOf = ({ row_groups: groups }: FileMetaData): string =>
  [
    ...new Set(
      groups.slice(0, 10).flatMap(({ columns }) => columns.map(({ meta_data: meta }) => meta?.codec ?? '')),
    ),
  ]
    .join(', ')
    .toLowerCase();

/** The columns of the top level; what lies deeper is stepped over. */
function fieldsOf(
  { schema, row_groups: groups }: FileMetaData,
  zones: ReadonlyMap<string, string>,
): readonly Field[] {
  const fields: Field[] = [];
  let [at, chunk] = [1, 0];
  for (let child = 0; child < (schema[0]?.num_children ?? 0) && at < schema.length; child += 1) {
    const element = schema[at];
    if (element === undefined) break;
    const packed = groups[0]?.columns[chunk]?.meta_data?.codec ?? 'UNCOMPRESSED';
    const isFlat = !element.num_children && element.repetition_type !== 'REPEATED' && isKnownCodec(packed);
    const zone = isMoment(element) ? (zones.get(element.name) ?? 'UTC') : null;
    fields.push({ name: element.name, element, kind: isFlat ? kindOf(element) : 'other', chunk, zone });
    let open = element.num_children ?? 0;
    if (open === 0) chunk += 1;
    for (at += 1; open > 0 && at < schema.length; at += 1) {
      const inner = schema[at]?.num_children ?? 0;
      open += inner - 1;
      if (inner === 0) chunk += 1;
    }
  }
  return fields;
}

function kindOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): ColumnKind {
  if (isTime({ converted, logical: logical?.type, type })) return 'time';
  if (converted === 'DECIMAL' || logical?.type === 'FLOAT16') return 'number';
  if (
    ['JSON', 'BSON', 'INTERVAL'].includes(converted ?? '') ||
    (logical !== undefined && !PLAIN_TYPES.has(logical.type))
  )
    return 'other';
  if (type === 'BYTE_ARRAY') return 'text';
  return type === 'FIXED_LEN_BYTE_ARRAY' || type === undefined ? 'other' : 'number';
}

const PLAIN_TYPES = new Set(['STRING', 'ENUM', 'DECIMAL', 'FLOAT16', 'INTEGER']);

const isTime = ({ converted = '', logical = '', type = '' }: Record<string, string | undefined>): boolean =>
  ['DATE', 'TIMESTAMP', 'TIME'].includes(logical) || /^(DATE|TIME)/.test(converted) || type === 'INT96';

async function* rowsOf(
  handle: FileHandle,
  fileBytes: number,
  { row_groups: groups }: FileMetaData,
  fields: readonly Field[],
): AsyncGenerator<TablePiece> {
  const readers = fields.map(({ element, zone }) => valueReader(element, zone));
  for (const { columns, num_rows: count } of groups) {
    const rows = Number(count);
    const pages = fields.map(({ element, chunk }) => {
      const meta = columns[chunk]?.meta_data;
      if (meta === undefined || meta.path_in_schema.length !== 1)
        throw new RangeError('a row group lacks a column');
      return {
        reader: new ColumnPages(handle, fileBytes, element, meta, rows),
        values: [] as ArrayLike<unknown>,
        perMs: perMsOf(element),
        at: 0,
      };
    });
    for (let done = 0; done < rows && pages.length > 0;) {
      for (const page of pages) {
        if (page.at < page.values.length) continue;
        const values = await page.reader.next();
        page.values =
          page.perMs > 0 && values instanceof BigInt64Array ? inMilliseconds(values, page.perMs) : values;
        page.at = 0;
      }
      const piece = Math.min(...pages.map(({ values, at }) => values.length - at));
      yield {
        rows: piece,
        cells: pages.map(({ values, at }, index) => cellsOf(values, at, readers[index])),
      };
      for (const page of pages) page.at += piece;
      done += piece;
    }
  }
}

/** How a value of a column becomes text, and a number where it is one or a time. */
interface ValueReader {
  readonly text: (value: unknown) => string;
  readonly number: ((value: unknown) => number) | null;
}

function cellsOf(values: ArrayLike<unknown>, at: number, reader: ValueReader | undefined): ColumnCells {
  const { text, number } = reader ?? TEXT;
  const isThere = (value: unknown): boolean => value !== null && value !== undefined;
  return {
    text: (row) => {
      const value = values[at + row];
      return isThere(value) ? text(value) : '';
    },
    number:
      number &&
      ((row) => {
        const value = values[at + row];
        return isThere(value) ? number(value) : NaN;
      }),
  };
}

/** Counts of a unit in a millisecond. */
const PER_MS: Readonly<Record<string, number>> = { MILLIS: 1, MICROS: 1000, NANOS: 1_000_000 };

/** Whether times are moments; others are what clocks showed. */
const isMoment = ({ type, logical_type: logical, converted_type: converted }: SchemaElement): boolean =>
  logical?.type === 'TIMESTAMP'
    ? logical.isAdjustedToUTC
    : converted?.startsWith('TIMESTAMP') === true && type !== 'INT96';

/** Counts in a millisecond of a column of dates with times; 0 of others. */
function perMsOf({ type, logical_type: logical, converted_type: converted }: SchemaElement): number {
  if (logical?.type === 'TIMESTAMP') return PER_MS[logical.unit] ?? 1;
  if (converted?.startsWith('TIMESTAMP')) return PER_MS[converted.slice(10)] ?? 1;
  return type === 'INT96' ? 1_000_000 : 0;
}

function valueReader(element: SchemaElement, zone: string | null): ValueReader {
  const { logical_type: logical, converted_type: converted } = element;
  if (logical?.type === 'DATE' || converted === 'DATE')
    return { text: (days) => dayText(Number(days)), number: (days) => Number(days) * DAY_MS };
  if (perMsOf(element) > 0) {
    const perMs = perMsOf(element);
    const times = new TimeText(zone);
    // Those of a whole page are milliseconds already.
    const number = (count: unknown): number =>
      typeof count === 'number' ? count : millisecondsOf(count, perMs);
    return { text: (count) => times.text(number(count)), number };
  }
  if (logical?.type === 'TIME' || converted?.startsWith('TIME')) {
    const unit = logical?.type === 'TIME' ? logical.unit : (converted?.slice(5) ?? 'MILLIS');
    return { text: (count) => clockText(Number(count) / (PER_MS[unit] ?? 1)), number: null };
  }
  return kindOf(element) === 'number' ? { ...TEXT, number: Number } : TEXT;
}

const TEXT: ValueReader = {
  text: (value) => {
    switch (typeof value) {
      case 'number':
        return numberText(value);
      case 'string':
        return quoted(value);
      case 'boolean':
        return value ? '1' : '0';
      default:
        return String(value);
    }
  },
  number: null,
};

const millisecondsOf = (count: unknown, perMs: number): number =>
  typeof count === 'bigint' && perMs > 1 ? Number(count / BigInt(perMs)) : Number(count) / perMs;

/** The counts of a page of times in whole milliseconds. */
function inMilliseconds(counts: BigInt64Array, perMs: number): Float64Array {
  const words = new Int32Array(counts.buffer, counts.byteOffset, 2 * counts.length);
  const milliseconds = new Float64Array(counts.length);
  for (let row = 0; row < counts.length; row += 1)
    milliseconds[row] = wholeMilliseconds(words[2 * row + 1] ?? 0, (words[2 * row] ?? 0) >>> 0, perMs);
  return milliseconds;
}
