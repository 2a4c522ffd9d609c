/**
 * Exponential moving average with α = 2/(period + 1), started with the simple mean of the first `period` values. A missing
 * value (NaN) is passed over: the average stays as it was.
 */
export class ExponentialAverage {
  readonly #alpha: number;
  #count = 0;
  #average = 0;

  constructor(private readonly period: number) {
    this.#alpha = 2 / (period + 1);
  }

  /** Takes the next value. @returns the average; NaN before `period` values */
  next(value: number): number {
    if (value === value) {
      if (this.#count >= this.period) this.#average += this.#alpha * (value - this.#average);
      else {
        this.#count += 1;
        this.#average += value;
        if (this.#count === this.period) this.#average /= this.period;
      }
    }
    return this.#count === this.period ? this.#average : NaN;
  }
}

/**
 * Wilder's average as an exponentially weighted mean with α = 1/period whose weights (1-α)^j are normalised by their sum
 * (pandas `ewm(alpha, adjust=True)`), so that early values are means and not biased to the first. A missing value (NaN)
 * is passed over: the average stays as it was.
 */
export class WilderAverage {
  readonly #decay: number;
  #count = 0;
  #weight = 0;
  #average = 0;

  constructor(private readonly period: number) {
    this.#decay = 1 - 1 / period;
  }

  /** Takes the next value. @returns the average; NaN before `period` values */
  next(value: number): number {
    if (value === value) {
      this.#count += 1;
      this.#weight = this.#weight * this.#decay + 1;
      this.#average += (value - this.#average) / this.#weight;
    }
    return this.#count >= this.period ? this.#average : NaN;
  }
}
