import { Loess } from './loess.js';

/** Lengths in values; `seasonal` and `trend` odd. */
export interface StlOptions {
  readonly period: number;
  readonly seasonal: number;
  readonly trend: number;
  /** Whether outliers get less weight, in 15 further rounds. */
  readonly robust: boolean;
}

export interface StlParts {
  readonly trend: Float64Array;
  readonly seasonal: Float64Array;
}

/**
 * Seasonal-trend decomposition by loess (R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning, STL: A
 * Seasonal-Trend Decomposition Procedure Based on Loess, Journal of Official Statistics 6, 1990) of windows of one length:
 * local lines throughout, with the rounds that statsmodels takes (5, or 2 in each of 16 when robust). All values count for
 * each part, so a window that must not look ahead ends where it is asked about.
 */
export class Stl {
  readonly #low: Loess;
  readonly #trend: Loess;
  /** One for each place of the cycle. */
  readonly #seasonal: readonly Loess[];
  /** Weights of the window's values in the last trend and the last season, where those are weighted sums: not robust. */
  readonly #last: readonly [trend: Float64Array, seasonal: Float64Array] | null;

  /** @param length values of a window, at least two periods */
  constructor(
    private readonly length: number,
    private readonly options: StlOptions,
  ) {
    const { period, seasonal, trend, robust } = options;
    this.#low = new Loess(length, period % 2 === 0 ? period + 1 : period + 2);
    this.#trend = new Loess(length, trend);
    this.#seasonal = Array.from(
      { length: period },
      (_, start) => new Loess(Math.floor((length - start - 1) / period) + 1, seasonal),
    );
    this.#last = robust ? null : this.#lastWeights();
  }

  parts(values: Float64Array): StlParts {
    const [inner, outer] = this.options.robust ? [2, 15] : [5, 0];
    let robustness: Float64Array | null = null;
    let parts: StlParts = { trend: new Float64Array(this.length), seasonal: new Float64Array(this.length) };
    for (let round = 0; round <= outer; round += 1) {
      for (let step = 0; step < inner; step += 1) parts = this.#refined(values, parts.trend, robustness);
      if (round < outer) robustness = robustnessOf(values, parts);
    }
    return parts;
  }

  /** The last trend and the last season of a window. */
  last(values: Float64Array): readonly [trend: number, seasonal: number] {
    if (this.#last !== null) return [dot(this.#last[0], values), dot(this.#last[1], values)];
    const { trend, seasonal } = this.parts(values);
    return [trend.at(-1) ?? NaN, seasonal.at(-1) ?? NaN];
  }

  /** Without robustness every part is a sum of the values with weights that do not depend on them. */
  #lastWeights(): readonly [Float64Array, Float64Array] {
    const weights = [new Float64Array(this.length), new Float64Array(this.length)] as const;
    for (let at = 0; at < this.length; at += 1) {
      const unit = new Float64Array(this.length);
      unit[at] = 1;
      const { trend, seasonal } = this.parts(unit);
      weights[0][at] = trend.at(-1) ?? NaN;
      weights[1][at] = seasonal.at(-1) ?? NaN;
    }
    return weights;
  }

  #refined(values: Float64Array, trend: Float64Array, robustness: Float64Array | null): StlParts {
    const { period } = this.options;
    const cycles = this.#cycles(minus(values, trend), robustness);
    const filtered = movingMean(movingMean(movingMean(cycles, period), period), 3);
    const seasonal = minus(cycles.subarray(period, period + this.length), this.#low.smooth(filtered, null));
    return { seasonal, trend: this.#trend.smooth(minus(values, seasonal), robustness) };
  }

  /** Each place of the cycle smoothed by itself, and continued by one cycle at both ends. */
  #cycles(values: Float64Array, robustness: Float64Array | null): Float64Array {
    const { period } = this.options;
    const result = new Float64Array(values.length + 2 * period);
    for (const [start, loess] of this.#seasonal.entries()) {
      const own = every(values, start, period);
      const weights = robustness && every(robustness, start, period);
      const smooth = loess.smooth(own, weights);
      const ends = loess.beyond(own, weights, [smooth[0] ?? NaN, smooth.at(-1) ?? NaN]);
      result[start] = ends[0];
      for (let at = 0; at < smooth.length; at += 1) result[start + (at + 1) * period] = smooth[at] ?? NaN;
      result[start + (smooth.length + 1) * period] = ends[1];
    }
    return result;
  }
}

function every(values: Float64Array, start: number, period: number): Float64Array {
  const result = new Float64Array(Math.floor((values.length - start - 1) / period) + 1);
  for (let at = 0; at < result.length; at += 1) result[at] = values[start + at * period] ?? NaN;
  return result;
}

function minus(left: Float64Array, right: Float64Array): Float64Array {
  const result = new Float64Array(left.length);
  for (let at = 0; at < left.length; at += 1) result[at] = (left[at] ?? NaN) - (right[at] ?? NaN);
  return result;
}

function dot(weights: Float64Array, values: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at += 1) sum += (weights[at] ?? NaN) * (values[at] ?? NaN);
  return sum;
}

function movingMean(values: Float64Array, span: number): Float64Array {
  let sum = 0;
  const result = new Float64Array(values.length - span + 1);
  for (let at = 0; at < values.length; at += 1) {
    sum += (values[at] ?? NaN) - (at < span ? 0 : (values[at - span] ?? NaN));
    if (at >= span - 1) result[at - span + 1] = sum / span;
  }
  return result;
}

/** Bisquare weights of the residuals, by six times their median. */
function robustnessOf(values: Float64Array, { trend, seasonal }: StlParts): Float64Array {
  const residuals = minus(minus(values, trend), seasonal).map(Math.abs);
  const sorted = residuals.toSorted();
  const middle = Math.floor(sorted.length / 2);
  const reach = 3 * ((sorted[middle] ?? NaN) + (sorted[sorted.length - middle - 1] ?? NaN));
  return residuals.map((residual) => {
    if (residual <= 0.001 * reach) return 1;
    return residual <= 0.999 * reach ? (1 - (residual / reach) ** 2) ** 2 : 0;
  });
}
