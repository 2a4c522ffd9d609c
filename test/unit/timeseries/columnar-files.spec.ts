import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { formatIso, loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';
import { expectLast, hours } from './last-bar.js';

/** Files that pandas, polars and pyarrow wrote; see make.py beside them. */
const FOLDER = join(import.meta.dirname, '../../resources/columnar');
const NAMES = readdirSync(FOLDER).filter((name) => !name.endsWith('.py'));
const load = (name: string, options: object = {}) =>
  loadCsv(join(FOLDER, name), { dateColumn: 'DATE_TIME', ...options });
const { write } = csvFiles();

describe('a Parquet or Feather file', () => {
  it.each(NAMES.filter((name) => !/hk_daily|_ny|_berlin|two_symbols|holes/.test(name)))(
    'gives the bars that were written: %s',
    async (name) => {
      await expectLast(join(FOLDER, name), {}, hours);
      const { frame } = await load(name);
      expect(frame.length).toBe(10);
      expect(formatIso(frame.time[0] ?? NaN)).toBe('2024-01-02T20:00:00Z');
      expect(frame.columns.get('Open')?.[4]).toBe(1.1 + 4 / 1000);
    },
  );

  it('has moments by its zone, and whole days by the date of their exchange', async () => {
    await expectLast(join(FOLDER, 'pd_ny.parquet'), {}, { ...hours, time: '2024-01-03T10:00:00Z' });
    await expectLast(join(FOLDER, 'pl_berlin.parquet'), {}, { ...hours, time: '2024-01-03T04:00:00Z' });
    for (const name of ['pd_hk_daily.parquet', 'pd_hk_daily.feather']) {
      const { frame } = await load(name);
      expect(formatIso(frame.time.at(-1) ?? NaN)).toBe('2024-08-23T00:00:00Z');
    }
  });

  it('is read with the settings of any other file', async () => {
    const { frame } = await load('pd_snappy.parquet', {
      format: { zone: 'EET', names: { CLOSE: 'Open' }, barTime: 'close' },
    });
    expect(formatIso(frame.time.at(-1) ?? NaN)).toBe('2024-01-03T02:00:00Z');
    expect(frame.columns.get('CLOSE')?.at(-1)).toBe(1.1 + 9 / 1000);
    const error: unknown = await load('pd_snappy.parquet', { dateColumn: 'when' }).catch(
      (one: unknown) => one,
    );
    expect(error).toMatchObject({ code: 'csv_missing_column', message: expect.stringContaining('"Close"') });
  });

  it.each(['pd_groups.parquet', 'pd_types_chunks.feather', 'stream.arrows'])(
    'keeps numbers of every type, has no value where there is none, and names what holds no numbers: %s',
    async (name) => {
      const { frame, notes } = await load(name);
      const values = (column: string): number[] => [...(frame.columns.get(column) ?? [])];
      expect(values('i8')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(values('flag')).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
      expect(values('f32')[1]).toBe(Math.fround(1.101));
      expect(values('High')[3]).toBeNaN();
      expect(values('Close')).toEqual(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((row) => Number((1.1002 + row / 1000).toFixed(4))),
      );
      expect(notes).toEqual([
        { code: 'ignored_columns', text: 'columns without numbers are left out: lst, st, Symbol, nul' },
      ]);
    },
  );

  it('of several symbols is refused with the setting, and read with it', async () => {
    await expect(load('two_symbols.parquet')).rejects.toMatchObject({ code: 'csv_several_symbols' });
    const { frame } = await load('two_symbols.parquet', { format: { rows: { Symbol: 'B' } } });
    expect([frame.length, frame.columns.get('Close')?.at(-1)]).toEqual([10, 5]);
  });

  it.each(['holes.parquet', 'holes.feather'])(
    'leaves out a row without a time and a price that is none, and says so: %s',
    async (name) => {
      const { frame, notes, badRows } = await load(name);
      expect(frame.length).toBe(9);
      expect(frame.columns.get('Close')?.[3]).toBeNaN();
      expect(badRows).toEqual([{ line: 4, rule: 'bad_date', column: 'Date', value: '' }]);
      expect(notes.map(({ code }) => code)).toEqual(['bad_rows', 'bad_cells', 'gaps']);
      // As text, which a form of times makes necessary, it is the same.
      const told = await load(name, { format: { timeFormat: '%Y-%m-%dT%H:%M:%S' } });
      expect(told.frame.columns).toEqual(frame.columns);
      expect(told.frame.time).toEqual(frame.time);
    },
  );

  it('gives the columns that are asked for, under any of their names', async () => {
    const { frame } = await load('pd_types_chunks.feather', { columns: ['CLOSE', 'f32'] });
    expect([...frame.columns.keys()]).toEqual(['CLOSE', 'f32']);
    expect(frame.columns.get('CLOSE')?.at(-1)).toBe(1.1092);
  });

  it('says how it is packed', async () => {
    expect((await load('pd_zstd.parquet')).detected.container).toBe('parquet (zstd)');
    expect((await load('pl_lz4.feather')).detected.container).toBe('feather (lz4_frame)');
  });

  it.each(NAMES)('is refused by name, at once, or read, whatever was done to its bytes: %s', async (name) => {
    const good = readFileSync(join(FOLDER, name));
    let seed = good.length;
    const chance = (most: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * most);
    };
    let refused = 0;
    for (let round = 0; round < 24; round += 1) {
      const bytes = Buffer.from(round % 4 === 0 ? good.subarray(0, chance(good.length)) : good);
      for (let changes = round % 8; changes > 0 && bytes.length > 0; changes -= 1)
        bytes[chance(bytes.length)] = [0, 0x7f, 0x80, 0xff, chance(256)][chance(5)] ?? 0;
      const error: unknown = await loadCsv(write(bytes, 'changed'), { dateColumn: 'DATE_TIME' }).catch(
        (one: unknown) => one,
      );
      if (!(error instanceof Error)) continue;
      refused += 1;
      expect(error).toMatchObject({ name: 'AppError', kind: expect.stringMatching(/^(invalid|too_large)$/) });
      expect(error.message).not.toMatch(/\p{Cc}/u);
    }
    expect(refused).toBeGreaterThan(3);
  });
});
