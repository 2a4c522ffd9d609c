import {
  COVERAGE_LEVELS,
  statedInterval,
  type StatedInterval,
  type StatedNumbers,
  spreadOf,
  stretchedInterval,
} from '#libs/scoring';
import type {
  CalibratedModel,
  CalibrationText,
  CalibrationWarning,
  UsedCalibration,
} from '../calibration.port.js';
import { canonicalInterval } from '#libs/timeseries';
import { jsonDigest } from '../pinned-window.js';

/** Horizons of one forecast that are calibrated: each has a state of its own. */
export const MOST_CALIBRATED = 100;

/**
 * The intervals that a calibration makes of the numbers of a forecast; null where it has none for any horizon. The same for the
 * same arguments, so that a receipt can be replayed.
 * @param volatility of a bar, known at issue
 */
export function calibratedIntervals(
  stated: StatedNumbers,
  volatility: number | null,
  { horizons }: Pick<UsedCalibration, 'horizons'>,
): readonly StatedInterval[] | null {
  const used = new Map(horizons.map((one) => [one.horizon, one]));
  const ends = stated.horizons.map((horizon, at) => {
    const [one, point] = [used.get(horizon), stated.points[at] ?? null];
    const spread = spreadOf(stated, at, volatility);
    if (one === undefined || one.method === null || point === null || spread?.kind !== one.spread)
      return null;
    return one.stretches.map((stretch) => stretchedInterval(point, spread, stretch));
  });
  if (ends.every((one) => one === null)) return null;
  return COVERAGE_LEVELS.map((level, place) => ({
    level,
    lower: ends.map((one) => one?.[place]?.lower ?? null),
    upper: ends.map((one) => one?.[place]?.upper ?? null),
  }));
}

/** In place of a spread: what the model's training range is kept under. */
export const TRAINING_RANGE = 'training_range';

/** The name of a model's calibration. */
export const calibrationDigest = (
  { interval, targetColumn, symbol, ...model }: CalibratedModel,
  spread: string,
): string =>
  jsonDigest([
    model.predictor,
    model.predictorVersion,
    model.modelSha256,
    model.parametersSha256,
    symbol,
    canonicalInterval(interval) ?? interval,
    targetColumn.toLowerCase(),
    spread,
  ]);

/** What an answer says of its calibration, under the names of the API. */
export function calibrationText(
  stated: StatedNumbers,
  used: UsedCalibration,
  intervals: readonly StatedInterval[] | null,
  notes: readonly CalibrationWarning[],
): CalibrationText {
  return {
    issued: intervals === null ? 'raw' : 'calibrated',
    gamma: used.gamma,
    horizons: used.horizons.map(({ horizon, method, outcomes, spread, alphas, stretches }) => {
      const at = stated.horizons.indexOf(horizon);
      return {
        horizon,
        method,
        outcomes,
        spread,
        intervals: COVERAGE_LEVELS.map((level, place) => {
          const raw = statedInterval(stated, at, level);
          return {
            level,
            raw_lower: raw?.lower ?? null,
            raw_upper: raw?.upper ?? null,
            lower: intervals?.[place]?.lower[at] ?? null,
            upper: intervals?.[place]?.upper[at] ?? null,
            alpha: alphas[place] ?? null,
            stretch: stretches[place] ?? null,
          };
        }),
      };
    }),
    notes,
  };
}
