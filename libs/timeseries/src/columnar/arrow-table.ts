import type { FileHandle } from 'node:fs/promises';
import { type ArrowField, MESSAGE, schemaFields, schemaOf } from './arrow-schema.js';
import { type ArrowBuffers, columnCells } from './arrow-values.js';
import { bytesAt, viewOf } from './file-bytes.js';
import { FlatTable } from './flatbuffer.js';
import type { ColumnarTable, ColumnCells, ColumnKind, TablePiece } from './text-rows.js';
import { unpack } from './unpack.js';

/** The description of a message at most. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024;
/** Rows of a batch at most; pandas writes 65,536, polars up to some hundred thousand. */
const MAX_BATCH_ROWS = 16_000_000;
/** Texts of all dictionaries. */
const MAX_DICTIONARY_ENTRIES = 2_000_000;

interface Message {
  readonly head: FlatTable;
  readonly body: number;
  readonly next: number;
}

/**
 * A Feather file of version 2, which is an Arrow file, or a stream of Arrow: messages one after the other, of which each
 * batch is unpacked by itself and only the columns that are wanted.
 * Format: https://arrow.apache.org/docs/format/Columnar.html
 * @throws RangeError for a file that is broken; what a codec throws
 */
export async function arrowTable(handle: FileHandle, fileBytes: number): Promise<ColumnarTable> {
  const magic = await bytesAt(handle, fileBytes, 0, Math.min(6, fileBytes));
  const isFile = Buffer.from(magic).toString('latin1') === MAGIC;
  const { schema, messages } = isFile
    ? await listedMessages(handle, fileBytes)
    : await streamedMessages(handle, fileBytes);
  const fields = schemaFields(schema);
  const first = await messages().next();
  // The first batch tells how all are packed.
  const packed = first.done === true ? 'empty' : codecOf(first.value.head).toLowerCase();
  return {
    what: `${isFile ? 'feather' : 'arrow'} (${packed})`,
    columns: fields.map((field) => ({ name: field.name, kind: kindOf(field), zone: field.zone })),
    pieces: (wanted) => new ArrowBatches(handle, fileBytes, fields, new Set(wanted)).of(messages()),
  };
}

const MAGIC = 'ARROW1';

interface Messages {
  readonly schema: FlatTable | null;
  /** Dictionaries and batches in their order. */
  readonly messages: () => AsyncGenerator<Message>;
}

/** A file lists its messages at its end. */
async function listedMessages(handle: FileHandle, fileBytes: number): Promise<Messages> {
  const end = await bytesAt(handle, fileBytes, fileBytes - 10, 10);
  const length = viewOf(end).getInt32(0, true);
  if (Buffer.from(end.subarray(4)).toString('latin1') !== MAGIC || length < 8 || length > MAX_HEAD_BYTES)
    throw new RangeError('no end of an Arrow file');
  const footer = FlatTable.root(await bytesAt(handle, fileBytes, fileBytes - 10 - length, length));
  const places = [...footer.longs(2, 3), ...footer.longs(3, 3)].map(([place = NaN]) => place);
  return {
    schema: footer.table(1),
    messages: async function* () {
      for (const place of places.toSorted((a, b) => a - b)) {
        const message = await messageAt(handle, fileBytes, place);
        if (message === null) throw new RangeError('a message that is not there');
        yield message;
      }
    },
  };
}

async function streamedMessages(handle: FileHandle, fileBytes: number): Promise<Messages> {
  const first = await messageAt(handle, fileBytes, 0);
  if (first === null) throw new RangeError('no schema');
  return {
    schema: schemaOf(first.head),
    messages: async function* () {
      for (let next: Message | null = first; ; yield next) {
        next = await messageAt(handle, fileBytes, next.next);
        if (next === null) return;
      }
    },
  };
}

/** The message at a place; null where there is none any more. */
async function messageAt(handle: FileHandle, fileBytes: number, position: number): Promise<Message | null> {
  if (position + 8 > fileBytes) return null;
  const start = viewOf(await bytesAt(handle, fileBytes, position, 8));
  const isMarked = start.getInt32(0, true) === -1;
  const length = start.getInt32(isMarked ? 4 : 0, true);
  if (length === 0) return null;
  if (length < 8 || length > MAX_HEAD_BYTES) throw new RangeError('a message has no length');
  const at = position + (isMarked ? 8 : 4);
  const head = FlatTable.root(await bytesAt(handle, fileBytes, at, length));
  const size = head.long(3);
  if (!(size >= 0)) throw new RangeError('a message has no length');
  return { head, body: at + length, next: at + length + size };
}

/** The batch of a message: that of rows, or that of a dictionary's entries. */
const batchOf = (head: FlatTable): FlatTable | null =>
  head.byte(1) === MESSAGE.dictionary ? (head.table(2)?.table(1) ?? null) : head.table(2);

function codecOf(head: FlatTable): string {
  const compression = batchOf(head)?.table(3);
  if (compression === null || compression === undefined) return 'UNCOMPRESSED';
  return compression.byte(0) === 0 ? 'LZ4_FRAME' : 'ZSTD';
}

function kindOf({ type, dictionary }: ArrowField): ColumnKind {
  if (dictionary !== null || type === 'utf8' || type === 'large utf8' || type === 'utf8 view') return 'text';
  if (type === 'date' || type === 'time' || type === 'timestamp') return 'time';
  return ['int', 'float', 'bool', 'decimal'].includes(type) ? 'number' : 'other';
}

class ArrowBatches {
  readonly #dictionaries = new Map<number, readonly string[]>();

  constructor(
    private readonly handle: FileHandle,
    private readonly fileBytes: number,
    private readonly fields: readonly ArrowField[],
    private readonly wanted: ReadonlySet<number>,
  ) {}

  async *of(messages: AsyncGenerator<Message>): AsyncGenerator<TablePiece> {
    for await (const message of messages) {
      const kind = message.head.byte(1);
      if (kind === MESSAGE.dictionary) await this.#learn(message);
      else if (kind === MESSAGE.batch) yield await this.#batch(message);
      else throw new RangeError('a message of another kind');
    }
  }

  async #batch(message: Message): Promise<TablePiece> {
    const reader = new BatchReader(this.handle, this.fileBytes, message);
    const cells: ColumnCells[] = [];
    for (const [index, field] of this.fields.entries()) {
      const buffers = await reader.next(field, this.wanted.has(index));
      if (buffers === null) continue;
      if (buffers.rows !== reader.rows) throw new RangeError('a column has another number of rows');
      cells.push(columnCells(field, buffers, this.#dictionaries.get(field.dictionary?.id ?? -1)));
    }
    return { rows: reader.rows, cells };
  }

  /** Keeps the texts of a dictionary, or adds to them. */
  async #learn(message: Message): Promise<void> {
    const dictionary = message.head.table(2);
    const id = dictionary?.long(0) ?? 0;
    const field = this.fields.find((one, index) => one.dictionary?.id === id && this.wanted.has(index));
    if (dictionary === null || field === undefined) return;
    const values = { ...field, dictionary: null };
    const buffers = await new BatchReader(this.handle, this.fileBytes, message).next(values, true);
    const before = dictionary.byte(2) === 0 ? [] : (this.#dictionaries.get(id) ?? []);
    const rows = buffers?.rows ?? 0;
    if (before.length + rows > MAX_DICTIONARY_ENTRIES) throw new RangeError('a dictionary is too large');
    const text = buffers === null ? () => '' : columnCells(values, buffers).text;
    this.#dictionaries.set(id, [...before, ...Array.from({ length: rows }, (_, row) => text(row))]);
  }
}

/** Goes through the columns of one batch in their order; what is not wanted is stepped over without reading it. */
class BatchReader {
  readonly rows: number;
  readonly #nodes: readonly (readonly number[])[];
  readonly #places: readonly (readonly number[])[];
  readonly #variadic: readonly (readonly number[])[];
  readonly #codec: string;
  readonly #body: number;
  #node = 0;
  #place = 0;
  #view = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly fileBytes: number,
    { head, body }: Message,
  ) {
    const batch = batchOf(head);
    if (batch === null) throw new RangeError('a batch without a description');
    this.rows = batch.long(0);
    if (!(this.rows >= 0 && this.rows <= MAX_BATCH_ROWS))
      throw new RangeError(`a batch of ${this.rows} rows`);
    this.#nodes = batch.longs(1, 2);
    this.#places = batch.longs(2, 2);
    this.#variadic = batch.longs(4, 1);
    this.#codec = codecOf(head);
    this.#body = body;
  }

  /** The buffers of the next column; null for one that is stepped over. */
  async next(field: ArrowField, isWanted: boolean): Promise<ArrowBuffers | null> {
    const [rows = NaN, nulls = 0] = this.#nodes[this.#node] ?? [];
    if (!(rows >= 0 && rows <= MAX_BATCH_ROWS)) throw new RangeError('a column without rows');
    this.#node += 1;
    const count = this.#buffersOf(field);
    const from = this.#place;
    this.#place += count;
    if (field.dictionary === null) for (const child of field.children) await this.next(child, false);
    if (!isWanted) return null;
    const parts: Uint8Array[] = [];
    for (let index = from; index < from + count; index += 1) parts.push(await this.#buffer(index));
    const [validity = new Uint8Array(0), ...rest] = parts;
    return { rows, nulls, validity, parts: rest };
  }

  #buffersOf({ type, dictionary, dense }: ArrowField): number {
    if (dictionary !== null) return 2;
    switch (type) {
      case 'null':
      case 'run ends':
        return 0;
      case 'struct':
      case 'fixed list':
        return 1;
      case 'union':
        return dense ? 2 : 1;
      case 'utf8':
      case 'large utf8':
      case 'binary':
      case 'large binary':
      case 'list view':
      case 'large list view':
        return 3;
      case 'utf8 view':
      case 'binary view': {
        const [count = 0] = this.#variadic[this.#view] ?? [];
        this.#view += 1;
        if (!(count >= 0 && count <= this.#places.length))
          throw new RangeError('a column of too many buffers');
        return 2 + count;
      }
      default:
        return 2;
    }
  }

  async #buffer(index: number): Promise<Uint8Array> {
    const [offset = NaN, length = NaN] = this.#places[index] ?? [];
    const bytes = await bytesAt(this.handle, this.fileBytes, this.#body + offset, length);
    if (this.#codec === 'UNCOMPRESSED' || length === 0) return bytes;
    const size = Number(viewOf(bytes).getBigInt64(0, true));
    const packed = bytes.subarray(8);
    return size === -1 ? packed : unpack(this.#codec, packed, size);
  }
}
