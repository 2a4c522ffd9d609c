import type { BigIntStats } from 'node:fs';
import type { ErrorKind } from '#libs/kernel';

/** How a CSV file is to be read. Plain data: it crosses to a worker thread and is part of a cache key. */
export interface CsvOptions {
  /** Name of the column with the timestamps (the forms of `parseTimestamp`). */
  readonly dateColumn: string;
  /** Value columns wanted; each must exist and hold numbers. Default: every column that holds numbers. */
  readonly columns?: readonly string[];
  /** `skip` (default) leaves a bad row out and reports it, `refuse` ends the load at the first one. */
  readonly onBadRow?: 'skip' | 'refuse';
  /** What an empty cell (or NaN, NA, N/A, null, None) is: a fault of its row (`bad`, default) or NaN (`nan`). */
  readonly emptyCells?: 'bad' | 'nan';
  /** Larger files are refused before a byte is read. Default 1 GiB. */
  readonly maxBytes?: number;
}

/** Why a row was left out. */
export type BadRowRule =
  | 'too_few_cells'
  | 'too_many_cells'
  | 'bad_quotes'
  | 'bad_date'
  | 'missing_cell'
  | 'not_a_number'
  | 'not_finite';

export interface BadRow {
  /** Physical line on which the row begins; the header's first line is 1. */
  readonly line: number;
  readonly rule: BadRowRule;
  /** The column at fault, where one is. */
  readonly column?: string;
  /** The cell's text, at most 40 characters. */
  readonly value?: string;
}

/** What a load says beside the data. */
export interface CsvReport {
  /** The first bad rows, at most {@link MAX_BAD_ROWS_LISTED}. */
  readonly badRows: readonly BadRow[];
  /** How many rows were left out altogether. */
  readonly badRowCount: number;
  /** Columns of the file that are not in the frame because they hold no numbers. */
  readonly ignoredColumns: readonly string[];
  /** Rows whose time equals the time of the row before; they are kept. */
  readonly duplicateTimes: number;
  /** Whether the file's rows were out of order and have been sorted (stably) by time. */
  readonly reordered: boolean;
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
