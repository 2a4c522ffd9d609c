/** An answer that took longer says that there is more work than can be done: clients give up not much later. */
const LATE_MS = 2_000;
/** So many are always worked on: a few slow questions are no overload. */
const FLOOR = 32;
/** Of what can be answered in time, what is let in: the rest is for what costs more than the last ones. */
const SHARE = 0.7;
/** So long after the last refusal, the overload that the limit comes from is over. */
const CALM_MS = 10_000;
/** How finely the answers of the last {@link LATE_MS} are told apart. */
const STEPS = 8;
const STEP_MS = LATE_MS / STEPS;

/**
 * How many requests are worked on at a time: as many as are answered in time. A late answer shows how many that is: what was
 * answered while it waited. From there it grows by one in as many answers as it allows, as TCP's window does (RFC 5681). A
 * fixed number would be too much for a slow machine or too little for a quick one.
 */
export class WorkLimit {
  #limit: number;
  #inWork = 0;
  #cutAt = -Infinity;
  #refusedAt = -Infinity;
  readonly #answered = Array.from({ length: STEPS }, () => 0);
  #step = -Infinity;

  /** @param most is never exceeded */
  constructor(private readonly most: number) {
    this.#limit = most;
  }

  get inWork(): number {
    return this.#inWork;
  }

  /** Whether there is room for one more, which then has begun and must be {@link ended}. @param now ms on the monotonic clock */
  begun(now: number): boolean {
    if (this.#inWork >= this.#limit) {
      const isOver = now - Math.max(this.#cutAt, this.#refusedAt) > CALM_MS;
      this.#refusedAt = now;
      if (!isOver || this.#inWork >= this.most) return false;
      this.#limit = this.most;
    }
    this.#inWork += 1;
    return true;
  }

  /** @param tookMs since it began @param now ms on the monotonic clock */
  ended(tookMs: number, now: number): void {
    const inWork = this.#inWork;
    this.#inWork -= 1;
    this.#count(now);
    if (tookMs <= LATE_MS) {
      this.#limit = Math.min(this.most, this.#limit + 1 / this.#limit);
      return;
    }
    // it was slow by itself, or began beside one that was late already, of the same crowd
    if (inWork <= FLOOR || now - this.#cutAt < LATE_MS) return;
    this.#cutAt = now;
    const inTime = this.#answered.reduce((sum, one) => sum + one, 0);
    this.#limit = Math.min(this.#limit, Math.max(FLOOR, SHARE * inTime));
  }

  #count(now: number): void {
    const step = Math.floor(now / STEP_MS);
    if (step - this.#step >= STEPS) this.#answered.fill(0);
    else for (let passed = this.#step + 1; passed <= step; passed += 1) this.#answered[passed % STEPS] = 0;
    this.#step = step;
    this.#answered[step % STEPS] = (this.#answered[step % STEPS] ?? 0) + 1;
  }
}
