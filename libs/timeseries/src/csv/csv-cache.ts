import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import {
  AppError,
  type Clock,
  currentContext,
  type OperationContext,
  SharedWork,
  systemClock,
} from '#libs/kernel';
import { type CsvOptions, fingerprintOf } from './csv-format.js';
import { loadCsv, type LoadedCsv } from './load-csv.js';

/** How often a file that changes while it is read is read again before the load fails. */
const READ_ATTEMPTS = 3;
/** Two writes so near to each other may leave the same times behind: the ticks by which kernels stamp files, some doubled. */
const TICK_MS = 20;
/** The same where a file system counts whole seconds, or (FAT) two. */
const WHOLE_SECONDS_MS = 2000;
/** For so long an operation takes a file to be as it saw it: a request looks when it is judged, and when it is answered. */
const SAME_OPERATION_MS = 50;

export interface CsvCacheOptions {
  /** Bytes of column data kept; the least recently used file goes first, a larger file is never kept. */
  readonly maxBytes: number;
  /** Reads a file that is not held; tests put their own here. */
  readonly read?: typeof loadCsv;
  /** What the file system says of a file; tests put their own here. */
  readonly look?: (path: string) => Promise<BigIntStats>;
  /** Tells how long ago a file was written; the system's by default, which also stamps files. */
  readonly clock?: Pick<Clock, 'now'>;
}

interface Entry {
  readonly csv: LoadedCsv;
  /** Whether a write after the read may have left the times as they were. */
  readonly isYoung: boolean;
}

/**
 * Parsed CSV files in memory, one for each path and way of reading. Each load looks at the file first (0.1 ms) and reads it
 * anew when it changed on disk (size, times, inode), or when it had been written so shortly before it was read that
 * one more write could not be seen. Callers that see the same version share one read. Failures are not kept.
 */
export class CsvCache {
  private readonly entries: LRUCache<string, Entry>;
  private readonly loading = new SharedWork<LoadedCsv>();
  private readonly read: typeof loadCsv;
  private readonly looks: SharedLooks;
  private readonly clock: Pick<Clock, 'now'>;

  constructor({ maxBytes, read = loadCsv, look = statsOf, clock = systemClock }: CsvCacheOptions) {
    this.entries = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ csv }) => bytesOf(csv) });
    this.read = read;
    this.looks = new SharedLooks(look);
    this.clock = clock;
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
   * The file as it was after this call at the earliest, or after the first one of the same operation, not longer than
   * 50 ms ago; from memory where possible.
   * @throws what {@link loadCsv} throws; `csv_changed` only when the file changed during three reads in a row
   */
  async load(path: string, options: CsvOptions): Promise<LoadedCsv> {
    const key = keyOf(path, options);
    // A file that is gone or can't be looked at counts as changed; loading it says why.
    const stats = await this.looks.at(path).catch(() => null);
    const seen = stats === null ? null : fingerprintOf(stats);
    const entry = this.entries.get(key);
    if (entry && seen === entry.csv.fingerprint && !entry.isYoung) return entry.csv;
    // Who saw another version must not be given the one that others are still reading.
    return this.loading.of(`${seen} ${key}`, () => this.refresh(key, stats, path, options));
  }

  /** Forgets everything; loads under way still answer their callers. */
  clear(): void {
    this.entries.clear();
  }

  private async refresh(
    key: string,
    stats: BigIntStats | null,
    path: string,
    options: CsvOptions,
  ): Promise<LoadedCsv> {
    this.entries.delete(key);
    const isYoung = stats === null || isYoungAt(this.clock.now(), stats);
    const csv = await this.readSettled(path, options);
    const isOther = stats === null || fingerprintOf(stats) !== csv.fingerprint;
    this.entries.set(key, { csv, isYoung: isYoung || isOther });
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

interface Look {
  readonly path: string;
  readonly askedMs: number;
  readonly stats: Promise<BigIntStats>;
}

/**
 * Looks at files, one at a time for each. Everybody who asks before a look begins shares it: what it sees was there after
 * they asked. A look costs a thread's wake-up, a tenth of what a forecast takes, and sixteen forecasts begin together.
 */
class SharedLooks {
  /** Those that have not begun yet. */
  readonly #next = new Map<string, Promise<BigIntStats>>();
  readonly #underWay = new Map<string, Promise<BigIntStats>>();
  /** The newest one of each operation. */
  readonly #ofOperations = new WeakMap<OperationContext, Look>();

  constructor(private readonly look: (path: string) => Promise<BigIntStats>) {}

  at(path: string): Promise<BigIntStats> {
    const operation = currentContext();
    if (operation === undefined) return this.#shared(path);
    const nowMs = systemClock.monotonic();
    const last = this.#ofOperations.get(operation);
    if (last?.path === path && nowMs - last.askedMs < SAME_OPERATION_MS) return last.stats;
    const stats = this.#shared(path);
    this.#ofOperations.set(operation, { path, askedMs: nowMs, stats });
    return stats;
  }

  #shared(path: string): Promise<BigIntStats> {
    let next = this.#next.get(path);
    if (next === undefined) this.#next.set(path, (next = this.#lookLater(path)));
    return next;
  }

  async #lookLater(path: string): Promise<BigIntStats> {
    const before = this.#underWay.get(path);
    await (before === undefined ? turnOfEventLoop() : before.catch(() => null));
    this.#next.delete(path);
    const look = this.look(path);
    this.#underWay.set(path, look);
    try {
      return await look;
    } finally {
      if (this.#underWay.get(path) === look) this.#underWay.delete(path);
    }
  }
}

const statsOf = (path: string): Promise<BigIntStats> => stat(path, { bigint: true });

/** Where the clock and that which stamps files are further apart, times decide alone. */
function isYoungAt(now: number, { mtimeNs, ctimeNs }: BigIntStats): boolean {
  const changedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  const window = changedNs % 1_000_000_000n === 0n ? WHOLE_SECONDS_MS : TICK_MS;
  return Math.abs(now - Number(changedNs / 1_000_000n)) < window;
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
