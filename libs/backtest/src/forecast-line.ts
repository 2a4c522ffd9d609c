import { AppError, isRecord } from '#libs/kernel';
import { formatIso, parseTimestamp } from '#libs/timeseries';
import type { WalkedForecast } from './question.js';

const iso = (time: number | null): string | null => (time === null ? null : formatIso(time));

/** One forecast as a line of NDJSON, in wire names. */
export const forecastLine = (one: WalkedForecast): string =>
  JSON.stringify({
    baseline: iso(one.baseline),
    baseline_value: one.baselineValue,
    volatility: one.volatility,
    horizons: one.horizons,
    predictions: one.points,
    uncertainty: one.deviations,
    intervals: one.intervals,
    quantiles: one.quantiles,
    targets: one.targetTimes.map(iso),
    values: one.values,
    losses: one.losses,
    baseline_losses: one.baselineLosses,
    pits: one.pits,
    seed: one.seed,
  });

/** What a comparison reads of a line. */
export interface ScoredLine {
  readonly baseline: number;
  readonly horizons: readonly number[];
  readonly losses: readonly (number | null)[];
}

/** @throws AppError `invalid` (code `not_a_forecast`) for a line that {@link forecastLine} did not write */
export function readForecastLine(text: string, place: string): ScoredLine {
  const value = parsed(text);
  const baseline = isRecord(value) ? parseTimestamp(String(value['baseline'])) : null;
  const [horizons, losses] = isRecord(value) ? [value['horizons'], value['losses']] : [];
  const isNumber = (one: unknown): boolean => typeof one === 'number' && Number.isFinite(one);
  if (
    baseline === null ||
    !Array.isArray(horizons) ||
    !Array.isArray(losses) ||
    horizons.length !== losses.length ||
    !horizons.every(isNumber) ||
    !losses.every((loss) => loss === null || isNumber(loss))
  )
    throw new AppError('invalid', `${place} is no forecast of a back-test`, { code: 'not_a_forecast' });
  return { baseline, horizons: horizons as number[], losses: losses as (number | null)[] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
