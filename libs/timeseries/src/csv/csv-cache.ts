import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LRUCache } from 'lru-cache';
import { AppError, type Clock, SharedWork, systemClock } from '#libs/kernel';
import { type CsvOptions, fingerprintOf } from './csv-format.js';
import { loadCsv, type LoadedCsv } from './load-csv.js';

/** How often a file that changes while it is read is read again before the load fails. */
const READ_ATTEMPTS = 3;

export interface CsvCacheOptions {
  /** Bytes of column data kept; the least recently used file goes first, a larger file is never kept. */
  readonly maxBytes: number;
  /** For so long a file is taken to be unchanged without looking, so that hot paths ask no disk. Default 1,000 ms. */
  readonly recheckMs?: number;
  readonly clock?: Clock;
  /** Reads a file that is not held; tests put their own here. */
  readonly read?: typeof loadCsv;
}

interface Entry {
  readonly csv: LoadedCsv;
  /** Monotonic time of the last look at the file. */
  checkedAt: number;
}

/**
 * Parsed CSV files in memory, one for each path and way of reading. A file that changed on disk (size, times, inode) is
 * read anew; callers that ask for the same file at the same time share one load. Failures are not kept.
 */
export class CsvCache {
  private readonly entries: LRUCache<string, Entry>;
  private readonly loading = new SharedWork<LoadedCsv>();
  private readonly recheckMs: number;
  private readonly clock: Clock;
  private readonly read: typeof loadCsv;

  constructor({ maxBytes, recheckMs = 1000, clock = systemClock, read = loadCsv }: CsvCacheOptions) {
    this.entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ csv }) => bytesOf(csv) });
    this.recheckMs = recheckMs;
    this.clock = clock;
    this.read = read;
  }

  /** Bytes of column data held now. */
  get bytes(): number {
    return this.entries.calculatedSize;
  }

  /** Files held now. */
  get size(): number {
    return this.entries.size;
  }

  /**
   * The file as it is now, from memory where possible.
   * @throws what {@link loadCsv} throws; `csv_changed` only when the file changed during three reads in a row
   */
  load(path: string, options: CsvOptions): Promise<LoadedCsv> {
    const key = keyOf(path, options);
    const entry = this.entries.get(key);
    if (entry && this.clock.monotonic() - entry.checkedAt < this.recheckMs) return Promise.resolve(entry.csv);
    return this.loading.of(key, () => this.refresh(key, entry, path, options));
  }

  /** Forgets everything; loads under way still answer their callers. */
  clear(): void {
    this.entries.clear();
  }

  private async refresh(
    key: string,
    entry: Entry | undefined,
    path: string,
    options: CsvOptions,
  ): Promise<LoadedCsv> {
    const checkedAt = this.clock.monotonic();
    if (entry && (await isUnchanged(path, entry.csv))) {
      entry.checkedAt = checkedAt;
      return entry.csv;
    }
    this.entries.delete(key);
    const csv = await this.readSettled(path, options);
    this.entries.set(key, { csv, checkedAt });
    return csv;
  }

  private async readSettled(path: string, options: CsvOptions): Promise<LoadedCsv> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.read(path, options);
      } catch (error) {
        const changed = error instanceof AppError && error.code === 'csv_changed';
        if (!changed || attempt === READ_ATTEMPTS) throw error;
      }
    }
  }
}

/** A file that is gone or can't be looked at counts as changed; loading it says why. */
async function isUnchanged(path: string, csv: LoadedCsv): Promise<boolean> {
  return stat(path, { bigint: true }).then(
    (stats) => fingerprintOf(stats) === csv.fingerprint,
    () => false,
  );
}

const keyOf = (path: string, options: CsvOptions): string =>
  JSON.stringify([
    resolve(path),
    options.dateColumn,
    options.columns ?? null,
    options.format ?? null,
    options.maxBytes ?? null,
  ]);

const bytesOf = ({ frame }: LoadedCsv): number =>
  [...new Set([frame.time, ...frame.columns.values()].map(({ buffer }) => buffer))].reduce(
    (sum, buffer) => sum + buffer.byteLength,
    64,
  );
