import type { CancelTimer, Clock } from '#libs/kernel';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Lets everything that is ready to run do so: promise chains, and one turn of the event loop for I/O. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  readonly #startMs: number;
  readonly #timers = new Set<Timer>();
  #nowMs: number;

  /** @param startMs epoch ms; default 2026-01-05T00:00:00Z, a Monday. */
  constructor(startMs = Date.UTC(2026, 0, 5)) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  /** Timers that have not run yet; a leak shows here. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = { due: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /**
   * Moves time on. Timers run in order of their due time (equal ones in the order they were set), each at its own
   * moment, timers set by timers included; after each, waiting promises get their turn.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    await turn();
    for (let timer = this.#next(target); timer !== null; timer = this.#next(target)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.due);
      timer.callback();
      await turn();
    }
    this.#nowMs = target;
  }

  /** Moves time on without running a timer, as for a process that was suspended. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  #next(target: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.due <= target && (next === null || timer.due < next.due)) next = timer;
    }
    return next;
  }
}
