import { keyedUniform } from '#libs/numpy-random';
import { COVERAGE_LEVELS, intervalCoverage, pitNorm, pitQuantile } from './calibration.js';
import { crpsNorm, crpsQuantile } from './distribution-scores.js';
import { normalQuantile } from './distributions.js';
import { randomWalkForecast } from './random-walk.js';

/** A central interval for each horizon. */
export interface StatedInterval {
  /** Coverage that it claims, 0 to 1 exclusive. */
  readonly level: number;
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

/** The numbers of a forecast; lists are in the order of `horizons`, null where a horizon has no value. */
export interface StatedNumbers {
  /** Bars ahead. */
  readonly horizons: readonly number[];
  readonly points: readonly (number | null)[];
  /** Standard deviations, in the unit of the points. */
  readonly deviations: readonly (number | null)[];
  readonly intervals: readonly StatedInterval[];
  /** By level, `"0.05"`. */
  readonly quantiles: Readonly<Record<string, readonly (number | null)[]>>;
}

/** What the loss is: the CRPS of a normal distribution, of quantiles, or (no spread was stated) the absolute error. */
export type LossKind = 'crps_norm' | 'crps_quantile' | 'absolute_error';

export interface OutcomeScores {
  readonly lossKind: LossKind;
  /** In the unit of the value, ≥ 0. */
  readonly loss: number;
  /** The same loss of the random walk; null without a scale. */
  readonly baselineLoss: number | null;
  /** Null where no spread was stated. */
  readonly pit: number | null;
  /** See {@link coverageOf}; null where no spread was stated. */
  readonly covered: number | null;
}

/** Where the random walk stood. */
export interface WalkStart {
  readonly baselineValue: number;
  readonly volatility: number;
}

/** The place within a rank is drawn by the forecast's own key: the same answer whenever it is computed. */
const PIT_SEED = 0;

/** One horizon of a forecast. */
interface StatedPoint {
  readonly horizon: number;
  readonly point: number;
  readonly sd: number | null;
  readonly quantiles: { readonly levels: number[]; readonly values: number[] };
}

/**
 * Scores one horizon of a forecast against the value that came. The normal distribution of its standard deviation comes
 * first, then its quantiles with the ends of its intervals.
 * @param at index of the horizon
 * @param key identifies forecast and horizon
 * @returns null where the forecast has no point there
 */
export function scoreForecast(
  stated: StatedNumbers,
  at: number,
  value: number,
  { walk, key }: { readonly walk: WalkStart | null; readonly key: string },
): OutcomeScores | null {
  const one = statedAt(stated, at);
  if (one === null) return null;
  const { sd, quantiles, point } = one;
  const baseline =
    walk === null ? null : randomWalkForecast(walk.baselineValue, walk.volatility, one.horizon);
  if (sd !== null)
    return {
      lossKind: 'crps_norm',
      loss: crpsNorm(value, point, sd),
      baselineLoss: baseline && crpsNorm(value, baseline.mean, baseline.sd),
      pit: pitNorm(value, point, sd),
      covered: coverageBits(stated, at, value, one),
    };
  if (quantiles.levels.length > 1) {
    const { levels } = quantiles;
    const walked = baseline && levels.map((level) => baseline.mean + normalQuantile(level) * baseline.sd);
    return {
      lossKind: 'crps_quantile',
      loss: crpsQuantile(value, quantiles),
      baselineLoss: walked && crpsQuantile(value, { levels, values: walked }),
      pit: pitQuantile(value, quantiles, keyedUniform(PIT_SEED, key)),
      covered: coverageBits(stated, at, value, one),
    };
  }
  return {
    lossKind: 'absolute_error',
    loss: Math.abs(value - point),
    baselineLoss: baseline && crpsNorm(value, baseline.mean, baseline.sd),
    pit: null,
    covered: null,
  };
}

/** @returns null where the forecast has no point there */
export function statedAt(stated: StatedNumbers, at: number): StatedPoint | null {
  const point = stated.points[at] ?? null;
  const horizon = stated.horizons[at];
  if (point === null || horizon === undefined) return null;
  const sd = stated.deviations[at] ?? null;
  return { horizon, point, sd: sd !== null && sd > 0 ? sd : null, quantiles: quantilesAt(stated, at) };
}

/** Quantiles and the ends of intervals by level; those that cross are no distribution, and none are used then. */
function quantilesAt({ quantiles, intervals }: StatedNumbers, at: number) {
  const byLevel = new Map<number, number>();
  for (const { level, lower, upper } of intervals) {
    const [low, high] = [lower[at] ?? null, upper[at] ?? null];
    if (low === null || high === null || !(level > 0 && level < 1)) continue;
    byLevel.set(rounded((1 - level) / 2), low);
    byLevel.set(rounded((1 + level) / 2), high);
  }
  for (const [level, values] of Object.entries(quantiles)) {
    const value = values[at] ?? null;
    if (value !== null && Number(level) > 0 && Number(level) < 1) byLevel.set(rounded(Number(level)), value);
  }
  const sorted = [...byLevel].toSorted(([a], [b]) => a - b);
  const values = sorted.map(([, value]) => value);
  const crosses = values.some((value, index) => index > 0 && value < (values[index - 1] ?? value));
  return crosses ? { levels: [], values: [] } : { levels: sorted.map(([level]) => level), values };
}

const rounded = (level: number): number => Math.round(level * 1e9) / 1e9;

/** A central interval with its level. */
export interface CentralInterval {
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

/** The intervals that a horizon states, and those between its quantiles; none where they cross. */
export function centralIntervals(stated: StatedNumbers, at: number): readonly CentralInterval[] {
  const { levels, values } = quantilesAt(stated, at);
  return levels.flatMap((low, place) => {
    const upper = values[levels.indexOf(rounded(1 - low))];
    return low < 0.5 && upper !== undefined
      ? [{ level: rounded(1 - 2 * low), lower: values[place] ?? NaN, upper }]
      : [];
  });
}

/**
 * What a horizon says of a level: the interval that was stated, else that between two stated quantiles, else that of the normal
 * distribution; null where there is none of them.
 */
export function statedInterval(
  stated: StatedNumbers,
  at: number,
  level: number,
): Omit<CentralInterval, 'level'> | null {
  const one = statedAt(stated, at);
  return one === null ? null : intervalAt(stated, at, level, one);
}

function intervalAt(
  stated: StatedNumbers,
  at: number,
  level: number,
  { point, sd, quantiles }: StatedPoint,
): Omit<CentralInterval, 'level'> | null {
  const own = stated.intervals.find((one) => rounded(one.level) === level);
  const ends = [(1 - level) / 2, (1 + level) / 2].map((end) => quantiles.levels.indexOf(rounded(end)));
  const [low, high] = ends.map((place) => quantiles.values[place]);
  const [lower, upper] = [own?.lower[at] ?? low, own?.upper[at] ?? high];
  if (lower !== undefined && upper !== undefined) return { lower, upper };
  if (sd === null) return null;
  const half = sd * normalQuantile((1 + level) / 2);
  return { lower: point - half, upper: point + half };
}

const coverageBits = (stated: StatedNumbers, at: number, value: number, one: StatedPoint): number | null =>
  coverageBitsOf(
    value,
    COVERAGE_LEVELS.map((level) => intervalAt(stated, at, level, one)),
  );

/** Which of the intervals at `COVERAGE_LEVELS` hold the value, as {@link coverageOf} reads it; null where there are none. */
export function coverageBitsOf(
  value: number,
  intervals: readonly (Omit<CentralInterval, 'level'> | null)[],
): number | null {
  let bits = 0;
  for (const [bit, interval] of intervals.entries()) {
    if (interval === null) continue;
    bits |= 1 << (bit + COVERAGE_LEVELS.length);
    if (intervalCoverage(value, interval)) bits |= 1 << bit;
  }
  return bits === 0 ? null : bits;
}

/** Of each level whether the value was in its interval; null for one that was not stated. */
export const coverageOf = (bits: number | null): readonly (boolean | null)[] =>
  COVERAGE_LEVELS.map((_, bit) => {
    const isStated = ((bits ?? 0) >> (bit + COVERAGE_LEVELS.length)) & 1;
    return isStated === 0 ? null : (((bits ?? 0) >> bit) & 1) === 1;
  });
