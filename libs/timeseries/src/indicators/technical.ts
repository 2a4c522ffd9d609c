import { firstRowFrom, type Frame } from '../frame.js';
import { at, derive, ema } from './averages.js';
import {
  atr,
  cci,
  directionalMovement,
  macd,
  momentum,
  rateOfChange,
  rsi,
  stochastic,
  williamsR,
} from './formulas.js';
import { dayOfMonth, dayOfWeek, hourOfDay } from '../timestamps.js';

/** Lengths in bars; each at least 1. */
export interface IndicatorPeriods {
  readonly rsi: number;
  readonly macdFast: number;
  readonly macdSlow: number;
  readonly macdSignal: number;
  readonly ema: number;
  readonly stochastic: number;
  readonly stochasticSmoothK: number;
  readonly stochasticSmoothD: number;
  readonly adx: number;
  readonly atr: number;
  readonly cci: number;
  readonly williamsR: number;
  readonly momentum: number;
  readonly rateOfChange: number;
}

/** The lengths with which the published feature files were made. The market feeder differs in `ema` (20). */
export const DEFAULT_PERIODS: IndicatorPeriods = {
  rsi: 14,
  macdFast: 12,
  macdSlow: 26,
  macdSignal: 9,
  ema: 10,
  stochastic: 14,
  stochasticSmoothK: 3,
  stochasticSmoothD: 3,
  adx: 14,
  atr: 14,
  cci: 14,
  williamsR: 14,
  momentum: 10,
  rateOfChange: 10,
};

/** Names and order of the columns of {@link technicalIndicators}. */
export const INDICATOR_COLUMNS = [
  'RSI',
  'MACD',
  'MACD_Histogram',
  'MACD_Signal',
  'EMA',
  'Stochastic_%K',
  'Stochastic_%D',
  'ADX',
  'DI+',
  'DI-',
  'ATR',
  'CCI',
  'WilliamsR',
  'Momentum',
  'ROC',
] as const;

export type IndicatorColumn = (typeof INDICATOR_COLUMNS)[number];

/**
 * The fifteen indicators of the field's models over the columns HIGH, LOW and CLOSE, raw (no logarithm, no filling), NaN
 * before their first value. Each value uses its own and earlier rows only, but for the guard of `stochastic`.
 * @throws AppError `invalid` (code `unknown_column`)
 */
export function technicalIndicators(
  frame: Frame,
  periods: Partial<IndicatorPeriods> = {},
): Readonly<Record<IndicatorColumn, Float64Array>> {
  const length = { ...DEFAULT_PERIODS, ...periods };
  const high = frame.column('HIGH');
  const low = frame.column('LOW');
  const close = frame.column('CLOSE');
  const convergence = macd(close, length.macdFast, length.macdSlow, length.macdSignal);
  const swing = stochastic(high, low, close, {
    period: length.stochastic,
    smoothK: length.stochasticSmoothK,
    smoothD: length.stochasticSmoothD,
  });
  const movement = directionalMovement(high, low, close, length.adx);
  return {
    RSI: rsi(close, length.rsi),
    MACD: convergence.macd,
    MACD_Histogram: convergence.histogram,
    MACD_Signal: convergence.signal,
    EMA: ema(close, length.ema),
    'Stochastic_%K': swing.k,
    'Stochastic_%D': swing.d,
    ADX: movement.adx,
    'DI+': movement.plus,
    'DI-': movement.minus,
    ATR: atr(high, low, close, length.atr),
    CCI: cci(high, low, close, length.cci),
    WilliamsR: williamsR(high, low, close, length.williamsR),
    Momentum: momentum(close, length.momentum),
    ROC: rateOfChange(close, length.rateOfChange),
  };
}

/**
 * Shapes of a bar in price units: close - open, high - low, high - open, open - low.
 * @param bar `current`, or `previous` for the shapes of the bar before (NaN in row 0), which are known when a bar opens
 * @throws AppError `invalid` (code `unknown_column`) without OPEN, HIGH, LOW and CLOSE
 */
export function barFeatures(
  frame: Frame,
  bar: 'current' | 'previous',
): Readonly<Record<'BC-BO' | 'BH-BL' | 'BH-BO' | 'BO-BL', Float64Array>> {
  const open = frame.column('OPEN');
  const high = frame.column('HIGH');
  const low = frame.column('LOW');
  const close = frame.column('CLOSE');
  const lag = bar === 'previous' ? 1 : 0;
  const spread = (upper: Float64Array, lower: Float64Array): Float64Array =>
    derive(frame.length, (row) => at(upper, row - lag) - at(lower, row - lag));
  return {
    'BC-BO': spread(close, open),
    'BH-BL': spread(high, low),
    'BH-BO': spread(high, open),
    'BO-BL': spread(open, low),
  };
}

/** Day of the month (1 to 31), hour (0 to 23) and day of the week (Monday 0) of each row, in UTC. */
export const timeFeatures = (
  time: Float64Array,
): Readonly<Record<'day_of_month' | 'hour_of_day' | 'day_of_week', Float64Array>> => ({
  day_of_month: time.map(dayOfMonth),
  hour_of_day: time.map(hourOfDay),
  day_of_week: time.map(dayOfWeek),
});

/** Bars of a series: when each begins (epoch ms UTC, ascending) and its close. */
export interface Closes {
  readonly time: Float64Array;
  readonly close: Float64Array;
}

/**
 * The last `count` closes of shorter bars before each bar: element k - 1 holds the k-th last close whose bar begins
 * strictly before the bar's time. Where the history is too short, the bar's own close.
 */
export function subBarTicks(bars: Closes, shorter: Closes, count: number): Float64Array[] {
  const before = Int32Array.from(bars.time, (time) => firstRowFrom(shorter.time, time));
  return Array.from({ length: count }, (_, index) =>
    derive(bars.time.length, (row) => {
      const tick = (before[row] ?? 0) - 1 - index;
      return tick >= 0 ? at(shorter.close, tick) : at(bars.close, row);
    }),
  );
}

/** The shift that {@link shiftedLog} needs for these values: 0 when all are positive, else 1 - their minimum. NaN are passed over. */
export function logShift(values: Float64Array): number {
  const least = values.reduce((best, value) => (value < best ? value : best), Infinity);
  return least <= 0 ? 1 - least : 0;
}

/**
 * ln(value + shift), the transform of MACD, MACD_Signal, Stochastic_%D, ADX and ATR in the published feature files. A model
 * wants the shift of its training data ({@link logShift} over live data looks ahead); values that are not above -shift become NaN.
 */
export const shiftedLog = (values: Float64Array, shift: number): Float64Array =>
  values.map((value) => (value + shift > 0 ? Math.log(value + shift) : NaN));
