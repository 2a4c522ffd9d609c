import { firstRowFrom } from '../frame.js';

/** The fifteen indicators of the original's feature files, in its order. */
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
    bars.close.map((own, row) => {
      const tick = (before[row] ?? 0) - 1 - index;
      return tick >= 0 ? (shorter.close[tick] ?? NaN) : own;
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
