import { trueRanges } from './oscillator-families.js';

/**
 * The direction oracle's average true range: the range of row 0 is high - low; undefined (NaN) before row period - 1,
 * there the mean of the first `period` ranges, then a·(1 - α) + range·α with α = 1/period (multiplied, not divided: the
 * reference answers' last bit depends on it). Not the recursion of the feature `ATR`.
 */
export function wilderAtr(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  period = 14,
): Float64Array {
  const result = new Float64Array(close.length).fill(NaN);
  const rangeOf = trueRanges();
  const bar = { time: NaN, open: NaN, high: NaN, low: NaN, close: NaN, volume: NaN };
  const alpha = 1 / period;
  let sum = 0;
  let average = NaN;
  for (let row = 0; row < close.length; row += 1) {
    bar.high = high[row] ?? NaN;
    bar.low = low[row] ?? NaN;
    bar.close = close[row] ?? NaN;
    const whole = rangeOf(bar);
    const range = row === 0 ? bar.high - bar.low : whole;
    sum += range;
    if (row < period - 1) continue;
    average = row === period - 1 ? sum / period : average * (1 - alpha) + range * alpha;
    result[row] = average;
  }
  return result;
}

/** What the direction oracle answers where {@link wilderAtr} is undefined: mean high - low of the last 14 rows at most, at least 0.0001. */
export function recentRange(high: Float64Array, low: Float64Array, row: number): number {
  const first = Math.max(0, row - 13);
  let sum = 0;
  for (let at = first; at <= row; at += 1) sum += (high[at] ?? NaN) - (low[at] ?? NaN);
  return Math.max(0.0001, sum / (row + 1 - first));
}
