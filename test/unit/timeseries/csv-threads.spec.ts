import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadCsv, longerBars, longerBarsBeside } from '#libs/timeseries';
import { csvThreads } from '../../../libs/timeseries/src/csv/load-csv.js';
import { parseCsv } from '../../../libs/timeseries/src/csv/parse-csv.js';
import { csvFiles } from './csv-files.js';

const { directory, write } = csvFiles();
const options = { dateColumn: 'DATE_TIME' };

/** 160,000 rows, 5.6 MB: several reads, over the size from which a thread is used. */
const largeFile = (() => {
  const lines = Array.from({ length: 160_000 }, (_, row) => {
    const time = new Date(Date.UTC(2000, 0, 1) + row * 60_000).toISOString().slice(0, 19);
    return `${time},${(1 + row / 1e5).toFixed(5)},${row}`;
  });
  return write(['DATE_TIME,CLOSE,VOLUME', ...lines].join('\n'));
})();

const same = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && a.every((value, row) => value === b[row]);

describe('a file of several reads', () => {
  it('comes out the same in one thread or two', async () => {
    const slices = await parseCsv(largeFile, options);
    const { frame, badRowCount } = await loadCsv(largeFile, options);
    expect(frame.length).toBe(160_000);
    expect(badRowCount).toBe(0);
    expect(frame.column('VOLUME')[159_999]).toBe(159_999);
    expect(frame.column('CLOSE')[123_456]).toBe(2.23456);
    if (!('parsed' in slices)) throw new Error('refused');
    expect(same(slices.parsed.time, frame.time)).toBe(true);
    expect(slices.parsed.columns.map(([name]) => name)).toEqual(frame.names);
    for (const [name, values] of slices.parsed.columns) expect(same(values, frame.column(name))).toBe(true);
  });
});

// The worker is the compiled one; `npm test` builds first.
describe('the worker thread', () => {
  it('hands back whole files, bad rows and all', async () => {
    expect(csvThreads.isBuilt).toBe(true);
    const outcome = await csvThreads.run({ path: write('DATE_TIME,A\n2024-01-10,1\nx,2\n'), options });
    expect(outcome).toMatchObject({
      parsed: {
        columns: [['A', expect.any(Float64Array)]],
        badRowCount: 1,
        badRows: [{ line: 3, rule: 'bad_date' }],
      },
    });
  });

  it('hands back the reason when a file is refused', async () => {
    expect(await csvThreads.run({ path: join(directory, 'none.csv'), options })).toEqual({
      fault: { kind: 'not_found', code: 'csv_missing', detail: 'there is no file none.csv' },
    });
  });

  it('stops reading a file when its signal is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const load = loadCsv(largeFile, options, controller.signal);
    controller.abort(reason);
    await expect(load).rejects.toBe(reason);
  });
});

describe('many bars that are put together', () => {
  it('come out the same in one thread or two', async () => {
    const { frame } = await loadCsv(largeFile, options);
    const bars = frame.dated({ closeOf: null, zone: 'America/New_York' });
    const here = longerBars(bars, 60_000, '1d');
    const { frame: beside, knownFrom, running } = await longerBarsBeside(bars, 60_000, '1d');
    expect(beside.names).toEqual(here.frame.names);
    for (const name of beside.names) expect(same(beside.column(name), here.frame.column(name))).toBe(true);
    expect([same(knownFrom, here.knownFrom), running]).toEqual([true, here.running]);
    const label = beside.time[7] ?? NaN;
    expect(beside.calendar.closeOf?.(label)).toBe(here.frame.calendar.closeOf?.(label));
  });
});
