import { describe, expect, it } from '@jest/globals';
import { computeFeatures, FAMILIES, featureName, Frame, knownValues } from '#libs/timeseries';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const rows = (values: readonly number[]) => Float64Array.from(values);
const frame = Frame.of(rows([0, 1, 2, 3]), {
  OPEN: rows([1, 2, 3, 4]),
  HIGH: rows([3, 4, 5, 6]),
  LOW: rows([0, 1, 2, 3]),
  CLOSE: rows([2, 3, 4, 6]),
  Volume: rows([1, 1, 2, 4]),
  score: rows([7, 8, 9, 10]),
});
const of = (name: string, options = {}): number[] => [
  ...(computeFeatures(frame, [name], options).get(name) ?? []),
];

describe('names of features', () => {
  it('are taken apart', () => {
    expect(featureName('^GSPC:1d:RSI_14_lag_2')).toEqual({
      name: '^GSPC:1d:RSI_14_lag_2',
      symbol: '^GSPC',
      interval: '1d',
      column: 'RSI_14',
      lag: 2,
    });
    expect(featureName('1d:SMA_3')).toMatchObject({ symbol: null, interval: '1d', column: 'SMA_3' });
    expect(featureName('BINANCE:BTCUSDT:CLOSE')).toMatchObject({ symbol: 'BINANCE:BTCUSDT', interval: null });
  });

  it('are found whatever their case, underscores and percent signs, under the names of other tools', () => {
    for (const name of ['BB_Width_2', 'bbwidth_2', 'BB_WIDTH_2_2'])
      expect(of(name)).toEqual(of('BB_Width_2_2'));
    for (const name of ['Stochastic_K_2_1_1', 'stoch_k_2_1_1', 'STOCHk_2_1_1', 'Stochastic_%K_2_1_1'])
      expect(of(name)).toEqual(of('stochastic%k_2_1_1'));
    for (const name of ['DI_plus_2', 'DMP_2', 'plus_DI_2']) expect(of(name)).toEqual(of('DI+_2'));
    for (const name of ['sma2', 'SMA_2', 'rolling_mean_2']) expect(of(name)).toEqual([NaN, 2.5, 3.5, 5]);
    expect(of('HLC3')).toEqual(of('typical_price'));
    expect(of('day_of_week_sin')).toEqual(of('weekday_sin'));
    for (const name of ['sin_hour', 'hod_sin']) expect(of(name)).toEqual(of('hour_sin'));
  });

  it('mean one thing each', () => {
    const names = FAMILIES.flatMap(({ members }) =>
      members.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
    );
    const plain = names.map((name) => name.toLowerCase().replaceAll(/[_%\s]/g, ''));
    expect(plain.filter((name, at) => plain.indexOf(name) !== at)).toEqual([]);
  });

  it('have the numbers of the family, or of presets, where they give none', () => {
    expect(of('SMA', { presets: { SMA: [2] } })).toEqual(of('SMA_2'));
    expect(of('SMA')).toEqual([NaN, NaN, NaN, NaN]);
  });

  it('look back, at columns of the data and at indicators', () => {
    expect(of('CLOSE_lag_1')).toEqual([NaN, 2, 3, 4]);
    expect(of('score_lag_2')).toEqual([NaN, NaN, 7, 8]);
    expect(of('volume_lag_9')).toEqual([NaN, NaN, NaN, NaN]);
    expect(of('SMA_2_lag_1')).toEqual([NaN, NaN, 2.5, 3.5]);
  });

  it.each([
    [
      'RSSI_7',
      /^there is no column "RSSI_7"; did you mean RSI_7\? the data has OPEN, .*, score; docs\/features\.md/,
    ],
    ['scoer', /did you mean score\?/],
    ['1d:Stochastik_K_5', /did you mean 1d:Stochastic_%?K_5\?/],
    ['SMA_0', /^"SMA_0": period must be a whole number from 1 to 100000, not 0$/],
    ['SMA_2.5', /period must be a whole number/],
    ['RSI_7_3', /^"RSI_7_3" has 2 numbers; RSI takes period$/],
    ['OBV_3', /OBV takes no number/],
    ['rolling_std_1', /from 2 to/],
    ['BB_upper_20_0', /^"BB_upper_20_0": width must be a number above 0 to 100000, not 0$/],
    [
      '1d:SMA_2',
      /^"1d:SMA_2" is of other bars than these; the feeder computes it where feature_columns names it$/,
    ],
    ['^GSPC:CLOSE', /is of other bars/],
    ['zzzzqqqq', /^there is no column "zzzzqqqq"; the data has/],
  ])('are refused with what helps: %s', (name, message) => {
    expect(() => of(name)).toThrow(
      expect.objectContaining({ code: 'unknown_feature', detail: expect.stringMatching(message) }),
    );
  });

  it('say which columns they need', () => {
    const closes = frame.select(['CLOSE']);
    expect(() => computeFeatures(closes, ['MFI_2'])).toThrow(
      expect.objectContaining({
        code: 'missing_prices',
        detail: 'MFI_2 needs HIGH, LOW, CLOSE, VOLUME; the data has CLOSE',
      }),
    );
    expect(computeFeatures(closes, ['RSI_2']).size).toBe(1);
  });
});

describe('values of longer bars', () => {
  it('are known from their end on', () => {
    const values = knownValues(rows([DAY - 1, DAY, 2 * DAY]), rows([DAY, 2 * DAY]), rows([1, 2]));
    expect([...values]).toEqual([NaN, 1, 2]);
  });
});
