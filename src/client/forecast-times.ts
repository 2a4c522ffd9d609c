import { parseTimestamp } from '#libs/timeseries';
import type { JobInterval, JobRequest, JobResult } from '../marketplace/marketplace.port.js';

const HOUR_MS = 3_600_000;
const LENGTH_MS: Readonly<Record<Exclude<JobInterval, '1M'>, number>> = {
  '1h': HOUR_MS,
  '1d': 24 * HOUR_MS,
  '1w': 7 * 24 * HOUR_MS,
};

/** The moments of the predicted bars. */
export interface ForecastTimes {
  /** Epoch ms UTC, ascending, one a bar. */
  readonly times: readonly number[];
  /** `evaluator`: named with the answer, as markets are closed at times; `request`: counted from the moment asked for. */
  readonly source: 'evaluator' | 'request';
}

type Asked = Pick<JobRequest, 'datetimeRequested' | 'interval' | 'predictionHorizon'>;

/**
 * When each predicted bar is: as the evaluator named them in `model_metadata.future_datetimes`, else from the requested
 * moment on, one interval after another.
 */
export function forecastTimes(
  asked: Asked,
  { modelMetadata }: Pick<JobResult, 'modelMetadata'>,
): ForecastTimes {
  const named = namedTimes(modelMetadata['future_datetimes'], asked.predictionHorizon);
  return named === null
    ? { times: countedTimes(asked), source: 'request' }
    : { times: named, source: 'evaluator' };
}

function namedTimes(value: unknown, horizon: number): readonly number[] | null {
  if (!Array.isArray(value) || value.length !== horizon) return null;
  const times = value.map((text) => (typeof text === 'string' ? (parseTimestamp(text) ?? NaN) : NaN));
  return times.every((time, bar) => time > (times[bar - 1] ?? -Infinity)) ? times : null;
}

const countedTimes = ({ datetimeRequested, interval, predictionHorizon }: Asked): readonly number[] =>
  Array.from({ length: predictionHorizon }, (_, bar) =>
    interval === '1M'
      ? monthsLater(datetimeRequested, bar)
      : datetimeRequested.getTime() + bar * LENGTH_MS[interval],
  );

/** The same day and hour of a later month, or its last day when it is shorter. */
function monthsLater(moment: Date, months: number): number {
  const later = new Date(moment);
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  return later.setUTCDate(Math.min(moment.getUTCDate(), lastDay));
}
