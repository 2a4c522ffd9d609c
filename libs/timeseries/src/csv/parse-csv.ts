import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  checkFile,
  type CsvOptions,
  type CsvOutcome,
  faultOfFile,
  fingerprintOf,
  type ParsedCsv,
  refuse,
} from './csv-format.js';
import { readHead, type CsvHead } from './csv-head.js';
import { RecordScanner } from './record-scanner.js';
import { TableBuilder } from './table-builder.js';

/** One read. It is parsed in a few milliseconds, so a parse on the main thread lets others run in between. */
const CHUNK_BYTES = 256 * 1024;
/** A longer record is no data but a quote left open. */
const MAX_RECORD_BYTES = 1024 * 1024;
/** Room made in advance at most; a larger table grows. */
const MAX_EXPECTED_ROWS = 4_000_000;

/**
 * Reads and parses a CSV file in chunks; memory is the columns and one buffer. A refusal is returned as data, because the
 * caller may be another thread.
 * @throws the signal's reason when it aborts
 */
export async function parseCsv(path: string, options: CsvOptions, signal?: AbortSignal): Promise<CsvOutcome> {
  const file = basename(path);
  try {
    const handle = await open(path, 'r');
    try {
      return { parsed: await parseOpen(file, handle, options, signal) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    return { fault: faultOfFile(file, error) };
  }
}

async function parseOpen(
  file: string,
  handle: FileHandle,
  options: CsvOptions,
  signal?: AbortSignal,
): Promise<ParsedCsv> {
  const before = await handle.stat({ bigint: true });
  checkFile(file, before, options);
  const source = new ChunkSource(handle);
  await source.start(file);
  const scanner = new RecordScanner();
  const head = readHead(file, scanner, source, options);
  const builder = new TableBuilder(file, head, options, expectedRows(head, Number(before.size)));
  for (;;) {
    while (scanner.next(source.bytes, source.end, source.atEnd)) builder.add(scanner, source.bytes);
    if (source.atEnd) break;
    signal?.throwIfAborted();
    source.drop(scanner.position);
    scanner.goTo({ ...scanner.place, position: 0 });
    if (source.end > MAX_RECORD_BYTES) {
      const detail = `a row of ${file} from line ${scanner.place.line} on has no end; is a quote left open?`;
      throw refuse('invalid', 'csv_row_too_long', detail);
    }
    await source.fill();
  }
  const after = await handle.stat({ bigint: true });
  if (fingerprintOf(after) !== fingerprintOf(before)) {
    throw refuse('unavailable', 'csv_changed', `${file} changed while it was read`);
  }
  const { badRows, badRowCount } = builder;
  const { ignoredColumns } = head;
  return { ...builder.finish(), badRows, badRowCount, ignoredColumns, fingerprint: fingerprintOf(before) };
}

function expectedRows({ bytesPerRow }: CsvHead, bytes: number): number {
  if (bytesPerRow === 0) return 0;
  return Math.min(MAX_EXPECTED_ROWS, Math.ceil((bytes / bytesPerRow) * 1.02) + 16);
}

/** A window of bytes that slides over a file. */
class ChunkSource {
  readonly bytes = Buffer.allocUnsafe(MAX_RECORD_BYTES + CHUNK_BYTES);
  end = 0;
  atEnd = false;

  constructor(private readonly handle: FileHandle) {}

  /**
   * Fills the first chunk and takes the byte order mark off.
   * @throws CsvRefused `csv_encoding` for UTF-16
   */
  async start(file: string): Promise<void> {
    while (!this.atEnd && this.end < CHUNK_BYTES) await this.fill();
    const mark = this.bytes.subarray(0, Math.min(3, this.end)).toString('hex');
    if (mark.startsWith('fffe') || mark.startsWith('feff')) {
      throw refuse('invalid', 'csv_encoding', `${file} is UTF-16; save it as UTF-8`);
    }
    if (mark === 'efbbbf') this.drop(3);
  }

  /** Reads one more chunk behind {@link end}. */
  async fill(): Promise<void> {
    const { bytesRead } = await this.handle.read(this.bytes, this.end, CHUNK_BYTES, null);
    this.end += bytesRead;
    this.atEnd = bytesRead === 0;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.end);
    this.end -= count;
  }
}
