import { checkFinite, checkList, checkPair, meanOf, unscorable } from './check.js';

/** Mean absolute error of pairs, in the unit of y. */
export function mae(y: ArrayLike<number>, yHat: ArrayLike<number>): number {
  checkPair(['y', 'yHat'], y, yHat);
  return meanOf(Array.from(y, (value, at) => Math.abs(value - (yHat[at] ?? NaN))));
}

/** Root mean squared error of pairs, in the unit of y. */
export function rmse(y: ArrayLike<number>, yHat: ArrayLike<number>): number {
  checkPair(['y', 'yHat'], y, yHat);
  return Math.sqrt(meanOf(Array.from(y, (value, at) => (value - (yHat[at] ?? NaN)) ** 2)));
}

/**
 * Mean absolute error of the naive forecast that repeats the value of `seasonality` bars before: the scale of
 * {@link mase}. 1 is the random walk's one-step error.
 */
export function naiveMae(history: ArrayLike<number>, seasonality = 1): number {
  if (!Number.isInteger(seasonality) || seasonality < 1)
    throw unscorable(`seasonality must be a whole number of at least 1, not ${seasonality}`);
  checkList('history', history, seasonality + 1);
  return meanOf(
    Array.from({ length: history.length - seasonality }, (_, at) =>
      Math.abs((history[at + seasonality] ?? NaN) - (history[at] ?? NaN)),
    ),
  );
}

/**
 * Mean absolute scaled error: {@link mae} over the mean of `scales`, the {@link naiveMae} of each forecast's own history
 * as it was known at issue. Below 1: better than the one-step naive forecast was in sample.
 * Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecast. 22, 679–688.
 * @param scales > 0, one for each pair, or one number for all
 */
export function mase(
  y: ArrayLike<number>,
  yHat: ArrayLike<number>,
  scales: ArrayLike<number> | number,
): number {
  checkPair(['y', 'yHat'], y, yHat);
  const list = typeof scales === 'number' ? Array.from(y, () => scales) : scales;
  checkPair(['y', 'scales'], y, list);
  const scaled = Array.from(y, (value, at) => {
    const scale = list[at] ?? NaN;
    if (scale <= 0) throw unscorable(`scales[${at}] must be above 0, not ${scale}`);
    return Math.abs(value - (yHat[at] ?? NaN)) / scale;
  });
  return meanOf(scaled);
}

export interface DirectionalAccuracy {
  /** Share of the pairs with a direction that were foretold, 0 to 1; null when no pair has one. */
  readonly accuracy: number | null;
  readonly correct: number;
  /** Pairs in which both the value and the forecast differ from the last known value. */
  readonly counted: number;
}

/**
 * How often the sign of the change from the last known value was foretold. Pairs in which either does not move are left
 * out: they have no direction.
 * Pesaran and Timmermann (1992), A simple nonparametric test of predictive performance, J. Bus. Econ. Stat. 10, 461–465.
 */
export function directionalAccuracy(
  y: ArrayLike<number>,
  yHat: ArrayLike<number>,
  last: ArrayLike<number>,
): DirectionalAccuracy {
  checkPair(['y', 'yHat'], y, yHat);
  checkPair(['y', 'last'], y, last);
  let correct = 0;
  let counted = 0;
  for (let at = 0; at < y.length; at += 1) {
    const from = last[at] ?? NaN;
    const moved = Math.sign((y[at] ?? NaN) - from);
    const foretold = Math.sign((yHat[at] ?? NaN) - from);
    if (moved === 0 || foretold === 0) continue;
    counted += 1;
    if (moved === foretold) correct += 1;
  }
  return { accuracy: counted === 0 ? null : correct / counted, correct, counted };
}

/**
 * 1 − loss / baseline loss: 1 is perfect, 0 as good as the baseline, below 0 worse.
 * Murphy (1988), Skill scores based on the mean square error, Mon. Weather Rev. 116, 2417–2424.
 * @param baselineLoss > 0
 */
export function skillScore(loss: number, baselineLoss: number): number {
  checkFinite('loss', loss);
  checkFinite('baselineLoss', baselineLoss);
  if (baselineLoss <= 0) throw unscorable(`baselineLoss must be above 0, not ${baselineLoss}`);
  return 1 - loss / baselineLoss;
}
