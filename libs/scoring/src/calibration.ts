import { NumpyGenerator } from '#libs/numpy-random';
import { checkFinite, checkFraction, checkList, unscorable } from './check.js';
import { checkQuantiles, type PredictionInterval, type QuantileSet } from './distribution-scores.js';
import { chiSquareSurvival, normalCdf, normalQuantile } from './distributions.js';

/** Levels at which coverage is reported. */
export const COVERAGE_LEVELS = [0.5, 0.8, 0.9, 0.95] as const;

/** A share with the interval in which the true one lies with the confidence that was asked for. */
export interface Share {
  /** 0 to 1; null of nothing. */
  readonly share: number | null;
  readonly lower: number;
  readonly upper: number;
  readonly hits: number;
  readonly count: number;
}

/**
 * A share with its score interval, which stays in 0 to 1 and keeps its coverage for few trials.
 * Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209–212.
 * @param confidence 0 to 1, exclusive
 */
export function wilsonInterval(hits: number, count: number, confidence = 0.95): Share {
  if (!Number.isInteger(hits) || !Number.isInteger(count) || hits < 0 || hits > count)
    throw unscorable(`hits and count must be whole numbers, 0 ≤ hits ≤ count, not ${hits} and ${count}`);
  checkFraction('confidence', confidence);
  if (count === 0) return { share: null, lower: 0, upper: 1, hits, count };
  const z = normalQuantile(0.5 + confidence / 2);
  const share = hits / count;
  const centre = share + (z * z) / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  const below = 1 + (z * z) / count;
  return {
    share,
    lower: hits === 0 ? 0 : (centre - half) / below,
    upper: hits === count ? 1 : (centre + half) / below,
    hits,
    count,
  };
}

/** Whether the value lies in the interval, its ends included. */
export function intervalCoverage(
  y: number,
  { lower, upper }: Pick<PredictionInterval, 'lower' | 'upper'>,
): boolean {
  checkFinite('y', y);
  return y >= lower && y <= upper;
}

/**
 * Randomised probability integral transform of a value among N samples: uniform from 0 to 1 when the value is exchangeable
 * with them, ties included. `u` (0 ≤ u < 1) chooses the place within the value's rank.
 * Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics 65, 1254–1261, section 2.
 */
export function pitSample(y: number, samples: ArrayLike<number>, u: number): number {
  checkFinite('y', y);
  checkList('samples', samples);
  checkPlace(u);
  let below = 0;
  let equal = 0;
  for (let at = 0; at < samples.length; at += 1) {
    const x = samples[at] ?? NaN;
    if (x < y) below += 1;
    else if (x === y) equal += 1;
  }
  return (below + u * (equal + 1)) / (samples.length + 1);
}

/** Probability integral transform of a value under a normal distribution, sd > 0. Dawid (1984), J. R. Stat. Soc. A 147, 278–292. */
export function pitNorm(y: number, mean: number, sd: number): number {
  checkFinite('y', y);
  checkFinite('mean', mean);
  if (!(sd > 0 && Number.isFinite(sd))) throw unscorable(`sd must be above 0 and finite, not ${sd}`);
  return normalCdf((y - mean) / sd);
}

/**
 * Randomised transform of a value between quantiles: `u` chooses the place between the levels that enclose it, so that it
 * is uniform whatever the distribution between them is. Source as for {@link pitSample}.
 */
export function pitQuantile(y: number, quantiles: QuantileSet, u: number): number {
  checkFinite('y', y);
  checkQuantiles(quantiles);
  checkPlace(u);
  const { levels, values } = quantiles;
  let lower = 0;
  let upper = 1;
  for (let at = 0; at < levels.length; at += 1) {
    const value = values[at] ?? NaN;
    if (value < y) lower = levels[at] ?? NaN;
    else if (value > y) {
      upper = levels[at] ?? NaN;
      break;
    }
  }
  return lower + u * (upper - lower);
}

/** One draw from 0 (inclusive) to 1 for each forecast, the same for the same seed: NumPy's `default_rng(seed).random()`. */
export function pitPlaces(count: number, seed: number | bigint): Float64Array {
  const generator = NumpyGenerator.fromSeed(seed);
  return Float64Array.from({ length: count }, () => generator.random());
}

export interface PitHistogram {
  /** Transforms in each of the bins of equal width, from 0 to 1. */
  readonly counts: readonly number[];
  /** Pearson's statistic against equal counts. */
  readonly chiSquare: number;
  /** bins − 1 */
  readonly degrees: number;
  /** Probability of a statistic at least as large from a calibrated forecaster; needs 5 or more a bin to be exact enough. */
  readonly pValue: number;
}

/**
 * Histogram of transforms with the chi-square test for uniformity.
 * Pearson (1900), Philos. Mag. 50, 157–175; as a test of forecasts: Diebold, Gunther and Tay (1998), Int. Econ. Rev. 39, 863–883.
 * @param transforms 0 to 1, independent; overlapping horizons make the test reject too often
 */
export function pitHistogram(transforms: ArrayLike<number>, bins = 10): PitHistogram {
  checkList('transforms', transforms);
  if (!Number.isInteger(bins) || bins < 2)
    throw unscorable(`bins must be a whole number of at least 2, not ${bins}`);
  const counts = Array.from({ length: bins }, () => 0);
  for (let at = 0; at < transforms.length; at += 1) {
    const transform = transforms[at] ?? NaN;
    if (transform < 0 || transform > 1)
      throw unscorable(`transforms[${at}] must lie from 0 to 1, not ${transform}`);
    const bin = Math.min(Math.floor(transform * bins), bins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { counts, ...uniformityOf(counts) };
}

/** The test of {@link pitHistogram} for counts that are kept. */
export function uniformityOf(
  counts: readonly number[],
): Pick<PitHistogram, 'chiSquare' | 'degrees' | 'pValue'> {
  checkList('counts', counts, 2);
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  if (expected <= 0) throw unscorable('counts must not all be 0');
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = counts.length - 1;
  return { chiSquare, degrees, pValue: chiSquareSurvival(chiSquare, degrees) };
}

function checkPlace(u: number): void {
  if (!(u >= 0 && u < 1)) throw unscorable(`u must be at least 0 and below 1, not ${u}`);
}
