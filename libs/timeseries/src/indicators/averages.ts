/** Index of the first value that is a number; the length when there is none. */
const firstValid = (values: Float64Array): number => {
  const index = values.findIndex((value) => !Number.isNaN(value));
  return index < 0 ? values.length : index;
};

const undefinedSeries = (length: number): Float64Array => new Float64Array(length).fill(NaN);

/** A value, NaN outside of the column. */
export const at = (values: Float64Array, row: number): number => values[row] ?? NaN;

/** A column computed value by value. */
export const derive = (length: number, valueAt: (row: number) => number): Float64Array =>
  Float64Array.from({ length }, (_, row) => valueAt(row));

/**
 * Rolling window: `reduce(values, start, end)` over the last `period` values (end exclusive); NaN before a window is
 * full. A window with a NaN in it gives what `reduce` makes of NaN.
 */
export function rolling(
  values: Float64Array,
  period: number,
  reduce: (values: Float64Array, start: number, end: number) => number,
): Float64Array {
  const result = undefinedSeries(values.length);
  for (let row = period - 1; row < values.length; row += 1) {
    result[row] = reduce(values, row + 1 - period, row + 1);
  }
  return result;
}

/** Mean of `values[start … end)`, summed from the first to the last. */
export function mean(values: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let row = start; row < end; row += 1) sum += values[row] ?? NaN;
  return sum / (end - start);
}

/** Simple moving average over `period` values, each window summed afresh so that no error builds up. */
export const sma = (values: Float64Array, period: number): Float64Array => rolling(values, period, mean);

/** Greatest of the last `period` values; NaN when one of them is. */
export const rollingMax = (values: Float64Array, period: number): Float64Array =>
  rolling(values, period, (all, start, end) => {
    let best = -Infinity;
    for (let row = start; row < end; row += 1) best = Math.max(best, all[row] ?? NaN);
    return best;
  });

/** Least of the last `period` values; NaN when one of them is. */
export const rollingMin = (values: Float64Array, period: number): Float64Array =>
  rolling(values, period, (all, start, end) => {
    let best = Infinity;
    for (let row = start; row < end; row += 1) best = Math.min(best, all[row] ?? NaN);
    return best;
  });

/**
 * Exponential moving average with α = 2/(period + 1), started with the simple mean of the first `period` values (counted
 * from the first that is a number). A NaN further on makes all that follows NaN.
 */
export function ema(values: Float64Array, period: number): Float64Array {
  const result = undefinedSeries(values.length);
  const start = firstValid(values) + period - 1;
  if (start >= values.length) return result;
  const alpha = 2 / (period + 1);
  let average = mean(values, start + 1 - period, start + 1);
  result[start] = average;
  for (let row = start + 1; row < values.length; row += 1) {
    average += alpha * ((values[row] ?? NaN) - average);
    result[row] = average;
  }
  return result;
}

/**
 * Wilder's average as an exponentially weighted mean with α = 1/period whose weights (1-α)^j are normalised by their sum
 * (pandas `ewm(alpha, adjust=True)`), so that early values are means and not biased to the first. Defined from the
 * `period`-th number on; a NaN after the first number makes all that follows NaN.
 */
export function rma(values: Float64Array, period: number): Float64Array {
  const result = undefinedSeries(values.length);
  const start = firstValid(values);
  const decay = 1 - 1 / period;
  let weight = 0;
  let average = 0;
  for (let row = start; row < values.length; row += 1) {
    weight = weight * decay + 1;
    average += ((values[row] ?? NaN) - average) / weight;
    if (row >= start + period - 1) result[row] = average;
  }
  return result;
}
