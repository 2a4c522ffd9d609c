import { appendFileSync, type BigIntStats, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { AppError, runInContext, systemClock } from '#libs/kernel';
import { eventually } from '#libs/testing';
import { CsvCache, loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();
const options = { dateColumn: 'DATE_TIME' };
const rows = (count: number): string =>
  `DATE_TIME,A\n${Array.from({ length: count }, (_, row) => `2024-01-10 00:${String(row).padStart(2, '0')}:00,${row}\n`).join('')}`;

const NOW = Date.UTC(2026, 0, 5) + 700;
const HOUR_NS = 3_600_000_000_000n;
type Times = (stats: BigIntStats) => { readonly mtimeNs: bigint; readonly ctimeNs: bigint };
const anHourAgo: Times = ({ mtimeNs, ctimeNs }) => ({
  mtimeNs: mtimeNs - HOUR_NS,
  ctimeNs: ctimeNs - HOUR_NS,
});

/** A cache on a file system that stamps files so; a file that was written just now is a case of its own. */
function cacheOf({
  maxBytes = 1e6,
  read = jest.fn(loadCsv),
  times = anHourAgo,
  now = () => Date.now(),
} = {}): CsvCache {
  const look = async (path: string): Promise<BigIntStats> => {
    const stats = await stat(path, { bigint: true });
    return Object.assign(stats, times(stats));
  };
  const stamped: typeof loadCsv = async (path, asked) => {
    const csv = await read(path, asked);
    const { dev, ino, size, mtimeNs, ctimeNs } = await look(path);
    return { ...csv, fingerprint: [dev, ino, size, mtimeNs, ctimeNs].join(':') };
  };
  return new CsvCache({ maxBytes, read: stamped, look, clock: { now } });
}

describe('CsvCache', () => {
  it('parses a file once', async () => {
    const cache = cacheOf();
    const path = write(rows(5));
    const first = await cache.load(path, options);
    expect(await cache.load(path, options)).toBe(first);
    expect(cache.size).toBe(1);
    expect(cache.bytes).toBeGreaterThanOrEqual(5 * 2 * 8);
  });

  it('shares the load of callers that come together', async () => {
    const read = jest.fn(loadCsv);
    const cache = cacheOf({ read });
    const path = write(rows(5));
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => cache.load(path, options)));
    expect(b).toBe(a);
    expect(c).toBe(a);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('lets those share a look that ask before it begins, and nobody who asks after', async () => {
    const looks: (() => void)[] = [];
    const path = write(rows(5));
    const look = async (at: string): Promise<BigIntStats> => {
      await new Promise<void>((resolve) => looks.push(resolve));
      return stat(at, { bigint: true });
    };
    const cache = new CsvCache({ maxBytes: 1e6, look });
    const first = [cache.load(path, options), cache.load(path, options)];
    await eventually('they look', async () => looks.length === 1);
    const later = [cache.load(path, options), cache.load(path, options)];
    writeFileSync(path, rows(6));
    looks[0]?.();
    expect((await Promise.all(first)).map(({ frame }) => frame.length)).toEqual([6, 6]);
    await eventually('the others look', async () => looks.length === 2);
    writeFileSync(path, rows(7));
    looks[1]?.();
    expect((await Promise.all(later)).map(({ frame }) => frame.length)).toEqual([7, 7]);
    expect(looks).toHaveLength(2);
  });

  it('looks once for an operation, and anew for the next', async () => {
    const look = jest.fn((at: string) => stat(at, { bigint: true }));
    const cache = new CsvCache({ maxBytes: 1e6, look });
    const path = write(rows(5));
    const loadTwice = async (): Promise<void> => {
      await cache.load(path, options);
      await cache.load(path, options);
    };
    const monotonic = jest.spyOn(systemClock, 'monotonic').mockReturnValue(1_000);
    for (const requestId of ['one', 'two']) {
      look.mockClear();
      await runInContext({ requestId }, loadTwice);
      expect(look).toHaveBeenCalledTimes(1);
    }
    await runInContext({ requestId: 'slow' }, async () => {
      await cache.load(path, options);
      look.mockClear();
      monotonic.mockReturnValue(1_050);
      await cache.load(path, options);
    });
    expect(look).toHaveBeenCalledTimes(1);
    monotonic.mockRestore();
  });

  it('keeps different ways of reading apart', async () => {
    const cache = cacheOf();
    const path = write('DATE_TIME,A,B\n2024-01-10,1,2\n');
    const all = await cache.load(path, options);
    const one = await cache.load(path, { ...options, columns: ['B'] });
    expect(all.frame.names).toEqual(['A', 'B']);
    expect(one.frame.names).toEqual(['B']);
    expect(await cache.load(path, { ...options })).toBe(all);
    expect(await cache.load(path, { ...options, format: { decimal: '.' } })).not.toBe(all);
  });

  it('reads a file anew when its size or time changed', async () => {
    const cache = cacheOf();
    const path = write(rows(5));
    expect((await cache.load(path, options)).frame.length).toBe(5);
    appendFileSync(path, '2024-01-10 00:30:00,30\n');
    expect((await cache.load(path, options)).frame.length).toBe(6);
    const { atimeMs, mtimeMs } = statSync(path);
    writeFileSync(path, rows(6).replace(',5\n', ',7\n'));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 1);
    expect((await cache.load(path, options)).frame.column('A')[5]).toBe(7);
    expect(cache.size).toBe(1);
  });

  it('never gives a version from before the question, not even that which others are reading', async () => {
    const path = write(rows(5));
    let goOn = (): void => {};
    const written = new Promise<void>((resolve) => (goOn = resolve));
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const slow: typeof loadCsv = async (file, asked) => {
      const csv = await loadCsv(file, asked);
      begin();
      await written;
      return csv;
    };
    const cache = cacheOf({ read: jest.fn(loadCsv).mockImplementationOnce(slow) });
    const first = cache.load(path, options);
    await begun;
    appendFileSync(path, '2024-01-10 00:30:00,30\n');
    expect((await cache.load(path, options)).frame.length).toBe(6);
    goOn();
    await first;
    expect((await cache.load(path, options)).frame.length).toBe(6);
  });

  it.each([
    ['a moment ago', BigInt(NOW) * 1_000_000n + 1n, 2],
    ['within the second, where seconds are counted', BigInt(Math.floor(NOW / 1000)) * 1_000_000_000n, 2],
    ['long ago', 1_700_000_000_000_000_001n, 1],
  ])('of a file written %s it knows whether its times tell the next write', async (_, changedNs, reads) => {
    const path = write(rows(5));
    const read = jest.fn(loadCsv);
    const times = () => ({ mtimeNs: changedNs, ctimeNs: changedNs });
    const cache = cacheOf({ read, times, now: () => NOW });
    await cache.load(path, options);
    writeFileSync(path, rows(5).replace(',4\n', ',9\n'));
    const { frame } = await cache.load(path, options);
    expect(read).toHaveBeenCalledTimes(reads);
    expect(frame.column('A')[4]).toBe(reads === 2 ? 9 : 4);
  });

  it('says that a file is gone, keeps nothing of it, and finds it again', async () => {
    const cache = cacheOf();
    const path = write(rows(5));
    await cache.load(path, options);
    rmSync(path);
    await expect(cache.load(path, options)).rejects.toMatchObject({ code: 'csv_missing' });
    expect(cache.size).toBe(0);
    writeFileSync(path, rows(2));
    expect((await cache.load(path, options)).frame.length).toBe(2);
  });

  it('reads a file again that changed meanwhile, three times at most', async () => {
    const path = write(rows(5));
    const changed = new AppError('unavailable', 'prices.csv changed while it was read', {
      code: 'csv_changed',
    });
    const restless = jest.fn(loadCsv).mockRejectedValue(changed);
    const cache = cacheOf({ read: restless });
    await expect(cache.load(path, options)).rejects.toBe(changed);
    expect(restless).toHaveBeenCalledTimes(3);
    restless.mockRejectedValueOnce(changed).mockImplementation(loadCsv);
    expect((await cache.load(path, options)).frame.length).toBe(5);
  });

  it('stays within its bytes: the least recently used goes first, a file too large is not kept', async () => {
    const cache = cacheOf({ maxBytes: 3000 });
    const [a, b, c] = [write(rows(60)), write(rows(60)), write(rows(60))];
    const first = await cache.load(a, options);
    const second = await cache.load(b, options);
    expect(await cache.load(a, options)).toBe(first);
    await cache.load(c, options);
    expect(cache.bytes).toBeLessThanOrEqual(3000);
    expect(await cache.load(a, options)).toBe(first);
    expect(await cache.load(b, options)).not.toBe(second);
    const small = cacheOf({ maxBytes: 100 });
    expect((await small.load(a, options)).frame.length).toBe(60);
    expect(small.size).toBe(0);
  });
});
