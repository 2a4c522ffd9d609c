import type { Clock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';

export interface ScheduledPredictionsOptions {
  readonly clock: Clock;
  readonly logger: PluginLogger;
  /** Milliseconds between two starts; read before each wait, so that a changed setting takes effect. */
  readonly intervalMs: () => number;
  /**
   * Submits one ordinary prediction of the configured instrument and resolves when it has ended, however it ended;
   * ends early when the signal aborts.
   */
  readonly submit: (signal: AbortSignal) => Promise<void>;
}

/** What the schedule did since it was started. */
export interface ScheduleFigures {
  readonly running: boolean;
  readonly runs: number;
  readonly failures: number;
  /** Turns that were left out because the run before them had not ended. */
  readonly skipped: number;
}

/**
 * The scheduled loop: one prediction each interval, the first one interval after the start, never two at a time. A run
 * that fails is logged and the next one comes in its turn; a run that takes longer than the interval makes the turns
 * meanwhile be left out, not queue up.
 */
export class ScheduledPredictions {
  #stopTimer: (() => void) | null = null;
  #abort: AbortController | null = null;
  #run: Promise<void> | null = null;
  #runs = 0;
  #failures = 0;
  #skipped = 0;

  constructor(private readonly options: ScheduledPredictionsOptions) {}

  get figures(): ScheduleFigures {
    return {
      running: this.#run !== null,
      runs: this.#runs,
      failures: this.#failures,
      skipped: this.#skipped,
    };
  }

  /** Begins; does nothing when it already has. */
  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#plan();
  }

  /** Ends the loop and a run that is under way; resolves when that has ended. */
  async stop(): Promise<void> {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#abort?.abort();
    this.#abort = null;
    await this.#run;
  }

  #plan(): void {
    this.#stopTimer = this.options.clock.after(this.options.intervalMs(), () => this.#turn());
  }

  #turn(): void {
    const signal = this.#abort?.signal;
    if (!signal) return;
    this.#plan();
    if (this.#run) {
      this.#skipped += 1;
      this.options.logger.warn('a scheduled prediction was left out: the one before it is still running');
      return;
    }
    this.#run = this.#submit(signal).finally(() => {
      this.#run = null;
    });
  }

  async #submit(signal: AbortSignal): Promise<void> {
    this.#runs += 1;
    try {
      await this.options.submit(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failures += 1;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.options.logger.error(`a scheduled prediction failed: ${text}`);
    }
  }
}
