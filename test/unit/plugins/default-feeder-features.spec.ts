import { describe, expect, it } from '@jest/globals';
import { feederConformance, type Feeder, type Frame } from '#libs/plugin-sdk';
import { eventually } from '#libs/testing';
import { computeFeatures } from '#libs/timeseries';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';
import { ALL_COLUMNS } from '../../../libs/plugins/src/feeders/default-feeder/features/feature-plan.js';
import { barFolder, barLines, HOUR, START } from './bar-files.js';
import { conform } from './conform.js';

const DAY = 24 * HOUR;
const files = barFolder();
files.write('eurusd.csv', barLines(300));
files.write('eurusd_15m.csv', barLines(1_300, HOUR / 4, START - 6 * HOUR));
files.write('eurusd_30m.csv', barLines(650, HOUR / 2, START - 6 * HOUR));
files.write('spx.csv', barLines(20, DAY, START - 3 * DAY));
files.write('vix.csv', barLines(400, HOUR, START - 2 * DAY));

const everything = {
  data_files: {
    EURUSD: 'eurusd.csv',
    'EURUSD@15m': 'eurusd_15m.csv',
    'EURUSD@30m': 'eurusd_30m.csv',
    '^GSPC': 'spx.csv',
    '^VIX': 'vix.csv',
    DAX: 'spx.csv',
  },
};
const ask = (feeder: Feeder, columns?: readonly string[]): Promise<Frame> =>
  feeder.fetch({ symbol: 'EURUSD', interval: '1h', ...(columns && { columns }) });
const at = (frame: Frame, name: string, row: number): number => frame.column(name)[row] ?? NaN;

describe('columns on demand', () => {
  describe('keep the contract, all of them at once: the feeder', () => {
    conform(
      feederConformance({
        definition: defaultFeeder,
        create: () => files.feeder({ ...everything, feature_columns: ['all'] }),
        request: { symbol: 'EURUSD', interval: '1h' },
        unknownSymbol: 'GBPUSD',
      }),
    );
  });

  it('hands over the 44 value columns of the original in its order, every one with values', async () => {
    const feeder = await files.feeder({ ...everything, feature_columns: ['all'] });
    const frame = await ask(feeder);
    expect(frame.names).toEqual(ALL_COLUMNS);
    expect(frame.names).toHaveLength(44);
    // MACD_Signal needs 34 bars, so that many are left out.
    expect(frame.time[0]).toBe(START + 33 * HOUR);
    for (const [name, values] of frame.columns) {
      expect([name, values.some(Number.isNaN), new Set(values).size > 1]).toEqual([name, false, true]);
    }
  });

  it('computes indicators with the periods of the market feeder', async () => {
    const frame = await ask(await files.feeder({ ...everything, feature_columns: ['all'] }));
    const bars = await ask(await files.feeder(everything));
    const row = bars.exactRow(frame.time[100] ?? NaN);
    const features = computeFeatures(bars, ['RSI_14', 'EMA_20', 'ATR_14']);
    const values = [...features.values()].map((column) => column[row]);
    expect(['RSI', 'EMA', 'ATR'].map((name) => at(frame, name, 100))).toEqual(values);
  });

  it('takes the shape of the bar before, the calendar in UTC, and ticks that had begun before', async () => {
    const frame = await ask(await files.feeder({ ...everything, feature_columns: ['all'] }));
    const bars = await ask(await files.feeder(everything));
    const time = frame.time[50] ?? NaN;
    const before = bars.exactRow(time) - 1;
    expect(at(frame, 'BC-BO', 50)).toBe(at(bars, 'CLOSE', before) - at(bars, 'OPEN', before));
    expect(at(frame, 'BO-BL', 50)).toBe(at(bars, 'OPEN', before) - at(bars, 'LOW', before));
    const date = new Date(time);
    expect([
      at(frame, 'day_of_month', 50),
      at(frame, 'hour_of_day', 50),
      at(frame, 'day_of_week', 50),
    ]).toEqual([date.getUTCDate(), date.getUTCHours(), (date.getUTCDay() + 6) % 7]);
    const shorter = await (
      await files.feeder({ data_file_path: 'eurusd_15m.csv' })
    ).fetch({ symbol: 'A', interval: '15m' });
    const newest = shorter.exactRow(time) - 1;
    expect(shorter.time[newest]).toBe(time - HOUR / 4);
    expect(at(frame, 'CLOSE_15m_tick_1', 50)).toBe(at(shorter, 'CLOSE', newest));
    expect(at(frame, 'CLOSE_15m_tick_8', 50)).toBe(at(shorter, 'CLOSE', newest - 7));
  });

  it('has no ticks, and so no row, before the shorter bars begin', async () => {
    files.write('late_15m.csv', barLines(100, HOUR / 4, START + 10 * HOUR));
    const feeder = await files.feeder({ data_files: { EURUSD: 'eurusd.csv', 'EURUSD@15m': 'late_15m.csv' } });
    const frame = await ask(feeder, ['CLOSE', 'CLOSE_15m_tick_8']);
    // Eight of them have begun before 12:00, which is the first bar after the eighth, of 11:45.
    expect(frame.time[0]).toBe(START + 12 * HOUR);
  });

  it('joins the last session that had ended, of daily and of shorter bars', async () => {
    const feeder = await files.feeder({ ...everything, correlated_instruments: ['DAX'] });
    const frame = await ask(feeder, ['S&P500_Close', 'vix_close', 'DAX_Close']);
    const daily = await feeder.fetch({ symbol: '^GSPC', interval: '1d' });
    const shorter = await feeder.fetch({ symbol: '^VIX', interval: '1h' });
    const noon = frame.exactRow(START + 2 * DAY + 12 * HOUR);
    expect(at(frame, 'S&P500_Close', noon)).toBe(at(daily, 'CLOSE', daily.exactRow(START + DAY)));
    expect(at(frame, 'DAX_Close', noon)).toBe(at(frame, 'S&P500_Close', noon));
    expect(at(frame, 'vix_close', noon)).toBe(at(shorter, 'CLOSE', shorter.exactRow(START + 2 * DAY - HOUR)));
    const lastHour = frame.exactRow(START + 2 * DAY - HOUR);
    expect(at(frame, 'S&P500_Close', lastHour)).toBe(at(daily, 'CLOSE', daily.exactRow(START)));
    expect((await ask(feeder)).names).toEqual(['OPEN', 'HIGH', 'LOW', 'CLOSE', 'DAX_Close']);
  });

  it('takes features of longer bars only once those have closed', async () => {
    const feeder = await files.feeder(everything);
    const frame = await ask(feeder, ['CLOSE', '1d:CLOSE', '4h:HIGH_lag_1', '1d:SMA_3']);
    const bars = await ask(feeder);
    for (const row of [0, 7, 100, frame.length - 1]) {
      const known = (frame.time[row] ?? NaN) + HOUR;
      const dayEnd = Math.floor(known / DAY) * DAY;
      expect(at(frame, '1d:CLOSE', row)).toBe(at(bars, 'CLOSE', bars.exactRow(dayEnd - HOUR)));
      const closes = [0, 1, 2].map((back) => at(bars, 'CLOSE', bars.exactRow(dayEnd - HOUR - back * DAY)));
      expect(at(frame, '1d:SMA_3', row)).toBeCloseTo(closes.reduce((sum, one) => sum + one, 0) / 3, 12);
      const four = Math.floor(known / (4 * HOUR)) * 4 * HOUR;
      const highs = [8, 7, 6, 5].map((back) => at(bars, 'HIGH', bars.exactRow(four - back * HOUR)));
      expect(at(frame, '4h:HIGH_lag_1', row)).toBe(Math.max(...highs));
    }
    await expect(ask(feeder, ['15m:RSI_14', 'CLOSE'])).resolves.toMatchObject({});
    await expect(ask(feeder, ['5m:RSI_14'])).rejects.toMatchObject({
      message: '5m: the bars are 1 h apart; only longer ones can be made of them',
    });
  });

  it('takes features of another symbol from bars that had closed, whatever their length', async () => {
    const feeder = await files.feeder(everything);
    const frame = await ask(feeder, ['^VIX:CLOSE', '^GSPC:RSI_7', '^VIX:1d:CLOSE_lag_1']);
    const [vix, spx] = [
      await feeder.fetch({ symbol: '^VIX', interval: '1h' }),
      await feeder.fetch({ symbol: '^GSPC', interval: '1d' }),
    ];
    const rsi = computeFeatures(spx, ['RSI_7']).get('RSI_7') ?? [];
    for (const row of [0, 30, frame.length - 1]) {
      const time = frame.time[row] ?? NaN;
      expect(at(frame, '^VIX:CLOSE', row)).toBe(at(vix, 'CLOSE', vix.exactRow(time)));
      const day = Math.floor((time + HOUR) / DAY) * DAY - DAY;
      expect(at(frame, '^GSPC:RSI_7', row)).toBe(rsi[spx.exactRow(day)]);
      expect(at(frame, '^VIX:1d:CLOSE_lag_1', row)).toBe(at(vix, 'CLOSE', vix.exactRow(day - HOUR)));
    }
    await expect(ask(feeder, ['GOLD:RSI_14'])).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'columns of GOLD need a file with its bars: data_files must name "GOLD"',
    });
    await expect(ask(feeder, ['^GSPC:RSII_7'])).rejects.toMatchObject({
      message: expect.stringMatching(/^\^GSPC: there is no column "RSII_7"; did you mean RSI_7\?/),
    });
  });

  it('shows daily bars of another symbol to daily bars from the next day on', async () => {
    const feeder = await files.feeder({ data_files: { A: 'spx.csv', B: 'spx.csv' } });
    const frame = await feeder.fetch({ symbol: 'A', interval: '1d', columns: ['CLOSE', 'B:CLOSE'] });
    expect([...frame.column('B:CLOSE')].slice(1)).toEqual([...frame.column('CLOSE')].slice(0, -1));
  });

  it('takes shapes of the bar itself where bar_shapes says so', async () => {
    const feeder = await files.feeder({ ...everything, bar_shapes: 'current' });
    const frame = await ask(feeder, ['BC-BO', 'OPEN', 'CLOSE', 'BC-BO_previous']);
    expect(at(frame, 'BC-BO', 9)).toBe(at(frame, 'CLOSE', 9) - at(frame, 'OPEN', 9));
    expect(at(frame, 'BC-BO_previous', 9)).toBe(at(frame, 'BC-BO', 8));
  });

  it('keeps the target beside the chosen columns, and takes the time as always there', async () => {
    const feeder = await files.feeder({
      ...everything,
      feature_columns: ['DATE_TIME', 'ROC', 'hour_of_day'],
    });
    expect((await ask(feeder)).names).toEqual(['ROC', 'hour_of_day', 'CLOSE']);
    const without = await files.feeder({ ...everything, feature_columns: ['ROC'], target_column: 'MISSING' });
    expect((await ask(without)).names).toEqual(['ROC']);
  });

  it('takes a column of the file before one it could compute, and prices in any spelling', async () => {
    files.write(
      'own.csv',
      barLines(60).map((line) => `${line},7`),
      'DATE_TIME,Open,High,Low,Close,RSI',
    );
    const feeder = await files.feeder({
      data_file_path: 'own.csv',
      feature_columns: ['RSI', 'CCI', 'CLOSE'],
    });
    const frame = await ask(feeder);
    expect(frame.names).toEqual(['RSI', 'CCI', 'CLOSE']);
    expect(new Set(frame.column('RSI'))).toEqual(new Set([7]));
    expect(frame.length).toBe(60 - 13);
  });

  it('computes the same for a file so long that another thread does it', async () => {
    files.write('long.csv', barLines(12_000));
    const feeder = await files.feeder({ data_file_path: 'long.csv' });
    const [bars, frame] = [await ask(feeder), await ask(feeder, ['RSI', 'BC-BO', 'hour_of_day'])];
    expect([...frame.column('RSI')]).toEqual([
      ...(computeFeatures(bars, ['RSI']).get('RSI')?.subarray(14) ?? []),
    ]);
    expect(frame.length).toBe(12_000 - 14);
    await feeder.close?.();
  });

  it('shares many features between threads, and computes the same', async () => {
    const lines = barLines(12_000);
    // Bars without any movement, in which some features have no value.
    const flat = lines.map((line, row) =>
      row > 6000 && row < 6100 ? line.replace(/,.*/, ',2,2,2,2') : line,
    );
    const names = [
      'CLOSE',
      'SMA_5',
      'RSI_14',
      'MACD',
      'MACD_Signal',
      'CLOSE_lag_3',
      'ATR_7',
      'hour_sin',
      'SMA_20',
      'ROC_3',
    ];
    for (const [file, asked] of [
      [lines, names],
      [flat, [...names, 'BB_position']],
    ] as const) {
      files.write('many.csv', file);
      const feeder = await files.feeder({ data_file_path: 'many.csv' });
      const [bars, frame] = [await ask(feeder), await ask(feeder, asked)];
      const all = computeFeatures(bars, asked);
      const rows = Array.from(bars.time, (_, row) => row).filter((row) =>
        asked.every((name) => !Number.isNaN(all.get(name)?.[row])),
      );
      expect(frame.names).toEqual(asked);
      const isSame = (given: Float64Array, right: Float64Array | undefined): boolean =>
        given.length === rows.length && rows.every((row, place) => given[place] === right?.[row]);
      expect(isSame(frame.time, bars.time)).toBe(true);
      expect(asked.filter((name) => !isSame(frame.column(name), all.get(name)))).toEqual([]);
      await feeder.close?.();
    }
  });

  it('names what there is when a column is unknown or cannot be computed', async () => {
    const feeder = await files.feeder({ data_file_path: 'eurusd.csv' });
    await expect(ask(feeder, ['SMAA_200'])).rejects.toMatchObject({
      code: 'invalid_request',
      message:
        'there is no column "SMAA_200"; did you mean SMA_200? the data has OPEN, HIGH, LOW, CLOSE; docs/features.md lists what is computed',
    });
    await expect(ask(feeder, ['SMA_400'])).rejects.toMatchObject({
      code: 'no_data',
      message: 'the column "SMA_400" has no value in any of the 300 bars; its first needs 400 bars',
    });
    await expect(ask(feeder, ['CLOSE_15m_tick_1'])).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('data_files must name "EURUSD@15m"'),
    });
    files.write('closes.csv', ['2026-01-05 00:00:00,1', '2026-01-05 01:00:00,2'], 'DATE_TIME,CLOSE');
    const closes = await files.feeder({ data_file_path: 'closes.csv' });
    await expect(ask(closes, ['ATR'])).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('ATR needs HIGH, LOW, CLOSE; the data has CLOSE'),
    });
  });

  it('computes the columns of a file once, until the file changes', async () => {
    files.write('growing.csv', barLines(80));
    const feeder = await files.feeder({ data_file_path: 'growing.csv', feature_columns: ['RSI'] });
    let first = await ask(feeder);
    // a file that was written just now may change without a sign, so it is read again until it is old enough
    await eventually('the columns are computed once', async () => {
      const second = await ask(feeder);
      const isSame = second.column('RSI').buffer === first.column('RSI').buffer;
      first = second;
      return isSame;
    });
    files.write('growing.csv', barLines(90));
    files.clock.jump(1_000);
    const third = await ask(feeder);
    expect(third.length).toBe(first.length + 10);
    expect(third.column('RSI').buffer === first.column('RSI').buffer).toBe(false);
  });
});
