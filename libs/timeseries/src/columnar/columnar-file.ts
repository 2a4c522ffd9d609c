import type { FileHandle } from 'node:fs/promises';
import { CsvRefused, type CsvOptions, refuse } from '../csv/csv-format.js';
import { arrowTable } from './arrow-table.js';
import { parquetTable } from './parquet-table.js';
import { type TableColumn, TableRows } from './text-rows.js';

/** Files whose columns stand one after the other, in binary form. */
type ColumnarKind = 'Parquet' | 'Feather';

/** Whether a file is one of those, by its first bytes. */
export function columnarKind(head: Uint8Array): ColumnarKind | null {
  const start = Buffer.from(head.subarray(0, 16)).toString('latin1');
  if (start.startsWith('PAR1')) return 'Parquet';
  // A stream of Arrow begins with a mark and the length of its schema.
  const isStream =
    start.startsWith('\xff\xff\xff\xff') && head.length >= 12 && head[7] === 0 && head[6] === 0;
  return start.startsWith('ARROW1') || isStream ? 'Feather' : null;
}

/** A Parquet or Feather file, its rows as text and as the numbers that they are. */
export class ColumnarFile {
  private constructor(
    private readonly file: string,
    private readonly kind: ColumnarKind,
    /** How it is packed. */
    readonly what: string,
    private readonly rows: TableRows,
  ) {}

  /** @throws CsvRefused `csv_columnar` */
  static async open(
    file: string,
    kind: ColumnarKind,
    handle: FileHandle,
    size: number,
    options: CsvOptions,
    maxBytes: number,
  ): Promise<ColumnarFile> {
    const table = await named(file, kind, () =>
      kind === 'Parquet' ? parquetTable(handle, size) : arrowTable(handle, size),
    );
    return new ColumnarFile(file, kind, table.what, new TableRows(file, table, size, options, maxBytes));
  }

  /** See {@link TableRows.columns}. */
  get columns(): readonly TableColumn[] {
    return this.rows.columns;
  }

  /** See {@link TableRows.text}; throws CsvRefused `csv_columnar`, `csv_too_large`. */
  text(): AsyncGenerator<Buffer> {
    return this.#said(this.rows.text());
  }

  /** See {@link TableRows.numbers}; throws CsvRefused `csv_columnar`, `csv_too_large`. */
  numbers(places: readonly number[]): ReturnType<TableRows['numbers']> {
    return this.#said(this.rows.numbers(places));
  }

  async *#said<T>(values: AsyncGenerator<T>): AsyncGenerator<T> {
    for (;;) {
      const next = await named(this.file, this.kind, () => values.next());
      if (next.done === true) return;
      yield next.value;
    }
  }
}

/** Whatever the decoding of a file meets, is said of the file: its author made it, and the libraries have no errors of their own for it. */
async function named<T>(file: string, kind: ColumnarKind, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CsvRefused || isOfSystem(error)) throw error;
    const reason = error instanceof Error ? error.message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100) : '';
    throw refuse(
      'invalid',
      'csv_columnar',
      `${file} is a ${kind} file that is broken or written in a way that is not read here (${reason}): write it anew, or convert it once with Python: pandas.${kind === 'Parquet' ? 'read_parquet' : 'read_feather'}("in").to_csv("out.csv")`,
    );
  }
}

/** Errors of the file system; those of zlib and of Node's arguments are about what is in the file. */
const isOfSystem = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z]+$/.test(error.code);
