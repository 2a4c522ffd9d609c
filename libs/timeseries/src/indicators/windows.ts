/**
 * Windows over the last `period` values at a cost that does not depend on `period`: the window is the end of one block and
 * the beginning of the next, each folded once (van Herk 1992; Gil and Werman 1993). Every answer is made of the values
 * themselves, so unlike in a running sum no error builds up, and a missing value (NaN) is forgotten once it has left the
 * window. One class for each fold: a common one with the fold as a parameter takes twice the time.
 */
export class WindowSum {
  readonly #block: Float64Array;
  /** Element i: the sum of the block before from its element i on. */
  readonly #ends: Float64Array;
  #beginning = 0;
  #at = 0;
  #isFull = false;

  constructor(private readonly period: number) {
    this.#block = new Float64Array(period);
    this.#ends = new Float64Array(period + 1);
  }

  /** Takes the next value. @returns the sum of the last `period` values; NaN before there are so many */
  next(value: number): number {
    if (this.#at === this.period) this.#turn();
    this.#block[this.#at] = value;
    this.#at += 1;
    this.#beginning += value;
    if (this.#at === this.period) this.#isFull = true;
    return this.#isFull ? (this.#ends[this.#at] ?? NaN) + this.#beginning : NaN;
  }

  #turn(): void {
    let sum = 0;
    for (let at = this.period - 1; at > 0; at -= 1) {
      sum += this.#block[at] ?? NaN;
      this.#ends[at] = sum;
    }
    this.#beginning = 0;
    this.#at = 0;
  }
}

const greater = (left: number, right: number): number => (right > left || Number.isNaN(right) ? right : left);

/** As {@link WindowSum}: the greatest of the last `period` values. The least is that of the negative values, negative. */
export class WindowMax {
  readonly #block: Float64Array;
  readonly #ends: Float64Array;
  #beginning = -Infinity;
  #at = 0;
  #isFull = false;

  constructor(private readonly period: number) {
    this.#block = new Float64Array(period);
    this.#ends = new Float64Array(period + 1).fill(-Infinity);
  }

  /** Takes the next value. @returns the greatest of the last `period` values; NaN before there are so many, or when one is */
  next(value: number): number {
    if (this.#at === this.period) this.#turn();
    this.#block[this.#at] = value;
    this.#at += 1;
    this.#beginning = greater(this.#beginning, value);
    if (this.#at === this.period) this.#isFull = true;
    return this.#isFull ? greater(this.#ends[this.#at] ?? NaN, this.#beginning) : NaN;
  }

  #turn(): void {
    let best = -Infinity;
    for (let at = this.period - 1; at > 0; at -= 1) {
      best = greater(best, this.#block[at] ?? NaN);
      this.#ends[at] = best;
    }
    this.#beginning = -Infinity;
    this.#at = 0;
  }
}

/** Mean and squared deviations of the last `period` values, as in {@link WindowSum} (Chan, Golub and LeVeque, 1979). */
export class WindowMoments {
  readonly #block: Float64Array;
  readonly #endMeans: Float64Array;
  readonly #endSquares: Float64Array;
  #at = 0;
  #isFull = false;
  #mean = 0;
  #squares = 0;
  /** Mean of the window; NaN before it is full. */
  mean = NaN;
  /** Sum of the squared deviations from the mean; NaN before the window is full. */
  squares = NaN;

  constructor(private readonly period: number) {
    this.#block = new Float64Array(period);
    this.#endMeans = new Float64Array(period + 1);
    this.#endSquares = new Float64Array(period + 1);
  }

  next(value: number): void {
    const { period } = this;
    if (this.#at === period) this.#turn();
    this.#block[this.#at] = value;
    this.#at += 1;
    const distance = value - this.#mean;
    this.#mean += distance / this.#at;
    this.#squares += distance * (value - this.#mean);
    if (this.#at === period) this.#isFull = true;
    if (!this.#isFull) return;
    const others = period - this.#at;
    const apart = this.#mean - (this.#endMeans[this.#at] ?? NaN);
    if (others === 0) {
      this.mean = this.#mean;
      this.squares = this.#squares;
      return;
    }
    this.mean = (this.#endMeans[this.#at] ?? NaN) + (apart * this.#at) / period;
    this.squares =
      (this.#endSquares[this.#at] ?? NaN) + this.#squares + (apart * apart * others * this.#at) / period;
  }

  /** Standard deviation with the divisor `period - freedom`: 0 for that of a population, 1 for that of a sample. */
  deviation(freedom: 0 | 1): number {
    return Math.sqrt(this.squares / (this.period - freedom));
  }

  #turn(): void {
    let mean = 0;
    let squares = 0;
    for (let at = this.period - 1; at > 0; at -= 1) {
      const value = this.#block[at] ?? NaN;
      const distance = value - mean;
      mean += distance / (this.period - at);
      squares += distance * (value - mean);
      this.#endMeans[at] = mean;
      this.#endSquares[at] = squares;
    }
    this.#mean = 0;
    this.#squares = 0;
    this.#at = 0;
  }
}

/** The value of `lag` calls ago. */
export class Past {
  readonly #ring: Float64Array;
  #at = 0;

  constructor(lag: number) {
    this.#ring = new Float64Array(lag).fill(NaN);
  }

  /** Takes the next value. @returns the one that came `lag` calls before it; NaN where there was none */
  next(value: number): number {
    const past = this.#ring[this.#at] ?? NaN;
    this.#ring[this.#at] = value;
    this.#at = this.#at + 1 === this.#ring.length ? 0 : this.#at + 1;
    return past;
  }
}
