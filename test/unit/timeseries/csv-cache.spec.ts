import { appendFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it, jest } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { CsvCache, loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();
const options = { dateColumn: 'DATE_TIME' };
const rows = (count: number): string =>
  `DATE_TIME,A\n${Array.from({ length: count }, (_, row) => `2024-01-10 00:${String(row).padStart(2, '0')}:00,${row}\n`).join('')}`;

const turnedClock = () => {
  let time = 0;
  return {
    now: () => time,
    monotonic: () => time,
    after: () => () => {},
    turn: (ms: number) => (time += ms),
  };
};

describe('CsvCache', () => {
  it('parses a file once', async () => {
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0 });
    const path = write(rows(5));
    const first = await cache.load(path, options);
    expect(await cache.load(path, options)).toBe(first);
    expect(cache.size).toBe(1);
    expect(cache.bytes).toBeGreaterThanOrEqual(5 * 2 * 8);
  });

  it('shares the load of callers that come together', async () => {
    const read = jest.fn(loadCsv);
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0, read });
    const path = write(rows(5));
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => cache.load(path, options)));
    expect(b).toBe(a);
    expect(c).toBe(a);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('keeps different ways of reading apart', async () => {
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0 });
    const path = write('DATE_TIME,A,B\n2024-01-10,1,2\n');
    const all = await cache.load(path, options);
    const one = await cache.load(path, { ...options, columns: ['B'] });
    expect(all.frame.names).toEqual(['A', 'B']);
    expect(one.frame.names).toEqual(['B']);
    expect(await cache.load(path, { ...options })).toBe(all);
    expect(await cache.load(path, { ...options, format: { decimal: '.' } })).not.toBe(all);
  });

  it('reads a file anew when its size or time changed', async () => {
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0 });
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

  it('asks the disk again only when the time has come', async () => {
    const clock = turnedClock();
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 1000, clock });
    const path = write(rows(5));
    await cache.load(path, options);
    appendFileSync(path, '2024-01-10 00:30:00,30\n');
    clock.turn(999);
    expect((await cache.load(path, options)).frame.length).toBe(5);
    clock.turn(1);
    expect((await cache.load(path, options)).frame.length).toBe(6);
  });

  it('says that a file is gone, keeps nothing of it, and finds it again', async () => {
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0 });
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
    const cache = new CsvCache({ maxBytes: 1e6, recheckMs: 0, read: restless });
    await expect(cache.load(path, options)).rejects.toBe(changed);
    expect(restless).toHaveBeenCalledTimes(3);
    restless.mockRejectedValueOnce(changed).mockImplementation(loadCsv);
    expect((await cache.load(path, options)).frame.length).toBe(5);
  });

  it('stays within its bytes: the least recently used goes first, a file too large is not kept', async () => {
    const cache = new CsvCache({ maxBytes: 3000, recheckMs: 0 });
    const [a, b, c] = [write(rows(60)), write(rows(60)), write(rows(60))];
    const first = await cache.load(a, options);
    const second = await cache.load(b, options);
    expect(await cache.load(a, options)).toBe(first);
    await cache.load(c, options);
    expect(cache.bytes).toBeLessThanOrEqual(3000);
    expect(await cache.load(a, options)).toBe(first);
    expect(await cache.load(b, options)).not.toBe(second);
    const small = new CsvCache({ maxBytes: 100, recheckMs: 0 });
    expect((await small.load(a, options)).frame.length).toBe(60);
    expect(small.size).toBe(0);
  });
});
