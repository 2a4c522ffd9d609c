import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { computeFeatures, FAMILIES, featureReach, Frame } from '#libs/timeseries';

const HOUR = 3_600_000;

/** Bars with jumps, bars that stand still and equal closes, from a linear congruence. */
function walk(length: number, seed: number): Frame {
  let state = seed;
  const draw = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const rows: Record<string, number[]> = { OPEN: [], HIGH: [], LOW: [], CLOSE: [], VOLUME: [] };
  let price = 100;
  for (let row = 0; row < length; row += 1) {
    const close = draw() < 0.1 ? price : Math.max(1, price + (draw() - 0.5) * (draw() < 0.05 ? 40 : 2));
    rows['OPEN']?.push(price);
    rows['HIGH']?.push(Math.max(price, close) + draw());
    rows['LOW']?.push(Math.min(price, close) - draw() / 2);
    rows['CLOSE']?.push(close);
    rows['VOLUME']?.push(Math.floor(draw() * 1000) + 1);
    price = close;
  }
  return Frame.of(
    Float64Array.from({ length }, (_, row) => Date.UTC(2024, 0, 29, 7) + row * HOUR),
    Object.entries(rows).map(([name, values]) => [name, Float64Array.from(values)] as const),
  );
}

/** A series by row; NaN before row 0. */
type Series = (row: number) => number;
interface Bars {
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
  readonly time: Series;
}

const barsOf = (frame: Frame): Bars => {
  const of =
    (values: Float64Array): Series =>
    (row) =>
      values[row] ?? NaN;
  const [open, high, low, close, volume] = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'].map((name) =>
    of(frame.column(name)),
  ) as [Series, Series, Series, Series, Series];
  return { open, high, low, close, volume, time: of(frame.time) };
};

// Everything below is written from the formulas alone: each value anew from the bars, without state.

const window = (series: Series, row: number, n: number): number[] =>
  Array.from({ length: n }, (_, index) => series(row - n + 1 + index));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const deviation = (values: readonly number[], freedom: number): number => {
  const centre = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - freedom));
};
const sma = (series: Series, row: number, n: number): number => mean(window(series, row, n));
/** Exponential average of a series whose first value stands at `first`. */
function ema(series: Series, row: number, n: number, first = 0): number {
  if (row < first + n - 1) return NaN;
  let average = sma(series, first + n - 1, n);
  for (let at = first + n; at <= row; at += 1)
    average = (2 / (n + 1)) * series(at) + (1 - 2 / (n + 1)) * average;
  return average;
}
/** Exponential average begun with the first value. */
function seededEma(series: Series, row: number, n: number): number {
  let average = series(0);
  for (let at = 1; at <= row; at += 1) average = (2 / (n + 1)) * series(at) + (1 - 2 / (n + 1)) * average;
  return average;
}
/** Weights (1 - 1/n)^age over all values from `first` on. */
function rma(series: Series, row: number, n: number, first = 0): number {
  if (row < first + n - 1) return NaN;
  let [weighted, weights] = [0, 0];
  for (let at = first; at <= row; at += 1) {
    const weight = (1 - 1 / n) ** (row - at);
    weighted += weight * series(at);
    weights += weight;
  }
  return weighted / weights;
}
const typical =
  ({ high, low, close }: Bars): Series =>
  (row) =>
    (high(row) + low(row) + close(row)) / 3;
const ranges =
  ({ high, low, close }: Bars): Series =>
  (row) =>
    Math.max(high(row) - low(row), Math.abs(high(row) - close(row - 1)), Math.abs(low(row) - close(row - 1)));
const rising =
  ({ high, low }: Bars): Series =>
  (row) => {
    const [up, down] = [high(row) - high(row - 1), low(row - 1) - low(row)];
    return Number.isNaN(up) ? NaN : up > down && up > 0 ? up : 0;
  };
const falling =
  ({ high, low }: Bars): Series =>
  (row) => {
    const [up, down] = [high(row) - high(row - 1), low(row - 1) - low(row)];
    return Number.isNaN(up) ? NaN : down > up && down > 0 ? down : 0;
  };
const directional = (bars: Bars, moves: Series, row: number, n: number): number =>
  (100 * rma(moves, row, n, 1)) / rma(ranges(bars), row, n, 1);
const rawK = ({ high, low, close }: Bars, row: number, n: number): number => {
  const least = Math.min(...window(low, row, n));
  const range = Math.max(...window(high, row, n)) - least;
  return range === 0 ? 0 : (100 * (close(row) - least)) / range;
};
const smoothK = (bars: Bars, row: number, n: number, k: number): number =>
  sma((at) => rawK(bars, at, n), row, k);
const line = ({ close }: Bars, row: number, fast: number, slow: number): number =>
  ema(close, row, fast) - ema(close, row, slow);
const signal = (bars: Bars, row: number, [fast, slow, n]: readonly [number, number, number]): number =>
  ema((at) => line(bars, at, fast, slow), row, n, Math.max(fast, slow) - 1);
const logReturns =
  ({ close }: Bars): Series =>
  (row) =>
    Math.log(close(row)) - Math.log(close(row - 1));
const date = ({ time }: Bars, row: number): Date => new Date(time(row));
const monday = (day: Date): number => (day.getUTCDay() + 6) % 7;
const wave = (place: number, length: number, kind: 'sin' | 'cos'): number =>
  Math[kind]((2 * Math.PI * place) / length);

type Reference = (bars: Bars, row: number, a: number, b: number, c: number) => number;
const REFERENCES: Readonly<Record<string, Reference>> = {
  typical_price: (bars, row) => typical(bars)(row),
  range_ratio: ({ high, low, close }, row) => (high(row) - low(row)) / close(row),
  returns: ({ close }, row, n) => (close(row) - close(row - n)) / close(row - n),
  log_return: ({ close }, row, n) => Math.log(close(row)) - Math.log(close(row - n)),
  Momentum: ({ close }, row, n) => close(row) - close(row - n),
  ROC: ({ close }, row, n) => 100 * (close(row) / close(row - n) - 1),
  SMA: ({ close }, row, n) => sma(close, row, n),
  EMA: ({ close }, row, n) => ema(close, row, n),
  RMA: ({ close }, row, n) => rma(close, row, n),
  price_minus_EMA: (bars, row, n) => bars.close(row) - ema(typical(bars), row, n),
  typical_price_EMA: (bars, row, n) => seededEma(typical(bars), row, n),
  typical_price_minus_EMA: (bars, row, n) => typical(bars)(row) - seededEma(typical(bars), row, n),
  highest: ({ high }, row, n) => Math.max(...window(high, row, n)),
  lowest: ({ low }, row, n) => Math.min(...window(low, row, n)),
  RSI: ({ close }, row, n) => {
    const change: Series = (at) => close(at) - close(at - 1);
    const up = rma((at) => Math.max(0, change(at)), row, n, 1);
    const down = rma((at) => Math.max(0, -change(at)), row, n, 1);
    return 100 - 100 / (1 + up / down);
  },
  MACD: (bars, row, fast, slow) => line(bars, row, fast, slow),
  MACD_Signal: (bars, row, fast, slow, n) => signal(bars, row, [fast, slow, n]),
  MACD_Histogram: (bars, row, fast, slow, n) =>
    line(bars, row, fast, slow) - signal(bars, row, [fast, slow, n]),
  'Stochastic_%K': smoothK,
  'Stochastic_%D': (bars, row, n, k, d) => sma((at) => smoothK(bars, at, n, k), row, d),
  WilliamsR: (bars, row, n) => rawK(bars, row, n) - 100,
  CCI: (bars, row, n) => {
    const values = window(typical(bars), row, n);
    const centre = mean(values);
    return (typical(bars)(row) - centre) / 0.015 / mean(values.map((value) => Math.abs(value - centre)));
  },
  'DI+': (bars, row, n) => directional(bars, rising(bars), row, n),
  'DI-': (bars, row, n) => directional(bars, falling(bars), row, n),
  ADX: (bars, row, n) => {
    const index: Series = (at) => {
      const [plus, minus] = [directional(bars, rising(bars), at, n), directional(bars, falling(bars), at, n)];
      return (100 * Math.abs(plus - minus)) / (plus + minus);
    };
    return rma(index, row, n, n);
  },
  true_range: (bars, row) => ranges(bars)(row),
  ATR: (bars, row, n) => rma(ranges(bars), row, n, 1),
  ATR_ratio: (bars, row, n) => rma(ranges(bars), row, n, 1) / bars.close(row),
  target_ATR_ratio: (bars, row, n, distance) => distance / rma(ranges(bars), row, n, 1),
  BB_upper: ({ close }, row, n, width) => sma(close, row, n) + width * deviation(window(close, row, n), 0),
  BB_middle: ({ close }, row, n) => sma(close, row, n),
  BB_lower: ({ close }, row, n, width) => sma(close, row, n) - width * deviation(window(close, row, n), 0),
  BB_Width: ({ close }, row, n, width) =>
    (2 * width * deviation(window(close, row, n), 0)) / sma(close, row, n),
  BB_position: ({ close }, row, n, width) =>
    0.5 + (close(row) - sma(close, row, n)) / (2 * width * deviation(window(close, row, n), 0)),
  BB_range: ({ close }, row, n, width) => 2 * width * deviation(window(close, row, n), 0),
  typical_price_std: (bars, row, n) => deviation(window(typical(bars), row, n), 1),
  rolling_std: ({ close }, row, n) => deviation(window(close, row, n), 1),
  zscore: ({ close }, row, n) => (close(row) - sma(close, row, n)) / deviation(window(close, row, n), 1),
  volatility: (bars, row, n) => deviation(window(logReturns(bars), row, n), 1),
  MFI: (bars, row, n) => {
    const price = typical(bars);
    const flows = Array.from({ length: n }, (_, age) => row - age).map((at) => ({
      change: price(at) - price(at - 1),
      flow: price(at) * bars.volume(at),
    }));
    if (flows.some(({ change }) => Number.isNaN(change))) return NaN;
    const up = sum(flows.filter(({ change }) => change > 0).map(({ flow }) => flow));
    const down = sum(flows.filter(({ change }) => change < 0).map(({ flow }) => flow));
    return 100 - 100 / (1 + up / down);
  },
  OBV: ({ close, volume }, row) =>
    sum(
      Array.from({ length: row + 1 }, (_, at) => {
        const sign = at === 0 ? 1 : Math.sign(close(at) - close(at - 1));
        return sign * volume(at);
      }),
    ),
  relative_volume: ({ volume }, row, n) => volume(row) / sma(volume, row, n),
  volume_zscore: ({ volume }, row, n) =>
    (volume(row) - sma(volume, row, n)) / deviation(window(volume, row, n), 1),
  VWAP: (bars, row, n) =>
    sum(window((at) => typical(bars)(at) * bars.volume(at), row, n)) / sum(window(bars.volume, row, n)),
  'BC-BO_current': ({ close, open }, row) => close(row) - open(row),
  'BH-BL_current': ({ high, low }, row) => high(row) - low(row),
  'BH-BO_current': ({ high, open }, row) => high(row) - open(row),
  'BO-BL_current': ({ open, low }, row) => open(row) - low(row),
  'BC-BO_previous': ({ close, open }, row) => close(row - 1) - open(row - 1),
  'BH-BL_previous': ({ high, low }, row) => high(row - 1) - low(row - 1),
  'BH-BO_previous': ({ high, open }, row) => high(row - 1) - open(row - 1),
  'BO-BL_previous': ({ open, low }, row) => open(row - 1) - low(row - 1),
  day_of_month: (bars, row) => date(bars, row).getUTCDate(),
  hour_of_day: (bars, row) => date(bars, row).getUTCHours(),
  day_of_week: (bars, row) => monday(date(bars, row)),
  month: (bars, row) => date(bars, row).getUTCMonth() + 1,
  hour_sin: (bars, row) => wave(date(bars, row).getUTCHours(), 24, 'sin'),
  hour_cos: (bars, row) => wave(date(bars, row).getUTCHours(), 24, 'cos'),
  weekday_sin: (bars, row) => wave(monday(date(bars, row)), 7, 'sin'),
  weekday_cos: (bars, row) => wave(monday(date(bars, row)), 7, 'cos'),
  month_sin: (bars, row) => wave(date(bars, row).getUTCMonth(), 12, 'sin'),
  month_cos: (bars, row) => wave(date(bars, row).getUTCMonth(), 12, 'cos'),
};

const MEMBERS = FAMILIES.flatMap(({ members, periods }) => members.map((member) => ({ member, periods })));
const ROWS = 64;

describe('features', () => {
  it('have a reference each', () => {
    expect(MEMBERS.map(({ member }) => member.name).sort()).toEqual(Object.keys(REFERENCES).sort());
  });

  it.each(MEMBERS.map(({ member, periods }) => [member.name, periods] as const))(
    '%s equals its formula, for all periods and bars, from the row on that is documented',
    (name, periods) => {
      const lengths = periods.map(({ min = 1, isDecimal }) =>
        isDecimal ? fc.constantFrom(1, 1.5, 2) : fc.integer({ min, max: 20 }),
      );
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1e6 }), fc.tuple(...lengths), (seed, numbers) => {
          const frame = walk(ROWS, seed);
          const asked = [name, ...numbers].join('_');
          const values = [...(computeFeatures(frame, [asked]).get(asked) ?? [])];
          const [a = NaN, b = NaN, c = NaN] = numbers;
          const bars = barsOf(frame);
          const reference = REFERENCES[name] ?? (() => NaN);
          const { first } = featureReach(asked);
          const wrong = values.flatMap((value, row) => {
            const expected = row < first ? NaN : reference(bars, row, a, b, c);
            const isRight = Number.isNaN(expected)
              ? Number.isNaN(value)
              : Math.abs(value - expected) < 1e-9 * Math.max(1, Math.abs(expected));
            return isRight ? [] : [{ asked, row, value, expected }];
          });
          expect(wrong).toEqual([]);
          expect(values.slice(0, first + 3).findIndex((value) => !Number.isNaN(value))).toBeLessThanOrEqual(
            first,
          );
        }),
        { numRuns: 3, seed: 14 },
      );
    },
  );

  it('are the same in one pass with others, a bar at a time or all at once', () => {
    const frame = walk(700, 5);
    const names = MEMBERS.map(({ member }) => member.name);
    const together = computeFeatures(frame, names);
    for (const name of names) {
      expect(computeFeatures(frame, [name]).get(name)).toEqual(together.get(name));
      expect(computeFeatures(frame.slice(0, 333), [name]).get(name)).toEqual(
        together.get(name)?.slice(0, 333),
      );
    }
  });

  it('do not depend on where the history began once they have settled', () => {
    const frame = walk(3000, 9);
    for (const { member } of MEMBERS.filter((one) => one.member.name !== 'OBV')) {
      const { settled } = featureReach(member.name);
      const whole = computeFeatures(frame, [member.name]).get(member.name)?.at(-1) ?? NaN;
      const late =
        computeFeatures(frame.last(settled + 1), [member.name])
          .get(member.name)
          ?.at(-1) ?? NaN;
      expect(Math.abs(late - whole)).toBeLessThan(1e-6 * Math.max(1, Math.abs(whole)));
    }
  });
});
