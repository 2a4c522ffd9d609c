import { checkPair, meanOf, unscorable } from './check.js';
import { studentTwoSided } from './distributions.js';

export interface DieboldMarianoOptions {
  /** Steps ahead of the forecasts, at least 1. Default 1. Their errors overlap by horizon − 1 bars. */
  readonly horizon?: number;
  /** Autocovariances in the variance. Default: horizon − 1. */
  readonly lags?: number;
  /**
   * Weights of the autocovariances: `bartlett` (default: 1 − lag/(lags + 1), never a negative variance) or `acf` (all 1, as
   * in the first paper; falls back to `bartlett` where it gives no positive variance).
   */
  readonly varianceEstimator?: 'bartlett' | 'acf';
}

export interface DieboldMariano {
  /** Below 0 when the first has the smaller losses. */
  readonly statistic: number;
  /** Two-sided, by Student's distribution with n − 1 degrees of freedom. */
  readonly pValue: number;
  /** Mean of first − second. */
  readonly meanDifference: number;
  readonly count: number;
  readonly varianceEstimator: 'bartlett' | 'acf';
}

/**
 * Do two models differ in their losses on the same targets? With a variance that allows for autocorrelation (HAC) and
 * the correction for small samples.
 * Diebold and Mariano (1995), Comparing predictive accuracy, J. Bus. Econ. Stat. 13, 253–263; Harvey, Leybourne and
 * Newbold (1997), Int. J. Forecast. 13, 281–291; weights: Newey and West (1987), Econometrica 55, 703–708.
 * @param first losses of the first model, in the order of their targets
 * @param second losses of the second one on the same targets
 */
export function dieboldMariano(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  { horizon = 1, lags = horizon - 1, varianceEstimator = 'bartlett' }: DieboldMarianoOptions = {},
): DieboldMariano {
  checkPair(['first', 'second'], first, second);
  const count = first.length;
  if (!Number.isInteger(horizon) || horizon < 1 || horizon >= count)
    throw unscorable(`horizon must be a whole number from 1 to ${count - 1}, not ${horizon}`);
  if (!Number.isInteger(lags) || lags < 0 || lags >= count)
    throw unscorable(`lags must be a whole number from 0 to ${count - 1}, not ${lags}`);
  const differences = Float64Array.from(first, (loss, at) => loss - (second[at] ?? NaN));
  const meanDifference = meanOf(differences);
  let used = varianceEstimator;
  let variance = longRunVariance(differences, meanDifference, lags, used);
  if (variance <= 0 && used === 'acf') {
    used = 'bartlett';
    variance = longRunVariance(differences, meanDifference, lags, used);
  }
  if (variance <= 0) {
    // the same difference everywhere: nothing to doubt, unless there is none
    const statistic = meanDifference === 0 ? 0 : Math.sign(meanDifference) * Infinity;
    return {
      statistic,
      pValue: meanDifference === 0 ? 1 : 0,
      meanDifference,
      count,
      varianceEstimator: used,
    };
  }
  const corrected = (count + 1 - 2 * horizon + (horizon * (horizon - 1)) / count) / count;
  if (corrected <= 0)
    throw unscorable(`${count} targets are too few for a horizon of ${horizon}: at least ${2 * horizon}`);
  const statistic = (meanDifference / Math.sqrt(variance / count)) * Math.sqrt(corrected);
  return {
    statistic,
    pValue: studentTwoSided(statistic, count - 1),
    meanDifference,
    count,
    varianceEstimator: used,
  };
}

function longRunVariance(
  values: Float64Array,
  mean: number,
  lags: number,
  weights: 'bartlett' | 'acf',
): number {
  let sum = autocovariance(values, mean, 0);
  for (let lag = 1; lag <= lags; lag += 1) {
    const weight = weights === 'acf' ? 1 : 1 - lag / (lags + 1);
    sum += 2 * weight * autocovariance(values, mean, lag);
  }
  return sum;
}

function autocovariance(values: Float64Array, mean: number, lag: number): number {
  let sum = 0;
  for (let at = lag; at < values.length; at += 1)
    sum += ((values[at] ?? NaN) - mean) * ((values[at - lag] ?? NaN) - mean);
  return sum / values.length;
}
