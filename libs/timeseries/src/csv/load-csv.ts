import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError, WorkerThreads } from '#libs/kernel';
import { columnarKind } from '../columnar/columnar-file.js';
import { Frame } from '../frame.js';
import {
  checkFile,
  type CsvFault,
  type CsvOptions,
  type CsvOutcome,
  type CsvReport,
  faultOfFile,
} from './csv-format.js';
import type { CsvTask } from './csv-worker.js';
import { parseCsv } from './parse-csv.js';

/** Files of at most this size are parsed on the main thread: starting a thread would take longer. */
export const MAIN_THREAD_BYTES = 5_000_000;

/** Two loads run at once, the others wait; a thread ends when it has been idle for a second. */
export const csvThreads = new WorkerThreads<CsvTask, CsvOutcome>(
  new URL('./csv-worker.js', import.meta.url),
  { maxThreads: 2, idleMs: 1000 },
);

/** A CSV file as a frame, with what was odd about it. */
export interface LoadedCsv extends CsvReport {
  readonly frame: Frame;
}

/**
 * Loads a CSV file with a header line into a frame: columns by name in any order, quoted cells, LF or CRLF, an optional
 * byte order mark, blank lines skipped, rows sorted by time. A file over {@link MAIN_THREAD_BYTES} is parsed in a worker
 * thread (in slices on the main thread when there is no build), so the event loop goes on.
 * @throws AppError with the file's base name but never a path in its text. Codes: `csv_missing` (not_found),
 *   `csv_too_large` (too_large), `csv_unreadable` and `csv_changed` (unavailable: try again), and as `invalid`
 *   `csv_is_directory`, `csv_not_a_file`, `csv_binary`, `csv_empty`, `csv_no_rows`, `csv_header_too_long`,
 *   `csv_row_too_long`, `csv_too_many_columns`, `csv_duplicate_column`, `csv_missing_column`, `csv_column_not_numeric`,
 *   `csv_ambiguous_dates`, `csv_ambiguous_numbers`, `csv_missing_date`, `csv_second_table`, `csv_columnar`; `csv_thread` (internal) when the thread dies. The signal's reason when it aborts.
 */
export async function loadCsv(path: string, options: CsvOptions, signal?: AbortSignal): Promise<LoadedCsv> {
  const outcome = await parse(path, options, signal);
  if ('fault' in outcome) throw errorOf(outcome.fault);
  const { time, columns, ...report } = outcome.parsed;
  return { frame: Frame.of(time, columns), ...report };
}

async function parse(path: string, options: CsvOptions, signal?: AbortSignal): Promise<CsvOutcome> {
  const file = basename(path);
  try {
    // Before it is opened: opening a pipe waits for a writer, and a file that is too large is refused at once.
    const stats = await stat(path, { bigint: true });
    checkFile(file, stats, options);
    const isSmall = stats.size <= MAIN_THREAD_BYTES && !(await isColumnar(path));
    if (isSmall || !csvThreads.isBuilt) return await parseCsv(path, options, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return { fault: faultOfFile(file, error) };
  }
  try {
    return await csvThreads.run({ path, options }, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const detail = `${file} needs more memory than one file may take: is it broken? Split it, or save it as CSV`;
      return { fault: { kind: 'too_large', code: 'csv_too_large', detail } };
    }
    throw new AppError('internal', `the thread that read ${file} ended early`, {
      code: 'csv_thread',
      cause: error,
    });
  }
}

/** A few bytes of Parquet may stand for millions of rows, so it is always read beside the event loop. */
async function isColumnar(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    return columnarKind(buffer.subarray(0, bytesRead)) !== null;
  } finally {
    await handle.close();
  }
}

const errorOf = ({ kind, code, detail }: CsvFault): AppError => new AppError(kind, detail, { code });
