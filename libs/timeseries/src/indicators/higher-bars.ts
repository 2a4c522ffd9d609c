import { DAY_MS, WEEK_MS } from '#libs/kernel';
import { Frame, rowAtOrBefore } from '../frame.js';
import { type BarLength, barsLater, INTERVAL_MS, type Interval } from '../intervals.js';

/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * DAY_MS;

/**
 * When the bar begins that a moment lies in (epoch ms UTC): bars up to a day at multiples of their length since midnight
 * UTC, weeks on Monday, months and quarters on their first day.
 */
function barBegin(time: number, interval: Interval): number {
  if (interval === '1mo' || interval === '3mo') {
    const date = new Date(time);
    const month = date.getUTCMonth();
    return Date.UTC(date.getUTCFullYear(), interval === '1mo' ? month : month - (month % 3));
  }
  if (interval === '1w') return Math.floor((time - FIRST_MONDAY) / WEEK_MS) * WEEK_MS + FIRST_MONDAY;
  const length = INTERVAL_MS[interval];
  const midnight = Math.floor(time / DAY_MS) * DAY_MS;
  return length >= DAY_MS
    ? Math.floor(time / length) * length
    : midnight + Math.floor((time - midnight) / length) * length;
}

/** When bars end that begin at these times, epoch ms UTC. */
export const endsOfBars = (times: Float64Array, length: BarLength): Float64Array =>
  times.map((time) => (typeof length === 'number' ? time + length : barsLater(time, length, 1)));

/**
 * Bars put together to longer ones: the first OPEN, greatest HIGH, least LOW, last CLOSE, sum of VOLUME, and the last
 * value of any other column. The last bar may still run; whoever looks at it by {@link knownValues} does not see it.
 */
export function higherBars(frame: Frame, interval: Interval): Frame {
  const begins = frame.time.map((time) => barBegin(time, interval));
  const firsts = Int32Array.from(begins.keys()).filter((row) => row === 0 || begins[row] !== begins[row - 1]);
  const end = (index: number): number => firsts[index + 1] ?? frame.length;
  const time = Float64Array.from(firsts, (row) => begins[row] ?? NaN);
  return Frame.of(
    time,
    [...frame.columns].map(([name, values]) => {
      const fold = FOLDS[name.toUpperCase()] ?? lastOf;
      return [name, time.map((_, index) => fold(values, firsts[index] ?? 0, end(index)))] as const;
    }),
  );
}

type Fold = (values: Float64Array, from: number, to: number) => number;

const lastOf: Fold = (values, _from, to) => values[to - 1] ?? NaN;
const folded =
  (fold: (left: number, right: number) => number): Fold =>
  (values, from, to) => {
    let result = values[from] ?? NaN;
    for (let row = from + 1; row < to; row += 1) result = fold(result, values[row] ?? NaN);
    return result;
  };
const FOLDS: Readonly<Record<string, Fold>> = {
  OPEN: (values, from) => values[from] ?? NaN,
  HIGH: folded(Math.max),
  LOW: folded(Math.min),
  VOLUME: folded((left, right) => left + right),
};

/** At each moment the value that had become known last; NaN where none had. Both times ascend, epoch ms UTC. */
export const knownValues = (
  moments: Float64Array,
  knownFrom: Float64Array,
  values: Float64Array,
): Float64Array => moments.map((moment) => values[rowAtOrBefore(knownFrom, moment)] ?? NaN);
