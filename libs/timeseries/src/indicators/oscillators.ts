import { derive, ema, mean, rma, rolling, rollingMax, rollingMin, sma } from './averages.js';

const at = (values: Float64Array, row: number): number => values[row] ?? NaN;

/** `values[row] - values[row - lag]`; NaN in the first `lag` rows. */
const difference = (values: Float64Array, lag: number): Float64Array =>
  derive(values.length, (row) => at(values, row) - at(values, row - lag));

/**
 * Relative strength index, 0 to 100, from row `period` on: 100·U/(U + |D|) with Wilder's averages of the gains and losses
 * (J. W. Wilder, 1978). NaN where nothing moved yet.
 */
export function rsi(close: Float64Array, period = 14): Float64Array {
  const change = difference(close, 1);
  const up = rma(
    change.map((value) => (value < 0 ? 0 : value)),
    period,
  );
  const down = rma(
    change.map((value) => (value > 0 ? 0 : value)),
    period,
  );
  return derive(close.length, (row) => (100 * at(up, row)) / (at(up, row) + Math.abs(at(down, row))));
}

export interface Macd {
  /** ema(fast) - ema(slow), from row slow - 1 on. */
  readonly macd: Float64Array;
  /** ema(signal) of `macd` from its first value, in price units. */
  readonly signal: Float64Array;
  /** macd - signal. */
  readonly histogram: Float64Array;
}

/** Moving average convergence divergence (G. Appel), in price units. */
export function macd(close: Float64Array, fast = 12, slow = 26, signalPeriod = 9): Macd {
  const quick = ema(close, fast);
  const calm = ema(close, slow);
  const line = derive(close.length, (row) => at(quick, row) - at(calm, row));
  const signal = ema(line, signalPeriod);
  return { macd: line, signal, histogram: derive(close.length, (row) => at(line, row) - at(signal, row)) };
}

export interface Stochastic {
  /** Smoothed %K, 0 to 100, from row period + smoothK - 2 on. */
  readonly k: Float64Array;
  /** Mean of %K, from row period + smoothK + smoothD - 3 on. */
  readonly d: Float64Array;
}

/**
 * Stochastic oscillator (G. Lane). If any window's range is zero, machine epsilon is added to the range of *every*
 * window, as pandas_ta does: models of the field were trained on that, and it shifts other values by about 1e-13.
 */
export function stochastic(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  { period = 14, smoothK = 3, smoothD = 3 } = {},
): Stochastic {
  const highest = rollingMax(high, period);
  const lowest = rollingMin(low, period);
  const range = derive(close.length, (row) => at(highest, row) - at(lowest, row));
  const guard = range.includes(0) ? Number.EPSILON : 0;
  const raw = derive(
    close.length,
    (row) => (100 * (at(close, row) - at(lowest, row))) / (at(range, row) + guard),
  );
  const k = sma(raw, smoothK);
  return { k, d: sma(k, smoothD) };
}

/** Commodity channel index (D. Lambert) with the constant 0.015, from row period - 1 on; NaN where the price stood still. */
export function cci(high: Float64Array, low: Float64Array, close: Float64Array, period = 14): Float64Array {
  const typical = derive(close.length, (row) => (at(high, row) + at(low, row) + at(close, row)) / 3);
  return rolling(typical, period, (values, start, end) => {
    const centre = mean(values, start, end);
    let deviation = 0;
    for (let row = start; row < end; row += 1) deviation += Math.abs(at(values, row) - centre);
    return (at(values, end - 1) - centre) / (0.015 * (deviation / period));
  });
}

/** Williams %R, -100 to 0, from row period - 1 on; NaN where the range is zero. */
export function williamsR(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  period = 14,
): Float64Array {
  const highest = rollingMax(high, period);
  const lowest = rollingMin(low, period);
  return derive(
    close.length,
    (row) => 100 * ((at(close, row) - at(lowest, row)) / (at(highest, row) - at(lowest, row)) - 1),
  );
}

/** Change over `period` bars in price units, from row `period` on. */
export const momentum = (close: Float64Array, period = 10): Float64Array => difference(close, period);

/** Change over `period` bars in percent of the old price, from row `period` on. */
export const rateOfChange = (close: Float64Array, period = 10): Float64Array =>
  derive(close.length, (row) => (100 * (at(close, row) - at(close, row - period))) / at(close, row - period));
