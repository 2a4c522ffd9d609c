import type { CheckedChart } from './check-chart.js';

/** One point of a line; null is a gap. */
export interface Point {
  readonly time: number;
  readonly value: number | null;
}

/** One column of an area. */
export interface BandPoint {
  readonly time: number;
  readonly lower: number | null;
  readonly upper: number | null;
}

const finite = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null;

/** The history as points; one with more than four rows a pixel column is thinned to `columns` columns of time. */
export function historyPoints(history: CheckedChart['history'], columns: number): Point[] {
  const { length } = history.time;
  const rows =
    length > 4 * columns ? rowsThatShow(history, columns) : Array.from({ length }, (_, row) => row);
  return rows.map((row) => ({ time: history.time[row] ?? 0, value: finite(history.value[row]) }));
}

/**
 * First, lowest, highest and last point of every column of time draw the same line as all points do (Jugel et al.,
 * M4: A visualization-oriented time series data aggregation, VLDB 2014). A column without any value stays a gap.
 */
function rowsThatShow({ time, value }: CheckedChart['history'], columns: number): number[] {
  const start = time[0] ?? 0;
  const span = (time[time.length - 1] ?? 0) - start;
  const columnOf = (row: number): number =>
    Math.min(columns - 1, Math.floor((((time[row] ?? 0) - start) / span) * columns));
  const rows: number[] = [];
  let from = 0;
  while (from < time.length) {
    const column = columnOf(from);
    let to = from;
    while (to < time.length && columnOf(to) === column) to += 1;
    rows.push(...corners(value, from, to));
    from = to;
  }
  return rows;
}

/** The rows from `from` to before `to` that a line of one pixel's width consists of, in order. */
function corners(values: CheckedChart['history']['value'], from: number, to: number): number[] {
  const valueAt = (row: number): number => finite(values[row]) ?? Number.NaN;
  let [first, low, high, last] = [-1, -1, -1, -1];
  for (let row = from; row < to; row += 1) {
    const value = valueAt(row);
    if (Number.isNaN(value)) continue;
    if (first < 0) [first, low, high] = [row, row, row];
    if (value < valueAt(low)) low = row;
    if (value > valueAt(high)) high = row;
    last = row;
  }
  return first < 0 ? [from] : [...new Set([first, low, high, last])].sort((a, b) => a - b);
}

/** The last known point before the forecast, from which its lines and areas start; null when they stand alone. */
export function originOf({ history, forecast }: CheckedChart): { time: number; value: number } | null {
  const start = forecast.time[0];
  if (start === undefined) return null;
  for (let row = history.time.length - 1; row >= 0; row -= 1) {
    const [time, value] = [history.time[row] ?? 0, finite(history.value[row])];
    if (value !== null && time < start) return { time, value };
  }
  return null;
}

export function medianPoints(chart: CheckedChart): Point[] {
  const { time, median } = chart.forecast;
  const origin = originOf(chart);
  const points = Array.from({ length: time.length }, (_, i) => ({
    time: time[i] ?? 0,
    value: finite(median[i]),
  }));
  return origin === null ? points : [origin, ...points];
}

export function bandsOf(
  chart: CheckedChart,
  { lower, upper }: CheckedChart['intervals'][number],
): BandPoint[] {
  const { time } = chart.forecast;
  const origin = originOf(chart);
  const bands = Array.from({ length: time.length }, (_, i) => {
    const [low, high] = [finite(lower[i]), finite(upper[i])];
    const whole = low !== null && high !== null;
    return { time: time[i] ?? 0, lower: whole ? low : null, upper: whole ? high : null };
  });
  return origin === null
    ? bands
    : [{ time: origin.time, lower: origin.value, upper: origin.value }, ...bands];
}

/** Points between two gaps, which no line shows. */
export const lonely = (points: readonly Point[]): Point[] =>
  points.filter(
    ({ value }, i) =>
      value !== null && (points[i - 1]?.value ?? null) === null && (points[i + 1]?.value ?? null) === null,
  );

/** Smallest and greatest of what is drawn. */
export type Span = Readonly<Record<'time' | 'value', readonly [number, number]>>;

/** The earliest and latest time and the lowest and highest value of everything that is drawn. */
export function spanOf(chart: CheckedChart): Span {
  const { history, forecast, intervals, outcome } = chart;
  return {
    time: extent([history.time, forecast.time, outcome.time]),
    value: extent([
      history.value,
      forecast.median,
      outcome.value,
      ...intervals.flatMap(({ lower, upper }) => [lower, upper]),
    ]),
  };
}

function extent(series: readonly ArrayLike<number | null>[]): [number, number] {
  const span: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of series) {
    for (let i = 0; i < values.length; i += 1) {
      const value = finite(values[i]);
      if (value === null) continue;
      if (value < span[0]) span[0] = value;
      if (value > span[1]) span[1] = value;
    }
  }
  return span;
}
