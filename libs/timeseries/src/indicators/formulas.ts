import { at, derive, ema, mean, rma, rolling, rollingMax, rollingMin, sma } from './averages.js';

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

/** Greatest of high - low, |high - previous close| and |low - previous close|; NaN in row 0, which has no previous close. */
export const trueRange = (high: Float64Array, low: Float64Array, close: Float64Array): Float64Array =>
  derive(close.length, (row) =>
    Math.max(
      at(high, row) - at(low, row),
      Math.abs(at(high, row) - at(close, row - 1)),
      Math.abs(at(low, row) - at(close, row - 1)),
    ),
  );

/** Average true range in price units: Wilder's average of {@link trueRange}, from row `period` on. */
export const atr = (high: Float64Array, low: Float64Array, close: Float64Array, period = 14): Float64Array =>
  rma(trueRange(high, low, close), period);

export interface DirectionalMovement {
  /** DI+, 0 to 100, from row `period` on. */
  readonly plus: Float64Array;
  /** DI-, 0 to 100, from row `period` on. */
  readonly minus: Float64Array;
  /** ADX, 0 to 100, from row 2·period - 1 on. */
  readonly adx: Float64Array;
}

/** Directional indicators and their average index (J. W. Wilder, 1978). */
export function directionalMovement(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  period = 14,
): DirectionalMovement {
  const up = derive(close.length, (row) => at(high, row) - at(high, row - 1));
  const down = derive(close.length, (row) => at(low, row - 1) - at(low, row));
  const winner = (one: Float64Array, other: Float64Array): Float64Array =>
    derive(close.length, (row) => {
      if (Number.isNaN(at(one, row))) return NaN;
      return at(one, row) > at(other, row) && at(one, row) > 0 ? at(one, row) : 0;
    });
  const range = atr(high, low, close, period);
  const indicator = (movement: Float64Array): Float64Array => {
    const average = rma(movement, period);
    return derive(close.length, (row) => (100 / at(range, row)) * at(average, row));
  };
  const plus = indicator(winner(up, down));
  const minus = indicator(winner(down, up));
  const index = derive(
    close.length,
    (row) => (100 * Math.abs(at(plus, row) - at(minus, row))) / (at(plus, row) + at(minus, row)),
  );
  return { plus, minus, adx: rma(index, period) };
}

/**
 * The direction oracle's average true range: the range of row 0 is high - low; undefined (NaN) before row period - 1,
 * there the mean of the first `period` ranges, then a·(1 - α) + range·α with α = 1/period (multiplied, not divided: the
 * reference answers' last bit depends on it). Not the recursion of {@link atr}.
 */
export function wilderAtr(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  period = 14,
): Float64Array {
  const range = trueRange(high, low, close);
  if (range.length > 0) range[0] = at(high, 0) - at(low, 0);
  const result = new Float64Array(close.length).fill(NaN);
  const alpha = 1 / period;
  let average = NaN;
  for (let row = period - 1; row < close.length; row += 1) {
    average = row === period - 1 ? mean(range, 0, period) : average * (1 - alpha) + at(range, row) * alpha;
    result[row] = average;
  }
  return result;
}

/** What the direction oracle answers where {@link wilderAtr} is undefined: mean high - low of the last 14 rows at most, at least 0.0001. */
export function recentRange(high: Float64Array, low: Float64Array, row: number): number {
  const first = Math.max(0, row - 13);
  const ranges = derive(row + 1 - first, (index) => at(high, first + index) - at(low, first + index));
  return Math.max(0.0001, mean(ranges, 0, ranges.length));
}
