import { checkFinite, checkFraction, checkList, checkPair, meanOf, unscorable } from './check.js';
import { normalCdf, normalDensity } from './distributions.js';

/**
 * Fair continuous ranked probability score of N ≥ 2 samples: mean |xᵢ − y| − Σᵢⱼ|xᵢ − xⱼ| / (2N(N−1)), in the unit of y;
 * smaller is better. Unlike the form with 1/(2N²), which scores the samples' own step function and so rewards a narrow
 * ensemble, its expectation is smallest when the samples come from the true distribution; it may be negative.
 * O(N log N). Ferro (2014), Fair scores for ensemble forecasts, Q. J. R. Meteorol. Soc. 140, 1917–1923.
 */
export function crpsSample(y: number, samples: ArrayLike<number>): number {
  checkFinite('y', y);
  checkList('samples', samples, 2);
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  let distance = 0;
  let spread = 0;
  for (let at = 0; at < count; at += 1) {
    const x = sorted[at] ?? NaN;
    distance += Math.abs(x - y);
    // Σᵢⱼ|xᵢ − xⱼ| = 2 Σᵢ (2i − N + 1) x₍ᵢ₎ of the sorted samples; from y on, so that nothing large cancels
    spread += (2 * at - count + 1) * (x - y);
  }
  return distance / count - spread / (count * (count - 1));
}

/**
 * CRPS of a normal distribution; `sd` ≥ 0, and 0 gives the absolute error.
 * Gneiting, Raftery, Westveld and Goldman (2005), Mon. Weather Rev. 133, 1098–1118, equation 5.
 */
export function crpsNorm(y: number, mean: number, sd: number): number {
  checkFinite('y', y);
  checkFinite('mean', mean);
  checkFinite('sd', sd);
  if (sd < 0) throw unscorable(`sd must not be below 0, not ${sd}`);
  if (sd === 0) return Math.abs(y - mean);
  const z = (y - mean) / sd;
  return sd * (z * (2 * normalCdf(z) - 1) + 2 * normalDensity(z) - 1 / Math.sqrt(Math.PI));
}

/**
 * Quantile (pinball) loss of the quantile `q` at `level`: (1{y ≤ q} − level)(q − y), ≥ 0.
 * Koenker and Bassett (1978), Regression quantiles, Econometrica 46, 33–50.
 */
export function quantileLoss(y: number, q: number, level: number): number {
  checkFinite('y', y);
  checkFinite('q', q);
  checkFraction('level', level);
  return y <= q ? (1 - level) * (q - y) : level * (y - q);
}

/** Quantiles of a forecast: strictly ascending levels (0 to 1, exclusive), values that do not fall. */
export interface QuantileSet {
  readonly levels: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/** @throws AppError `invalid` (code `invalid_score_input`) for lists that are no quantiles */
export function checkQuantiles({ levels, values }: QuantileSet): void {
  checkPair(['levels', 'values'], levels, values);
  for (let at = 0; at < levels.length; at += 1) {
    const level = levels[at] ?? NaN;
    checkFraction(`levels[${at}]`, level);
    if (at > 0 && level <= (levels[at - 1] ?? NaN)) throw unscorable('levels must ascend strictly');
    if (at > 0 && (values[at] ?? NaN) < (values[at - 1] ?? NaN))
      throw unscorable(`quantiles cross: that of ${level} is below that of ${levels[at - 1]}`);
  }
}

/**
 * CRPS of a set of quantiles: twice the mean quantile loss, which tends to the CRPS as evenly spaced levels become many.
 * Gneiting and Ranjan (2011), Comparing density forecasts using threshold- and quantile-weighted scoring rules,
 * J. Bus. Econ. Stat. 29, 411–422, equation 14 as a sum.
 */
export function crpsQuantile(y: number, quantiles: QuantileSet): number {
  checkQuantiles(quantiles);
  const losses = Array.from(quantiles.levels, (level, at) =>
    quantileLoss(y, quantiles.values[at] ?? NaN, level),
  );
  return 2 * meanOf(losses);
}

/** A central prediction interval: `level` is the coverage it claims, 0 to 1 exclusive. */
export interface PredictionInterval {
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

/** @throws AppError `invalid` (code `invalid_score_input`) for bounds that are no interval */
export function checkInterval({ level, lower, upper }: PredictionInterval): void {
  checkFraction('level', level);
  checkFinite('lower', lower);
  checkFinite('upper', upper);
  if (lower > upper) throw unscorable(`lower (${lower}) must not be above upper (${upper})`);
}

/**
 * Interval score: width plus 2/α times what the value lies outside, α = 1 − level; ≥ 0, in the unit of y.
 * Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102, 359–378, equation 43.
 */
export function intervalScore(y: number, interval: PredictionInterval): number {
  checkFinite('y', y);
  checkInterval(interval);
  const { level, lower, upper } = interval;
  const outside = y < lower ? lower - y : y > upper ? y - upper : 0;
  return upper - lower + (2 / (1 - level)) * outside;
}

/** The weighted interval score and its three parts, which add up to it. */
export interface WeightedIntervalScore {
  readonly wis: number;
  readonly dispersion: number;
  /** What forecasts above the value cost. */
  readonly overprediction: number;
  readonly underprediction: number;
}

/**
 * Weighted interval score of K central intervals with weights α/2 and, where there is one, the median with weight 1/2:
 * the sum over K + 1/2 (over K without a median). Equal to {@link crpsQuantile} of the same quantiles where there is a median.
 * Bracher, Ray, Gneiting and Reich (2021), Evaluating epidemic forecasts in an interval format,
 * PLoS Comput. Biol. 17, e1008618, equation 1.
 */
export function wis(
  y: number,
  intervals: readonly PredictionInterval[],
  median: number | null = null,
): WeightedIntervalScore {
  checkFinite('y', y);
  if (intervals.length === 0 && median === null) throw unscorable('wis needs an interval or a median');
  if (median !== null) checkFinite('median', median);
  let dispersion = 0;
  let above = median === null ? 0 : 0.5 * Math.max(median - y, 0);
  let below = median === null ? 0 : 0.5 * Math.max(y - median, 0);
  for (const interval of intervals) {
    checkInterval(interval);
    dispersion += ((1 - interval.level) / 2) * (interval.upper - interval.lower);
    above += Math.max(interval.lower - y, 0);
    below += Math.max(y - interval.upper, 0);
  }
  const weight = intervals.length + (median === null ? 0 : 0.5);
  return {
    wis: (dispersion + above + below) / weight,
    dispersion: dispersion / weight,
    overprediction: above / weight,
    underprediction: below / weight,
  };
}
