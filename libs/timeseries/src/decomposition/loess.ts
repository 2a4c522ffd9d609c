/** Where a local regression is asked for, and the neighbours that it looks at. */
interface Spot {
  readonly left: number;
  /** Distance of the first neighbour from the place that is asked about, in values; the others follow. */
  readonly offset: number;
  /** Tricube weights of the neighbours. */
  readonly weights: Float64Array;
  /** The regression as one weighted sum, for values of equal weight. */
  readonly kernel: Float64Array;
}

/**
 * Local regression lines with tricube weights (W. S. Cleveland, Robust Locally Weighted Regression and Smoothing
 * Scatterplots, 1979) over a fixed number of values, value i at place i. What does not depend on the values is worked out
 * once.
 */
export class Loess {
  readonly #spots: readonly Spot[];
  readonly #before: Spot;
  readonly #after: Spot;

  /** @param span values in each neighbourhood; beyond `count` the neighbourhood is wider than the data */
  constructor(
    private readonly count: number,
    private readonly span: number,
  ) {
    const half = Math.floor((span + 1) / 2);
    const least = Math.min(span, count);
    this.#spots = Array.from({ length: count }, (_, place) => {
      const left = span >= count ? 0 : Math.min(Math.max(0, place + 1 - half), count - span);
      return this.#spot(place, left, left + least - 1);
    });
    this.#before = this.#spot(-1, 0, least - 1);
    this.#after = this.#spot(count, count - least, count - 1);
  }

  /**
   * The regression at every place; a value whose neighbours have no weight stays.
   * @param robustness weights of the values; null for equal ones
   */
  smooth(values: Float64Array, robustness: Float64Array | null): Float64Array {
    const result = new Float64Array(this.count);
    for (let place = 0; place < this.count; place += 1) {
      result[place] = this.#valueAt(this.#spots[place], values, robustness, values[place] ?? NaN);
    }
    return result;
  }

  /** The lines continued to the places before the first and behind the last value; `ends` where those have no weight. */
  beyond(
    values: Float64Array,
    robustness: Float64Array | null,
    ends: readonly [number, number],
  ): readonly [number, number] {
    return [
      this.#valueAt(this.#before, values, robustness, ends[0]),
      this.#valueAt(this.#after, values, robustness, ends[1]),
    ];
  }

  #valueAt(
    spot: Spot | undefined,
    values: Float64Array,
    robustness: Float64Array | null,
    otherwise: number,
  ): number {
    if (spot === undefined) return NaN;
    const { left, kernel } = spot;
    if (robustness !== null) return this.#weighted(spot, values, robustness, otherwise);
    let sum = 0;
    for (let at = 0; at < kernel.length; at += 1) sum += (kernel[at] ?? NaN) * (values[left + at] ?? NaN);
    return sum;
  }

  #weighted(
    { left, offset, weights }: Spot,
    values: Float64Array,
    robustness: Float64Array,
    otherwise: number,
  ): number {
    let [total, first, second, level, tilt] = [0, 0, 0, 0, 0];
    for (let at = 0; at < weights.length; at += 1) {
      const weight = (weights[at] ?? NaN) * (robustness[left + at] ?? NaN);
      const distance = offset + at;
      const value = weight * (values[left + at] ?? NaN);
      total += weight;
      first += weight * distance;
      second += weight * distance * distance;
      level += value;
      tilt += value * distance;
    }
    if (total <= 0) return otherwise;
    const centre = first / total;
    const spread = second / total - centre * centre;
    const mean = level / total;
    return this.#hasSlope(spread) ? mean - (centre / spread) * (tilt / total - centre * mean) : mean;
  }

  /** Neighbours that lie together leave the slope open; the mean is taken there, as in the program of STL's authors. */
  #hasSlope(spread: number): boolean {
    return spread > 0 && Math.sqrt(spread) > 0.001 * (this.count - 1);
  }

  #spot(place: number, left: number, right: number): Spot {
    const wider = this.span > this.count ? Math.floor((this.span - this.count) / 2) : 0;
    const reach = Math.max(place - left, right - place) + wider;
    const offset = left - place;
    const weights = Float64Array.from({ length: right - left + 1 }, (_, at) =>
      tricube(Math.abs(offset + at), reach),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const centre = weights.reduce((sum, weight, at) => sum + weight * (offset + at), 0) / total;
    const spread = weights.reduce((sum, weight, at) => sum + weight * (offset + at - centre) ** 2, 0) / total;
    const slope = this.#hasSlope(spread) ? -centre / spread : 0;
    const kernel = weights.map((weight, at) => (weight / total) * (1 + slope * (offset + at - centre)));
    return { left, offset, weights, kernel };
  }
}

function tricube(distance: number, reach: number): number {
  if (distance <= 0.001 * reach) return 1;
  return distance <= 0.999 * reach ? (1 - (distance / reach) ** 3) ** 3 : 0;
}
