import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { feederConformance } from '#libs/plugin-sdk';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';
import { barFolder, barLines, HOUR, START } from './bar-files.js';
import { conform } from './conform.js';

const files = barFolder();
files.write('eurusd.csv', barLines(60));
const hourly = { interval: '1h' };

describe('default_feeder on files', () => {
  describe('keeps the contract: it', () => {
    conform(
      feederConformance({
        definition: defaultFeeder,
        create: () => files.feeder({ data_files: { EURUSD: 'eurusd.csv' } }),
        request: { symbol: 'EURUSD', interval: '1h' },
        unknownSymbol: 'GBPUSD',
      }),
    );
  });

  it('finds columns by name, in any order, and keeps other numbers', async () => {
    files.write('odd.csv', ['9,1.5,2026-01-05 00:00:00,1.2,x,1.3'], 'VOLUME,HIGH,when,LOW,remark,CLOSE');
    const feeder = await files.feeder({ data_file_path: 'odd.csv', date_column: 'when' });
    const frame = await feeder.fetch({ symbol: 'ANY', ...hourly });
    expect(frame.names).toEqual(['VOLUME', 'HIGH', 'LOW', 'CLOSE']);
    expect([frame.time[0], frame.column('CLOSE')[0]]).toEqual([START, 1.3]);
  });

  it('serves every symbol from one file, or says which symbols it has', async () => {
    const one = await files.feeder({ data_file_path: 'eurusd.csv' });
    expect((await one.fetch({ symbol: 'WHATEVER', ...hourly })).length).toBe(60);
    expect((await one.fetch({ symbol: '', ...hourly })).length).toBe(60);
    expect(one.resolve('WHATEVER')).toEqual({ source: 'file', symbol: 'WHATEVER' });
    const many = await files.feeder({
      data_files: { EURUSD: 'eurusd.csv', 'EURUSD@15m': 'eurusd.csv', MSFT: 'eurusd.csv' },
      symbol_map: { EUR_USD: 'EURUSD' },
    });
    expect((await many.fetch({ symbol: 'EUR_USD', ...hourly })).length).toBe(60);
    await expect(many.fetch({ symbol: 'GBPUSD', ...hourly })).rejects.toMatchObject({
      code: 'invalid_request',
      message:
        'There are no bars of GBPUSD; the known symbols are EURUSD, MSFT (data_files lists them, symbol_map gives them other names)',
    });
    expect(() => many.resolve('eurusd')).toThrow('did you mean EURUSD?');
    expect(() => many.resolve('toString')).toThrow('There are no bars of toString');
  });

  it.each([
    [{}, 'data_source file needs data_file_path or data_files'],
    [{ data_file_path: 'gone.csv' }, /^data_file_path: .*gone\.csv.* \(.*bars-.*gone\.csv\)$/],
    [
      { data_files: { A: 'gone.csv', B: 'eurusd.csv', C: 'lost.csv' } },
      /data_files\.A: .*gone.*; data_files\.C: .*lost/,
    ],
    [{ data_file_path: 'eurusd.csv', date_column: 'when' }, /when/],
    [
      { data_file_path: 'eurusd.csv', use_normalization_json: 'none.json' },
      /^use_normalization_json: .*none\.json/,
    ],
  ])('stops the start for %j', async (parameters, message) => {
    await expect(files.feeder(parameters)).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringMatching(message),
    });
  });

  it('refuses an empty file at start', async () => {
    files.write('empty.csv', []);
    await expect(files.feeder({ data_file_path: 'empty.csv' })).rejects.toMatchObject({
      code: 'not_configured',
    });
  });

  it('leaves bad rows out, says so with line and rule, and logs it once', async () => {
    const rows = barLines(40);
    rows[3] = '2026-01-05 03:00:00,1,1,1,oops';
    rows[7] = 'not a time,1,1,1,1';
    files.write('bad.csv', rows);
    const feeder = await files.feeder({ data_file_path: 'bad.csv' });
    const frame = await feeder.fetch({ symbol: 'A', ...hourly });
    expect(frame.length).toBe(38);
    const notes = [
      expect.stringMatching(
        /^bad_rows: bad\.csv: 1 row was left out, the first: line 9, bad date, DATE_TIME "not a time"/,
      ),
      expect.stringMatching(
        /^bad_cells: bad\.csv: 1 cell of CLOSE is no number and counts as missing, the first on line 5: "oops"/,
      ),
      'gaps: bad.csv: 1 bar is missing in 1 gap of bars that are 1 h apart; the longest is 1 after 2026-01-05T06:00:00Z',
    ];
    expect(feeder.notes?.(frame)).toEqual(notes);
    await feeder.fetch({ symbol: 'A', ...hourly });
    expect(files.lines.filter((line) => /bad\.csv/.test(line))).toEqual(notes.slice(0, 2));
  });

  it('counts a row when the columns that are asked for have values there, whatever the others', async () => {
    const rows = barLines(40).map((line) => `${line},5`);
    rows[39] = (rows[39] ?? '').replace(/5$/, '');
    rows[38] = (rows[38] ?? '').replace(/[^,]*,5$/, ',5');
    files.write('volume.csv', rows, 'DATE_TIME,OPEN,HIGH,LOW,CLOSE,VOLUME');
    const feeder = await files.feeder({ data_file_path: 'volume.csv' });
    const lengthOf = async (columns?: string[]) =>
      (await feeder.fetch({ symbol: 'A', ...hourly, ...(columns && { columns }) })).length;
    expect(await lengthOf()).toBe(39);
    expect(await lengthOf(['HIGH'])).toBe(40);
    expect(await lengthOf(['CLOSE'])).toBe(39);
    expect(await lengthOf(['VOLUME', 'CLOSE'])).toBe(38);
    expect(await lengthOf(['RSI'])).toBe(39 - 14);
  });

  it('reads each file with settings of its own, those for all files where it has none', async () => {
    files.write(
      'mt5.csv',
      ['2026.01.05\t10:00:00\t1,5', '2026.01.05\t11:00:00\t1,6'],
      '<DATE>\t<TIME>\t<CLOSE>',
    );
    files.write('us.csv', ['01/05/2026,1', '01/06/2026,2'], 'Day,Last');
    const feeder = await files.feeder({
      data_timezone: 'EET',
      data_files: {
        MT: 'mt5.csv',
        US: { path: 'us.csv', date_column: 'Day', time_format: '%m/%d/%Y', columns: { CLOSE: 'Last' } },
      },
    });
    const mt = await feeder.fetch({ symbol: 'MT', ...hourly });
    expect([mt.time.at(-1), mt.column('CLOSE').at(-1)]).toEqual([START + 9 * HOUR, 1.6]);
    const us = await feeder.fetch({ symbol: 'US', interval: '1d' });
    expect([us.time.at(-1), us.column('CLOSE').at(-1)]).toEqual([START + 24 * HOUR, 2]);
  });

  it.each([
    [
      { path: 'eurusd.csv', date_colum: 'x' },
      /data_files\.A: there is no setting "date_colum"; allowed are path, date_column/,
    ],
    [{ date_column: 'x' }, /data_files\.A: must be a path, or an object with "path"/],
    [{ path: 'eurusd.csv', csv_dialect: 'mt6' }, /data_files\.A: csv_dialect: .*mt4, mt5/],
    [{ path: 'eurusd.csv', time_format: '%Q' }, /data_files\.A: time_format can't be used: .*%Q/],
    [
      { path: 'eurusd.csv', data_timezone: 'Moon' },
      /data_files\.A: data_timezone can't be used: .*Moon.*NY\+7/,
    ],
  ])('refuses %j for one file, with what is allowed', async (own, message) => {
    await expect(files.feeder({ data_files: { A: own } })).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringMatching(message),
    });
  });

  it('reads a file again when it has changed, and says so when it is gone', async () => {
    files.write('live.csv', barLines(10));
    const feeder = await files.feeder({ data_file_path: 'live.csv' });
    const rows = async () => (await feeder.fetch({ symbol: 'A', ...hourly })).length;
    expect(await rows()).toBe(10);
    files.write('live.csv', barLines(12));
    files.clock.jump(1_000);
    expect(await rows()).toBe(12);
    rmSync(join(files.folder, 'live.csv'));
    files.clock.jump(1_000);
    const gone = await rows().catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 'source_unavailable', message: expect.stringContaining('live.csv') });
    expect((gone as Error).message).not.toContain(files.folder);
  });

  it('puts bars together to the length that is asked for, and refuses where that cannot be', async () => {
    files.write('days.csv', barLines(12, 24 * HOUR));
    const feeder = await files.feeder({
      data_files: { A: 'eurusd.csv', D: 'days.csv', 'D@1h': 'eurusd.csv' },
    });
    const whole = await feeder.fetch({ symbol: 'A', ...hourly });
    const daily = await feeder.fetch({ symbol: 'A', interval: '1d' });
    expect(daily.time[0]).toBe(START);
    expect(daily.column('CLOSE')[0]).toBe(whole.column('CLOSE')[23]);
    expect(daily.column('HIGH')[0]).toBe(Math.max(...whole.column('HIGH').subarray(0, 24)));
    expect(feeder.notes?.(daily)?.[0]).toBe(
      'longer_bars: eurusd.csv: bars of 1d were put together from bars that are 1 h apart',
    );
    expect(feeder.notes?.(daily)?.[1]).toMatch(/^running_bar: eurusd.csv: the bar of .* left out$/);
    expect(feeder.notes?.(whole)).toEqual([]);
    await expect(feeder.fetch({ symbol: 'A', interval: '15m' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(
        /bars of 15m .* of eurusd\.csv, which are 1 h apart: .*"A@15m" in data_files/,
      ),
    });
    expect((await feeder.fetch({ symbol: 'D', ...hourly })).length).toBe(whole.length);
  });

  it('hands over the bars as they are to callers who name no length, and knows it', async () => {
    const feeder = await files.feeder({ data_file_path: 'eurusd.csv' });
    const frame = await feeder.fetch({ symbol: 'A', interval: '1d', anyInterval: true });
    expect((frame.time[1] ?? NaN) - (frame.time[0] ?? NaN)).toBe(HOUR);
    expect(feeder.notes?.(frame)).toEqual([]);
    expect(await feeder.intervalOf?.('A')).toBe('1h');
  });

  it('applies a normalisation to the columns that it names', async () => {
    const json = join(files.folder, 'scale.json');
    writeFileSync(json, JSON.stringify({ CLOSE: { min: 1, max: 2 } }));
    const plain = await files.feeder({ data_file_path: 'eurusd.csv' });
    const scaled = await files.feeder({ data_file_path: 'eurusd.csv', use_normalization_json: 'scale.json' });
    const [before, after] = [
      await plain.fetch({ symbol: 'A', ...hourly }),
      await scaled.fetch({ symbol: 'A', ...hourly }),
    ];
    expect(after.column('CLOSE')[5]).toBeCloseTo((before.column('CLOSE')[5] ?? NaN) - 1, 12);
    expect(after.column('OPEN')[5]).toBe(before.column('OPEN')[5]);
    expect(scaled.notes?.(after)).toEqual(['columns are normalised (use_normalization_json)']);
  });

  it('keeps to the range and to asOf, whichever is earlier', async () => {
    const feeder = await files.feeder({ data_file_path: 'eurusd.csv' });
    const frame = await feeder.fetch({
      symbol: 'A',
      ...hourly,
      from: START + 5 * HOUR,
      to: START + 20 * HOUR,
      asOf: START + 9.5 * HOUR,
    });
    expect([frame.time[0], frame.time.at(-1)]).toEqual([START + 5 * HOUR, START + 9 * HOUR]);
  });

  it('says that the newest bar is old, but not when the question is about the past', async () => {
    const feeder = await files.feeder({ data_file_path: 'eurusd.csv' });
    const stale = 'stale: eurusd.csv: the newest bar, 2026-01-07T11:00:00Z, is more than two bars old';
    const notesAt = async (now: number, more = {}) => {
      files.clock.jump(now - files.clock.now());
      return feeder.notes?.(await feeder.fetch({ symbol: 'A', ...hourly, ...more }));
    };
    expect(await notesAt(START + 61.9 * HOUR)).toEqual([]);
    expect(await notesAt(START + 62 * HOUR)).toEqual([stale]);
    expect(await notesAt(START + 62 * HOUR, { around: START })).toEqual([]);
  });
});
