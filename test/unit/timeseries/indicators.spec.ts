import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  computeFeatures,
  Frame,
  INDICATOR_COLUMNS,
  loadCsv,
  logShift,
  recentRange,
  shiftedLog,
  wilderAtr,
} from '#libs/timeseries';

const FEATURES = '../shared/data/indicators_eurusd_1h_2005.csv';
const BARS = '../shared/data/eurusd_1h_2010-2011.csv';

const series = (...values: number[]): Float64Array => Float64Array.from(values);

function expectSeries(actual: Float64Array, expected: readonly number[]): void {
  const close = (value: number): unknown => (Number.isNaN(value) ? NaN : expect.closeTo(value, 10));
  expect([...actual]).toEqual(expected.map(close));
}

/** A walk of `length` bars with OPEN, HIGH, LOW and CLOSE from a linear congruence. */
function bars(length: number, seed = 1): Frame {
  let state = seed;
  const step = (): number => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const rows = { OPEN: [] as number[], HIGH: [] as number[], LOW: [] as number[], CLOSE: [] as number[] };
  let price = 1.1;
  for (let row = 0; row < length; row += 1) {
    const close = price + step() * 0.002;
    rows.OPEN.push(price);
    rows.HIGH.push(Math.max(price, close) + Math.abs(step()) * 0.001);
    rows.LOW.push(Math.min(price, close) - Math.abs(step()) * 0.001);
    rows.CLOSE.push(close);
    price = close;
  }
  return Frame.of(
    Float64Array.from({ length }, (_, row) => row * 3_600_000),
    Object.entries(rows).map(([name, values]) => [name, Float64Array.from(values)] as const),
  );
}

type Prices = Readonly<Record<string, Float64Array>>;
/** One feature over columns given as they are; a column alone is the close. */
function feature(name: string, given: Float64Array | Prices): Float64Array {
  const columns = given instanceof Float64Array ? { CLOSE: given } : given;
  const length = Object.values(columns)[0]?.length ?? 0;
  const frame = Frame.of(new Float64Array(length), columns);
  return computeFeatures(frame, [name]).get(name) ?? new Float64Array();
}
const technicalIndicators = (frame: Frame): Record<string, Float64Array> =>
  Object.fromEntries(computeFeatures(frame, INDICATOR_COLUMNS));

describe('numbers worked out by hand', () => {
  it('hold for the simple average', () => {
    expectSeries(feature('SMA_2', series(1, 2, 6, 4)), [NaN, 1.5, 4, 5]);
    expectSeries(feature('SMA_2', series(1, NaN, 6, 4)), [NaN, NaN, NaN, 5]);
  });

  it('hold for the exponential average, started with a mean; a missing value is passed over', () => {
    expectSeries(feature('EMA_3', series(1, 2, 3, 4, 8)), [NaN, NaN, 2, 3, 5.5]);
    expectSeries(feature('EMA_3', series(NaN, 1, 2, 3, 4)), [NaN, NaN, NaN, 2, 3]);
    expectSeries(feature('EMA_3', series(1, 2, 3, NaN, 4)), [NaN, NaN, 2, 2, 3]);
    expectSeries(feature('EMA_3', series(1, 2)), [NaN, NaN]);
    expectSeries(feature('EMA_3', series()), []);
  });

  it("hold for Wilder's average, with weights 1, 1/2, 1/4 normalised", () => {
    expectSeries(feature('RMA_2', series(1, 2, 3)), [NaN, 2.5 / 1.5, 4.25 / 1.75]);
    expectSeries(feature('RMA_2', series(NaN, 1, 2, 3)), [NaN, NaN, 2.5 / 1.5, 4.25 / 1.75]);
  });
});

describe('indicator values worked out by hand', () => {
  it('hold for RSI', () => {
    // Changes +1, -0.5, +1.5: gains average 1/3 then 1, losses -1/3 then -1/7.
    expectSeries(feature('RSI_2', series(10, 11, 10.5, 12)), [NaN, NaN, 50, 87.5]);
    expectSeries(feature('RSI_2', series(1, 2, 3, 4)), [NaN, NaN, 100, 100]);
    expectSeries(feature('RSI_2', series(1, 1, 1, 1)), [NaN, NaN, NaN, NaN]);
  });

  it('hold for MACD', () => {
    // ema1 is the close; ema2 is 1.5 then 1.5 + 2/3·(4 - 1.5) and so on.
    const of = (name: string) => feature(`${name}_1_2_2`, series(1, 2, 4, 4));
    const slow = [NaN, 1.5, 1.5 + (2 / 3) * 2.5, 0];
    slow[3] = (slow[2] ?? 0) + (2 / 3) * (4 - (slow[2] ?? 0));
    const line = [NaN, 0.5, 4 - (slow[2] ?? 0), 4 - (slow[3] ?? 0)];
    expectSeries(of('MACD'), line);
    const start = ((line[1] ?? 0) + (line[2] ?? 0)) / 2;
    const next = start + (2 / 3) * ((line[3] ?? 0) - start);
    expectSeries(of('MACD_Signal'), [NaN, NaN, start, next]);
    expectSeries(of('MACD_Histogram'), [NaN, NaN, (line[2] ?? 0) - start, (line[3] ?? 0) - next]);
  });

  it('hold for stochastic and Williams %R', () => {
    const high = series(10, 12, 11, 13);
    const low = series(8, 9, 9, 10);
    const close = series(9, 11, 10, 13);
    // Raw values 75, 100/3 and 100.
    const bar = { HIGH: high, LOW: low, CLOSE: close };
    const first = (75 + 100 / 3) / 2;
    const second = (100 / 3 + 100) / 2;
    expectSeries(feature('Stochastic_%K_2_2_2', bar), [NaN, NaN, first, second]);
    expectSeries(feature('Stochastic_%D_2_2_2', bar), [NaN, NaN, NaN, (first + second) / 2]);
    expectSeries(feature('WilliamsR_2', bar), [NaN, -25, -100 + 100 / 3, 0]);
  });

  it('hold for the stochastic oscillator where the price stands still', () => {
    const price = series(5, 5, 5);
    const still = { HIGH: price, LOW: price, CLOSE: price };
    expectSeries(feature('Stochastic_K_2_1_1', still), [NaN, 0, 0]);
    expectSeries(feature('WilliamsR_2', still), [NaN, NaN, NaN]);
    expectSeries(feature('CCI_2', still), [NaN, NaN, NaN]);
  });

  it('hold for CCI', () => {
    const price = series(1, 2, 2);
    const typical = { HIGH: price, LOW: price, CLOSE: price };
    expectSeries(feature('CCI_2', typical), [NaN, 0.5 / (0.015 * 0.5), NaN]);
    expectSeries(feature('CCI_3', typical), [NaN, NaN, 1 / 3 / (0.015 * (4 / 9))]);
  });

  it('hold for momentum and rate of change', () => {
    expectSeries(feature('Momentum_2', series(1, 2, 4, 3)), [NaN, NaN, 3, 1]);
    expectSeries(feature('ROC_2', series(1, 2, 4, 3)), [NaN, NaN, 300, 50]);
  });

  it('hold for true range, DI and ADX', () => {
    const high = series(10, 12, 12.5, 11);
    const low = series(9, 10, 9, 8);
    const close = series(9.5, 11, 10, 9);
    // Ranges 2.5, 3.5, 3; upward moves 2, 0.5, -1.5; downward moves -1, 1, 1.
    const bar = { HIGH: high, LOW: low, CLOSE: close };
    expectSeries(feature('ATR_1', bar), [NaN, 2.5, 3.5, 3]);
    expectSeries(feature('DI+_1', bar), [NaN, 80, 0, 0]);
    expectSeries(feature('DI-_1', bar), [NaN, 0, 100 / 3.5, 100 / 3]);
    expectSeries(feature('ADX_1', bar), [NaN, 100, 100, 100]);
    // Two bars: ranges weigh 1 and 1/2.
    expectSeries(feature('ATR_2', bar), [NaN, NaN, (3.5 + 1.25) / 1.5, (3 + 1.75 + 0.625) / 1.75]);
  });
});

describe('the set of indicators', () => {
  it('begins at the rows of the published definition', () => {
    const firsts = Object.entries(technicalIndicators(bars(60))).map(([name, values]) => [
      name,
      values.findIndex((value) => !Number.isNaN(value)),
    ]);
    expect(Object.fromEntries(firsts)).toEqual({
      RSI: 14,
      MACD: 25,
      MACD_Histogram: 33,
      MACD_Signal: 33,
      EMA: 9,
      'Stochastic_%K': 15,
      'Stochastic_%D': 17,
      ADX: 27,
      'DI+': 14,
      'DI-': 14,
      ATR: 14,
      CCI: 13,
      WilliamsR: 13,
      Momentum: 10,
      ROC: 10,
    });
    expect(firsts.map(([name]) => name)).toEqual([...INDICATOR_COLUMNS]);
  });

  it('never looks ahead: a shorter history gives the same values', () => {
    const all = technicalIndicators(bars(80));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 79 }), (length) => {
        const part = technicalIndicators(bars(80).slice(0, length));
        for (const name of INDICATOR_COLUMNS) expect(part[name]).toEqual(all[name]?.slice(0, length));
      }),
      { numRuns: 20 },
    );
  });

  it('is undefined throughout for a history too short', () => {
    for (const values of Object.values(technicalIndicators(bars(9)))) {
      expect(values.every(Number.isNaN)).toBe(true);
    }
  });
});

describe("the direction oracle's ATR", () => {
  const high = series(1.1001, 1.1007, 1.1006, 1.10056, 1.102, 1.1016);
  const low = series(1.0999, 1.09995, 1.1003, 1.0989, 1.1009, 1.1);
  const close = series(1.1, 1.1004, 1.10055, 1.101, 1.1015, 1.1001);

  it('equals the golden values', () => {
    const values = wilderAtr(high, low, close, 3);
    expect([...values].map((value) => (Number.isNaN(value) ? null : Number(value.toFixed(8))))).toEqual([
      null,
      null,
      0.00041667,
      0.00083111,
      0.00092074,
      0.00114716,
    ]);
  });

  it('falls back to the mean range of the rows there are', () => {
    expect(wilderAtr(high, low, close, 14).every(Number.isNaN)).toBe(true);
    expect(recentRange(high, low, 0)).toBeCloseTo(0.0002, 12);
    expect(recentRange(high, low, 5)).toBeCloseTo(0.000935, 12);
    expect(recentRange(series(1.00001), series(1), 0)).toBe(0.0001);
    const long = Float64Array.from({ length: 20 }, (_, row) => row);
    expect(recentRange(long, new Float64Array(20), 19)).toBe((6 + 19) / 2);
  });
});

(existsSync(FEATURES) ? describe : describe.skip)('against the published feature file,', () => {
  it('every indicator equals its column to 2e-10', async () => {
    const { frame } = await loadCsv(FEATURES, { dateColumn: 'DATE_TIME' });
    // The file has these columns itself, and a column goes before a feature of its name.
    const prices = frame.select(['OPEN', 'HIGH', 'LOW', 'CLOSE']);
    const logged = new Set(['MACD', 'MACD_Signal', 'Stochastic_%D', 'ADX', 'ATR']);
    for (const [name, raw] of Object.entries(technicalIndicators(prices))) {
      // The file fills gaps with the mean of the column and takes the logarithm of five of them.
      const known = raw.filter((value) => !Number.isNaN(value));
      const average = known.reduce((sum, value) => sum + value, 0) / known.length;
      const filled = raw.map((value) => (Number.isNaN(value) ? average : value));
      const made = logged.has(name) ? shiftedLog(filled, logShift(filled)) : filled;
      const published = frame.column(name);
      const worst = Math.max(...made.map((value, row) => Math.abs(value - (published[row] ?? NaN))));
      expect([name, worst]).toEqual([name, expect.any(Number)]);
      expect(worst).toBeLessThan(2e-10);
    }
  });
});

(existsSync(BARS) ? describe : describe.skip)('on a year of hourly bars,', () => {
  it("the direction oracle's ATR is exact to the last bit", async () => {
    const { frame } = await loadCsv(BARS, { dateColumn: 'DATE_TIME' });
    const values = wilderAtr(frame.column('HIGH'), frame.column('LOW'), frame.column('CLOSE'), 14);
    expect([values[13], values[14], values[100], values.at(-1)]).toEqual([
      0.0016207142857143245, 0.0015456632653061556, 0.0016610326182512649, 0.003921375729454558,
    ]);
    expect(frame.length).toBe(7652);
    expect(frame.nearestRow(Date.UTC(2010, 2, 29, 14, 29))).toBe(0);
    expect(frame.nearestRow(Date.UTC(2010, 2, 29, 14, 30))).toBe(1);
  });
});
