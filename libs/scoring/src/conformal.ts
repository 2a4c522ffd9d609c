import { COVERAGE_LEVELS } from './calibration.js';
import { checkFinite, checkList, unscorable } from './check.js';
import { centralIntervals, type StatedNumbers } from './score-forecast.js';
import { normalQuantile } from './distributions.js';

/** What errors are measured in: the stated deviation, the stated interval nearest to 90 %, or the volatility known at issue. */
export const SPREAD_KINDS = ['deviation', 'interval', 'volatility'] as const;
export type SpreadKind = (typeof SPREAD_KINDS)[number];

/** The unit of errors below and above a point, in the unit of the value, both above 0. */
export interface Spread {
  readonly kind: SpreadKind;
  readonly below: number;
  readonly above: number;
}

/** Level of the interval that is taken as the spread where no deviation is stated. */
const SPREAD_LEVEL = 0.9;

/**
 * The spread of one horizon of a forecast. Where none is stated it is that of the random walk: volatility × √horizon.
 * @param volatility of a bar, known at issue; null when it is not known
 * @returns null where the forecast has no point, or nothing tells a spread
 */
export function spreadOf(stated: StatedNumbers, at: number, volatility: number | null): Spread | null {
  const [point, horizon] = [stated.points[at] ?? null, stated.horizons[at]];
  if (point === null || horizon === undefined) return null;
  const sd = stated.deviations[at] ?? null;
  if (sd !== null && sd > 0) return { kind: 'deviation', below: sd, above: sd };
  const [nearest] = centralIntervals(stated, at)
    .filter(({ lower, upper }) => lower < point && point < upper)
    .toSorted((a, b) => Math.abs(a.level - SPREAD_LEVEL) - Math.abs(b.level - SPREAD_LEVEL));
  if (nearest !== undefined) {
    const z = normalQuantile((1 + nearest.level) / 2);
    return { kind: 'interval', below: (point - nearest.lower) / z, above: (nearest.upper - point) / z };
  }
  if (volatility === null || !(volatility > 0)) return null;
  const walk = volatility * Math.sqrt(horizon);
  return { kind: 'volatility', below: walk, above: walk };
}

/**
 * How many spreads the value lies from the point: the smallest stretch of the spread that holds it.
 * Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), Distribution-free predictive inference for regression, JASA 113,
 * 1094–1111, section 5.2 (locally weighted scores).
 */
export function conformityScore(value: number, point: number, { below, above }: Spread): number {
  checkFinite('value', value);
  checkFinite('point', point);
  return value < point ? (point - value) / below : (value - point) / above;
}

/**
 * The ⌈(n + 1)(1 − α)⌉-th smallest of n scores: a new score that is exchangeable with them is at most that with probability
 * 1 − α or more. Vovk, Gammerman and Shafer (2005), Algorithmic learning in a random world, section 4.1.
 * Where that rank is beyond n (the set of the paper is everything), it is the largest score; where it is 0 or less, 0.
 */
export function conformalQuantile(scores: ArrayLike<number>, alpha: number): number {
  checkList('scores', scores);
  checkFinite('alpha', alpha);
  return ranked(Float64Array.from(scores).sort(), alpha);
}

/** Of a product such as 20 × 0.95, whose last bit must not make the next rank. */
const ROUNDING = 1e-9;

function ranked(sorted: Float64Array, alpha: number): number {
  const rank = Math.ceil((sorted.length + 1) * (1 - alpha) - ROUNDING);
  return rank <= 0 ? 0 : (sorted[Math.min(rank, sorted.length) - 1] ?? NaN);
}

/** Stretches of the spread at each of `COVERAGE_LEVELS`, never narrower at a higher level. */
function nested(sorted: Float64Array, alphas: readonly number[]): number[] {
  let widest = 0;
  return alphas.map((alpha) => (widest = Math.max(widest, ranked(sorted, alpha))));
}

/**
 * Split conformal: stretches of the spread at each of `COVERAGE_LEVELS` from scores that were held out. Source as for {@link conformalQuantile}.
 */
export function splitConformal(scores: ArrayLike<number>): readonly number[] {
  checkList('scores', scores);
  const alphas = COVERAGE_LEVELS.map((level) => 1 - level);
  return nested(Float64Array.from(scores).sort(), alphas);
}

/** What adaptive intervals remember. */
export interface AdaptiveState {
  /** α_t at each of `COVERAGE_LEVELS`, from 0 to 1. */
  readonly alphas: readonly number[];
  /** Outcomes so far. */
  readonly outcomes: number;
  /** The latest conformity scores, oldest first. */
  readonly scores: readonly number[];
}

export interface AdaptiveOptions {
  /** γ, the step: 0.005 in the paper. 0 keeps α as it is. */
  readonly gamma: number;
  /** Scores that are remembered. */
  readonly window: number;
}

/** Before the first outcome. */
export const ADAPTIVE_START: AdaptiveState = {
  alphas: COVERAGE_LEVELS.map((level) => 1 - level),
  outcomes: 0,
  scores: [],
};

/** Stretches of the spread at each of `COVERAGE_LEVELS`; empty before the first outcome. */
export const adaptiveStretches = ({ scores, alphas }: AdaptiveState): readonly number[] =>
  scores.length === 0 ? [] : nested(Float64Array.from(scores).sort(), alphas);

/**
 * Adaptive conformal inference: α_{t+1} = α_t + γ(α − err_t), where err_t is 1 when the interval of time t missed.
 * Gibbs and Candès (2021), Adaptive conformal inference under distribution shift, NeurIPS 34, 1660–1672, equation (2).
 *
 * Unlike there, α stays from 0 to 1, and at 0 the interval reaches as far as the largest score that is remembered: an infinite one
 * helps nobody, and each miss there is a new largest score.
 * @param score of the outcome, see {@link conformityScore}
 * @param held of each level whether the interval that was issued held the value; null takes those that this state gives
 */
export function adaptiveStep(
  state: AdaptiveState,
  score: number,
  held: readonly boolean[] | null,
  { gamma, window }: AdaptiveOptions,
): AdaptiveState {
  checkFinite('score', score);
  if (!(gamma >= 0 && gamma < 1)) throw unscorable(`gamma must be at least 0 and below 1, not ${gamma}`);
  if (!Number.isInteger(window) || window < 1)
    throw unscorable(`window must be a whole number of at least 1, not ${window}`);
  const stretches = held === null ? adaptiveStretches(state) : [];
  const alphas = COVERAGE_LEVELS.map((level, at) => {
    const alpha = state.alphas[at] ?? 1 - level;
    const isHeld = held === null ? stretches[at] !== undefined && score <= stretches[at] : held[at] === true;
    // The first outcome has nothing that it could miss.
    if (held === null && state.scores.length === 0) return alpha;
    return Math.min(1, Math.max(0, alpha + gamma * (1 - level - (isHeld ? 0 : 1))));
  });
  return { alphas, outcomes: state.outcomes + 1, scores: [...state.scores, score].slice(-window) };
}

/** Ends of an interval: the spread stretched about the point. */
export function stretchedInterval(
  point: number,
  { below, above }: Spread,
  stretch: number,
): { readonly lower: number; readonly upper: number } {
  checkFinite('point', point);
  if (!(stretch >= 0 && Number.isFinite(stretch)))
    throw unscorable(`stretch must be at least 0 and finite, not ${stretch}`);
  return { lower: point - stretch * below, upper: point + stretch * above };
}
