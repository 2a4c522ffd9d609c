import { checkFinite, checkList, unscorable } from './check.js';
import { naiveMae } from './point-scores.js';

/** One-bar changes from which the scale of a forecast is measured. */
export const SCALE_CHANGES = 256;

/** A normal predictive distribution, in the unit of the series. */
export interface NormalForecast {
  readonly mean: number;
  /** Standard deviation, ≥ 0. */
  readonly sd: number;
}

/**
 * Standard deviation of the one-bar changes at the end of a series, around zero (a random walk has no drift):
 * √(mean of squared differences). In the unit of the series.
 * @param history at least 2 values, oldest first
 */
export function trailingVolatility(history: ArrayLike<number>): number {
  checkList('history', history, 2);
  let sum = 0;
  for (let at = 1; at < history.length; at += 1)
    sum += ((history[at] ?? NaN) - (history[at - 1] ?? NaN)) ** 2;
  return Math.sqrt(sum / (history.length - 1));
}

/**
 * The baseline of every skill: the random walk without drift, normal around the last known value with variance
 * horizon · volatility².
 * Meese and Rogoff (1983), Empirical exchange rate models of the seventies, J. Int. Econ. 14, 3–24, take it as the one to beat.
 * @param volatility of one bar, ≥ 0; see {@link trailingVolatility}
 * @param horizon bars ahead, at least 1
 */
export function randomWalkForecast(last: number, volatility: number, horizon: number): NormalForecast {
  checkFinite('last', last);
  checkFinite('volatility', volatility);
  if (volatility < 0) throw unscorable(`volatility must not be below 0, not ${volatility}`);
  if (!Number.isInteger(horizon) || horizon < 1)
    throw unscorable(`horizon must be a whole number of at least 1, not ${horizon}`);
  return { mean: last, sd: volatility * Math.sqrt(horizon) };
}

/** How much a series moves from bar to bar: what its errors are measured in. */
export interface ForecastScale {
  /** Mean absolute change, > 0. */
  readonly naiveMae: number;
  /** Root mean square change, > 0. */
  readonly volatility: number;
}

/**
 * The scale of the last {@link SCALE_CHANGES} changes of the known values up to a row; null without two known values, and for a
 * series that does not move.
 */
export function scaleAt(values: Float64Array, row: number): ForecastScale | null {
  const known: number[] = [];
  for (let at = Math.min(row, values.length - 1); at >= 0 && known.length <= SCALE_CHANGES; at -= 1) {
    const value = values[at] ?? NaN;
    if (Number.isFinite(value)) known.push(value);
  }
  if (known.length < 2) return null;
  known.reverse();
  const scale = { naiveMae: naiveMae(known), volatility: trailingVolatility(known) };
  return scale.naiveMae > 0 ? scale : null;
}
