/** An answer that took longer says that there is more work than can be done: clients give up not much later. */
const LATE_MS = 2_000;
/** So many are always worked on: a few slow questions are no overload. */
const FLOOR = 32;
/** What a late answer leaves of the limit. */
const CUT = 0.7;

/**
 * How many requests are worked on at a time: as many as are answered in time, found by additive increase and multiplicative
 * decrease, as TCP finds its window (RFC 5681). A fixed number would be too much for a slow machine or too little for a
 * quick one.
 */
export class WorkLimit {
  #limit: number;
  #inWork = 0;
  #cutAt = -Infinity;

  /** @param most is never exceeded */
  constructor(private readonly most: number) {
    this.#limit = most;
  }

  get inWork(): number {
    return this.#inWork;
  }

  /** Whether there is room for one more, which then has begun and must be {@link ended}. */
  begun(): boolean {
    if (this.#inWork >= this.#limit) return false;
    this.#inWork += 1;
    return true;
  }

  /** @param tookMs since it began @param now ms on the monotonic clock */
  ended(tookMs: number, now: number): void {
    const inWork = this.#inWork;
    this.#inWork -= 1;
    if (tookMs <= LATE_MS) {
      this.#limit = Math.min(this.most, this.#limit + 1 / this.#limit);
      return;
    }
    // those that began beside it are late as well, of the same crowd
    if (now - this.#cutAt < LATE_MS) return;
    this.#cutAt = now;
    this.#limit = Math.max(Math.min(FLOOR, this.most), Math.min(this.#limit, inWork) * CUT);
  }
}
