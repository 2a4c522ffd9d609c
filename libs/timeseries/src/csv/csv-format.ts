import type { BigIntStats } from 'node:fs';
import type { ErrorKind } from '#libs/kernel';
import type { DateOrder } from '../times/cell-times.js';
import type { DialectName } from './dialects.js';
import type { DecimalSign, ThousandsSign } from './numbers.js';

/**
 * How a file is written, as far as that is known beforehand; what is left out is found out. Plain data: it crosses to a
 * worker thread and is part of a cache key.
 */
export interface FileFormat {
  /** The maker; null (or left out): recognised where its files are unmistakable. */
  readonly dialect?: DialectName | null;
  /** The file's name for a column by the name under which it is wanted, such as `{CLOSE: 'Last'}`. */
  readonly names?: Readonly<Record<string, string>>;
  /** Rows that count, by the text of a cell: `{Name: 'AAPL'}`; others are passed over. */
  readonly rows?: Readonly<Record<string, string>>;
  /** In the notation of `strptime`, or `epoch_s|ms|us|ns`, `excel` or `matlab`. */
  readonly timeFormat?: string | null;
  /** Zone of times without an offset, see `Zone`. */
  readonly zone?: string | null;
  /** Whether the time of a bar is its beginning or its end. */
  readonly barTime?: 'open' | 'close' | null;
  readonly decimal?: DecimalSign | null;
  readonly thousands?: ThousandsSign | null;
}

/** Which file is to be read, and what of it. */
export interface CsvOptions {
  /** Name of the column with the times; `DATE_TIME` and an empty name: found by its content where no column has it. */
  readonly dateColumn: string;
  /** Value columns wanted; each must exist and hold numbers. Default: every column that holds numbers. */
  readonly columns?: readonly string[];
  readonly format?: FileFormat;
  /** Larger files are refused before a byte is read, and archives with more in them. Default 1 GiB. */
  readonly maxBytes?: number;
}

/** Why a row was left out. Cells that are no numbers cost only their own value, which is NaN. */
export type BadRowRule = 'too_few_cells' | 'too_many_cells' | 'bad_quotes' | 'bad_date';

export interface BadRow {
  /** Physical line on which the row begins; the file's first line is 1. */
  readonly line: number;
  readonly rule: BadRowRule;
  /** The column at fault, where one is. */
  readonly column?: string;
  /** The cell's text, at most 40 characters. */
  readonly value?: string;
}

/** Cells of one column that hold text which is no finite number. */
export interface BadCells {
  readonly column: string;
  readonly count: number;
  /** Line of the first. */
  readonly line: number;
  /** Its text, at most 40 characters. */
  readonly value: string;
}

/** Something that a reader of the data should know. */
export interface FileNote {
  readonly code: FileNoteCode;
  /** One sentence, without the file's name or a path. */
  readonly text: string;
}

export type FileNoteCode =
  | 'bad_rows'
  | 'bad_cells'
  | 'ignored_columns'
  | 'repeated_columns'
  | 'date_order'
  | 'time_zone'
  | 'unusual_hours'
  | 'bar_ends'
  | 'sorted_rows'
  | 'duplicate_times'
  | 'gaps'
  | 'price_jump'
  | 'zero_prices'
  | 'running_bar'
  | 'scaled_prices'
  | 'format';

/** What was found out about how a file is written. */
export interface Detected {
  readonly container: string;
  readonly encoding: string;
  readonly separator: string;
  /** Line of the header; null where there is none. */
  readonly headerLine: number | null;
  /** Lines before the table. */
  readonly preamble: readonly string[];
  /** The column or the two columns with the times. */
  readonly timeColumns: readonly string[];
  readonly timeFormat: string;
  /** Zone of times without an offset, and how that is known. */
  readonly zone: string;
  readonly zoneFrom: 'setting' | 'file' | 'header' | 'maker' | 'assumed';
  readonly barTime: 'open' | 'close';
  readonly barTimeFrom: 'setting' | 'maker' | 'header' | 'assumed';
  readonly decimal: DecimalSign;
  readonly dialect: DialectName | null;
  /** Whether `csv_dialect` named it; false where the file only looks so. */
  readonly isDialectTold: boolean;
  /** Columns of the file in their order, with what was made of them. */
  readonly columns: readonly DetectedColumn[];
}

export interface DetectedColumn {
  readonly name: string;
  readonly use: 'time' | 'values' | 'ignored';
  /** A further name under which it is found, such as CLOSE. */
  readonly alias: string | null;
  /** Rows without a value. */
  readonly missing: number;
}

/** What a load says beside the data. */
export interface CsvReport {
  /** The first bad rows, at most {@link MAX_BAD_ROWS_LISTED}. */
  readonly badRows: readonly BadRow[];
  /** How many rows were left out altogether. */
  readonly badRowCount: number;
  readonly badCells: readonly BadCells[];
  /** Columns of the file that are not in the frame because they hold no numbers. */
  readonly ignoredColumns: readonly string[];
  /** Rows whose time equals the time of the row before; they are kept. */
  readonly duplicateTimes: number;
  /** Whether the file's rows were out of order and have been sorted (stably) by time. */
  readonly reordered: boolean;
  /** The usual distance of neighbouring bars in ms; NaN with fewer than two. */
  readonly stepMs: number;
  readonly detected: Detected;
  readonly notes: readonly FileNote[];
  /** Identity of the version that was read: device, inode, size and change times. */
  readonly fingerprint: string;
}

/** A parsed file as plain data, its arrays ready to be handed from thread to thread. */
export interface ParsedCsv extends CsvReport {
  readonly time: Float64Array;
  readonly columns: readonly (readonly [string, Float64Array])[];
}

/** A refusal as plain data; the thread that asked makes an AppError of it. */
export interface CsvFault {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly detail: string;
}

export type CsvOutcome = { readonly parsed: ParsedCsv } | { readonly fault: CsvFault };

export const MAX_BAD_ROWS_LISTED = 100;
export const DEFAULT_MAX_BYTES = 2 ** 30;

/** Ends a parse with a fault; never leaves this folder. */
export class CsvRefused extends Error {
  constructor(readonly fault: CsvFault) {
    super(fault.detail);
    this.name = 'CsvRefused';
  }
}

export const refuse = (kind: ErrorKind, code: string, detail: string): CsvRefused =>
  new CsvRefused({ kind, code, detail });

/** Ends a parse that has learned something which its beginning did not show; the file is read again with it. */
export class ReadAgain extends Error {
  constructor(readonly learned: Learned) {
    super('read again');
    this.name = 'ReadAgain';
  }
}

/** What only the whole of a file shows. */
export interface Learned {
  /** That a table of numbers has to be read as text. */
  readonly asText?: boolean;
  readonly decimal?: DecimalSign;
  /** Orders of date parts that are still possible, the one to try first. */
  readonly orders?: readonly DateOrder[];
}

/** Identity of one version of a file: any write, replacement or touch changes it. */
export const fingerprintOf = (stats: BigIntStats): string =>
  [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');

/**
 * Refuses what can't or shouldn't be read, before a byte is read.
 * @throws CsvRefused `csv_is_directory`, `csv_not_a_file`, `csv_too_large`
 */
export function checkFile(file: string, stats: BigIntStats, options: CsvOptions): void {
  if (stats.isDirectory())
    throw refuse('invalid', 'csv_is_directory', `${file} is a directory, not a CSV file`);
  if (!stats.isFile()) throw refuse('invalid', 'csv_not_a_file', `${file} is not a regular file`);
  const limit = options.maxBytes ?? DEFAULT_MAX_BYTES;
  if (stats.size > BigInt(limit)) {
    const detail = `${file} has ${megabytes(Number(stats.size))} MB; at most ${megabytes(limit)} MB are read`;
    throw refuse('too_large', 'csv_too_large', detail);
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 3 : 0);

/** Our own refusal as it is, the file system's in words that name no path. */
export function faultOfFile(file: string, error: unknown): CsvFault {
  if (error instanceof CsvRefused) return error.fault;
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'not_found', code: 'csv_missing', detail: `there is no file ${file}` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'unavailable', code: 'csv_unreadable', detail: `no permission to read ${file}` };
    default:
      return { kind: 'unavailable', code: 'csv_unreadable', detail: `${file} can't be read (${code})` };
  }
}
