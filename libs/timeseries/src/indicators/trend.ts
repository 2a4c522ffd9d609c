import { derive, mean, rma } from './averages.js';

const at = (values: Float64Array, row: number): number => values[row] ?? NaN;

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
