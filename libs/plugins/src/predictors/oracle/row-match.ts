import { choice, decimal, type ParameterDeclarations } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { formatNaiveIso, nearestRow, rowAtOrBefore } from '#libs/timeseries';

/** How a question's time finds its bar: parameters of every predictor that looks times up in a file of its own. */
export const matchParameters = {
  timestamp_match: choice(
    { default: 'nearest', oneOf: ['nearest', 'previous'] },
    'Which bar a question refers to: "nearest" is the nearest in time (the later of two equally near ones), "previous" the last bar that is not later than the question.',
  ),
  match_limit_seconds: decimal(
    { default: null, min: 0 },
    'Maximum distance in seconds between a question and its bar; a question further away is refused. Null accepts any distance, even years outside the data.',
  ),
} as const satisfies ParameterDeclarations;

export type TimestampMatch = 'nearest' | 'previous';

/** Finds the row that a moment (epoch ms UTC) is about; -1 when there is none. */
export type RowMatch = (time: number) => number;

/**
 * `nearest` answers with the nearest row, of equally near ones the later, and at the ends with the first or the last one;
 * `previous` with the last row not later than the moment. Of rows with one time the last counts. A row further away than
 * `limitSeconds` (inclusive; null = any distance) is no match.
 */
export function rowMatch(times: Float64Array, mode: TimestampMatch, limitSeconds: number | null): RowMatch {
  const find = mode === 'nearest' ? nearestRow : rowAtOrBefore;
  if (limitSeconds === null) return (time) => find(times, time);
  const limitMs = limitSeconds * 1000;
  return (time) => {
    const row = find(times, time);
    return Math.abs((times[row] ?? NaN) - time) <= limitMs ? row : -1;
  };
}

/** As {@link rowMatch}, but a moment that no bar matches throws PluginError `no_data`. */
export function barMatch(times: Float64Array, mode: TimestampMatch, limitSeconds: number | null): RowMatch {
  const match = rowMatch(times, mode, limitSeconds);
  return (time) => {
    const row = match(time);
    if (row < 0) throw new PluginError('no_data', `there is no bar for ${formatNaiveIso(time)}`);
    return row;
  };
}

/** What the model info tells of the bars of a file. */
export const barSummary = (times: Float64Array): Readonly<Record<string, string | number>> => ({
  bars: times.length,
  first_bar: formatNaiveIso(times[0] ?? NaN),
  last_bar: formatNaiveIso(times.at(-1) ?? NaN),
});
