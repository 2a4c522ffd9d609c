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
      message: 'There are no bars of GBPUSD; the known symbols are EURUSD, MSFT',
    });
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
    const note = '2 rows of bad.csv were left out, the first on line 5: a value is no number (CLOSE)';
    expect(feeder.notes?.(frame)).toEqual([note]);
    await feeder.fetch({ symbol: 'A', ...hourly });
    expect(files.lines.filter((line) => line === note)).toHaveLength(1);
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

  it('says when the bars are of another length than asked', async () => {
    const feeder = await files.feeder({ data_file_path: 'eurusd.csv' });
    const daily = await feeder.fetch({ symbol: 'A', interval: '1d' });
    expect(feeder.notes?.(daily)).toEqual([
      'the bars of eurusd.csv are 1 h apart, but bars of 1d were requested',
    ]);
    expect(feeder.notes?.(await feeder.fetch({ symbol: 'A', ...hourly }))).toEqual([]);
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
});
