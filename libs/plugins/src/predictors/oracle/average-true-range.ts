import type { BarColumns } from './barrier-scan.js';

/** Rows that stand in for the average where it is not defined yet. */
const START_ROWS = 14;
const LEAST_RANGE = 0.0001;

/**
 * Average true range by J. W. Wilder ("New Concepts in Technical Trading Systems", 1978) per row, in price units: the mean
 * of the first `period` true ranges, then a(t) = a(t-1)·(1 - α) + TR(t)·α with α = 1/period (multiplied, not divided: the last
 * bit of the reference answers depends on it). Before that the mean of high - low over the last 14 rows, at least 0.0001.
 */
export function averageTrueRange({ high, low, close }: BarColumns, period: number): Float64Array {
  const atr = new Float64Array(high.length);
  const alpha = 1 / period;
  let sum = 0;
  for (let row = 0; row < atr.length; row += 1) {
    const range = trueRange(high[row] ?? NaN, low[row] ?? NaN, close[row - 1]);
    sum += row < period ? range : 0;
    if (row < period - 1) atr[row] = meanRange(high, low, row);
    else if (row === period - 1) atr[row] = sum / period;
    else atr[row] = (atr[row - 1] ?? NaN) * (1 - alpha) + range * alpha;
  }
  return atr;
}

function trueRange(high: number, low: number, closeBefore: number | undefined): number {
  if (closeBefore === undefined) return high - low;
  return Math.max(high - low, Math.abs(high - closeBefore), Math.abs(low - closeBefore));
}

function meanRange(high: Float64Array, low: Float64Array, row: number): number {
  const first = Math.max(0, row - START_ROWS + 1);
  let sum = 0;
  for (let at = first; at <= row; at += 1) sum += (high[at] ?? NaN) - (low[at] ?? NaN);
  return Math.max(LEAST_RANGE, sum / (row - first + 1));
}
