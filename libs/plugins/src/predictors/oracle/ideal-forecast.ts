import { type ForecastOutput, type HorizonError, PluginError } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';

/** An answer made of the values that really followed, without what tells it from other such answers. */
type IdealForecast = Omit<ForecastOutput, 'mode' | 'date_column' | 'seed' | 'metadata'>;

/**
 * Reads the value and the time at `row + horizon` for each horizon. Beyond the end of the data both are null and the
 * horizon is listed with `insufficient_future_data`, or, with `hold`, the value is that of `row` itself (the time stays
 * null). A value that is not a number is null, `missing_value`.
 * @param uncertainty of every value, in the target's unit
 * @throws PluginError `no_data` where the bar at `row` has no value
 */
export function idealForecast(
  time: Float64Array,
  target: { readonly name: string; readonly values: Float64Array },
  row: number,
  horizons: readonly number[],
  { tail, uncertainty }: { readonly tail: 'error' | 'hold'; readonly uncertainty: number },
): IdealForecast {
  const predictions: (number | null)[] = [];
  const times: (string | null)[] = [];
  const errors: HorizonError[] = [];
  for (const horizon of horizons) {
    const at = time[row + horizon];
    const isBeyond = at === undefined;
    const value = target.values[isBeyond && tail === 'hold' ? row : row + horizon];
    times.push(isBeyond ? null : formatNaiveIso(at));
    predictions.push(value === undefined || Number.isNaN(value) ? null : value);
    if (value === undefined) errors.push({ horizon, error: 'insufficient_future_data' });
    else if (Number.isNaN(value)) errors.push({ horizon, error: 'missing_value' });
  }
  return {
    target_column: target.name,
    baseline_datetime: formatNaiveIso(time[row] ?? NaN),
    baseline_value: valueAt(time, target.values, row),
    horizons,
    predictions,
    future_datetimes: times,
    uncertainty: predictions.map((value) => (value === null ? null : uncertainty)),
    errors,
  };
}

/** The last row that has the longest of the horizons ahead of it; 0 where there is none. */
export const lastRowWithFuture = (rows: number, horizons: readonly number[]): number =>
  Math.max(0, rows - 1 - Math.max(0, ...horizons));

/**
 * The value that a forecast starts from.
 * @throws PluginError `no_data` where the bar has none
 */
export function valueAt(time: Float64Array, column: Float64Array, row: number): number {
  const value = column[row] ?? NaN;
  if (!Number.isNaN(value)) return value;
  throw new PluginError('no_data', `the bar at ${formatNaiveIso(time[row] ?? 0)} has no value`);
}
