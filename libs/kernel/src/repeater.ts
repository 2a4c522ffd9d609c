import type { CancelTimer, Clock } from './clock.js';

export interface RepeaterOptions {
  readonly clock: Clock;
  /** Milliseconds from one turn to the next; a function is asked before each wait, so that a changed setting holds. */
  readonly everyMs: number | (() => number);
  /** Milliseconds from the start to the first turn; by default one interval. */
  readonly firstMs?: number;
  /** One turn; the signal aborts when the repeater is stopped. */
  readonly work: (signal: AbortSignal) => Promise<unknown>;
  /** Told what a turn threw; the next turn comes in its time. */
  readonly onError: (error: unknown) => void;
  /**
   * Told of a turn that is due while the one before is still at work, and is left out. Without it, all turns that came
   * due meanwhile become one more turn right after.
   */
  readonly onLate?: () => void;
}

/** Does one thing regularly and never twice at a time. */
export class Repeater {
  #cancel: CancelTimer = () => undefined;
  #turn: Promise<void> | null = null;
  #again = false;
  #abort: AbortController | null = null;

  constructor(private readonly options: RepeaterOptions) {}

  /** Does nothing when it has begun already. */
  start(): void {
    if (this.#abort !== null) return;
    this.#abort = new AbortController();
    this.#plan(this.#abort.signal, this.options.firstMs ?? this.#everyMs());
  }

  /** Takes a turn now, or one more right after the one under way. Does nothing before the start and after the stop. */
  now(): void {
    if (this.#abort === null) return;
    this.#again = true;
    this.#turn ??= this.#workOff(this.#abort.signal);
  }

  /** Resolves when the turn under way is over. */
  async stop(): Promise<void> {
    this.#cancel();
    this.#abort?.abort();
    this.#abort = null;
    await this.#turn;
  }

  #everyMs(): number {
    const { everyMs } = this.options;
    return typeof everyMs === 'number' ? everyMs : everyMs();
  }

  #plan(signal: AbortSignal, delayMs: number): void {
    this.#cancel = this.options.clock.after(delayMs, () => {
      this.#plan(signal, this.#everyMs());
      if (this.#turn !== null && this.options.onLate) return this.options.onLate();
      this.#again = true;
      this.#turn ??= this.#workOff(signal);
    });
  }

  async #workOff(signal: AbortSignal): Promise<void> {
    while (this.#again && !signal.aborted) {
      this.#again = false;
      try {
        await this.options.work(signal);
      } catch (error) {
        this.options.onError(error);
      }
    }
    this.#turn = null;
  }
}
