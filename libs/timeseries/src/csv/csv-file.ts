import type { BigIntStats } from 'node:fs';
import { CsvRefused, DEFAULT_MAX_BYTES, refuse, type CsvFault, type CsvOptions } from './csv-format.js';

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
export function faultOf(file: string, error: unknown): CsvFault {
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
