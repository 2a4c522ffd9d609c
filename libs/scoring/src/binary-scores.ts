import { checkPair, meanOf, unscorable } from './check.js';

/**
 * Mean Brier score of probabilities: (p − o)², 0 to 1; smaller is better.
 * Brier (1950), Verification of forecasts expressed in terms of probability, Mon. Weather Rev. 78, 1–3 (half of his sum over both classes).
 * @param observed 0 or 1
 */
export function brierScore(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkBinary(observed, predicted);
  return meanOf(Array.from(observed, (outcome, at) => (outcome - (predicted[at] ?? NaN)) ** 2));
}

/**
 * Mean logarithmic score: −ln of the probability that was given to what happened; Infinity when that was 0.
 * Good (1952), Rational decisions, J. R. Stat. Soc. B 14, 107–114.
 */
export function logsBinary(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkBinary(observed, predicted);
  return meanOf(Array.from(observed, (outcome, at) => divergence(outcome, predicted[at] ?? NaN)));
}

/** Parts of a mean score: `score = reliability − resolution + uncertainty`, of forecasts that were put into groups. */
export interface ScoreDecomposition {
  /** Of the forecasts with each group's mean in their place; equal to the plain mean score when groups hold one value each. */
  readonly score: number;
  /** How far forecasts lie from what then happened; 0 is perfectly calibrated. */
  readonly reliability: number;
  /** How far what happened differs between the groups; larger is better. */
  readonly resolution: number;
  /** Of the event itself: the score of its own frequency. */
  readonly uncertainty: number;
  readonly groups: readonly CalibrationGroup[];
}

/** Forecasts of about the same probability. A point of the calibration curve. */
export interface CalibrationGroup {
  /** Mean of the probabilities. */
  readonly predicted: number;
  /** Relative frequency of the event. */
  readonly observed: number;
  readonly count: number;
}

/**
 * The Brier score's reliability, resolution and uncertainty.
 * Murphy (1973), A new vector partition of the probability score, J. Appl. Meteorol. 12, 595–600.
 * @param bins groups of equal width from 0 to 1; null makes one of each distinct probability, and the parts add up to {@link brierScore}
 */
export function brierDecomposition(
  observed: ArrayLike<number>,
  predicted: ArrayLike<number>,
  bins: number | null = 10,
): ScoreDecomposition {
  return decompose(observed, predicted, bins, (outcome, forecast) => (outcome - forecast) ** 2, {
    uncertainty: (rate) => rate * (1 - rate),
  });
}

/**
 * The same of the logarithmic score, by Kullback–Leibler divergences.
 * Weijs, van Nooijen and van de Giesen (2010), Kullback–Leibler divergence as a forecast skill score with classic
 * reliability–resolution–uncertainty decomposition, Mon. Weather Rev. 138, 3387–3399.
 * @param bins as in {@link brierDecomposition}; null makes the parts add up to {@link logsBinary}
 */
export function logsDecomposition(
  observed: ArrayLike<number>,
  predicted: ArrayLike<number>,
  bins: number | null = 10,
): ScoreDecomposition {
  return decompose(observed, predicted, bins, divergence, { uncertainty: entropy });
}

function decompose(
  observed: ArrayLike<number>,
  predicted: ArrayLike<number>,
  bins: number | null,
  distance: (observedRate: number, forecast: number) => number,
  { uncertainty }: { uncertainty: (rate: number) => number },
): ScoreDecomposition {
  checkBinary(observed, predicted);
  const groups = groupsOf(observed, predicted, bins);
  const rate = meanOf(observed);
  const weighted = (of: (group: CalibrationGroup) => number): number =>
    groups.reduce((sum, group) => sum + group.count * of(group), 0) / observed.length;
  const reliability = weighted((group) => distance(group.observed, group.predicted));
  const resolution = weighted((group) => distance(group.observed, rate));
  const own = uncertainty(rate);
  return { score: reliability - resolution + own, reliability, resolution, uncertainty: own, groups };
}

function groupsOf(
  observed: ArrayLike<number>,
  predicted: ArrayLike<number>,
  bins: number | null,
): CalibrationGroup[] {
  if (bins !== null && (!Number.isInteger(bins) || bins < 1))
    throw unscorable(`bins must be a whole number of at least 1, or null, not ${bins}`);
  const sums = new Map<number, { predicted: number; observed: number; count: number }>();
  for (let at = 0; at < observed.length; at += 1) {
    const probability = predicted[at] ?? NaN;
    const key = bins === null ? probability : Math.min(Math.floor(probability * bins), bins - 1);
    const sum = sums.get(key) ?? { predicted: 0, observed: 0, count: 0 };
    sums.set(key, {
      predicted: sum.predicted + probability,
      observed: sum.observed + (observed[at] ?? NaN),
      count: sum.count + 1,
    });
  }
  return [...sums]
    .toSorted(([a], [b]) => a - b)
    .map(([key, { predicted: foretold, observed: happened, count }]) => ({
      // a mean of equal numbers may differ from them in the last bit
      predicted: bins === null ? key : foretold / count,
      observed: happened / count,
      count,
    }));
}

/** Σ o ln(o/p) over both classes, 0 ln 0 = 0: the log score where o is 0 or 1. */
function divergence(rate: number, forecast: number): number {
  return term(rate, forecast) + term(1 - rate, 1 - forecast);
}

const term = (rate: number, forecast: number): number => (rate === 0 ? 0 : rate * Math.log(rate / forecast));

const entropy = (rate: number): number =>
  -(rate === 0 ? 0 : rate * Math.log(rate)) - (rate === 1 ? 0 : (1 - rate) * Math.log1p(-rate));

function checkBinary(observed: ArrayLike<number>, predicted: ArrayLike<number>): void {
  checkPair(['observed', 'predicted'], observed, predicted);
  for (let at = 0; at < observed.length; at += 1) {
    const [outcome = NaN, probability = NaN] = [observed[at], predicted[at]];
    if (outcome !== 0 && outcome !== 1) throw unscorable(`observed[${at}] must be 0 or 1, not ${outcome}`);
    if (probability < 0 || probability > 1)
      throw unscorable(`predicted[${at}] must lie from 0 to 1, not ${probability}`);
  }
}
