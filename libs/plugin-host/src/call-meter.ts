/** What is known about the calls into one plugin since the start. */
export interface CallFigures {
  /** Calls that have ended. */
  readonly calls: number;
  /** Calls that are running now. */
  readonly running: number;
  /** Calls that ended for the caller's sake: `invalid_request`, `no_data`, `unsupported`, `cancelled`. */
  readonly refusals: number;
  /** Calls that went wrong: everything else, time limits included. */
  readonly failures: number;
  /** Code of the newest failure; null when there was none. */
  readonly last_error_code: string | null;
  /** Epoch ms of the newest failure. */
  readonly last_error_at: number | null;
  /** Milliseconds of the newest measured call; null before the first. */
  readonly last_duration_ms: number | null;
  /** Mean milliseconds of the measured calls. */
  readonly mean_duration_ms: number | null;
}

const REFUSALS = new Set(['invalid_request', 'no_data', 'unsupported', 'cancelled']);

/**
 * Of calls that answer at once only every 64th is timed: reading the clock twice costs about 80 ns, as much as the whole
 * wrapper, and a back-test makes 100,000 of them.
 */
const SAMPLE_MASK = 63;

/** Counts the calls into one plugin. Plain numbers, so that the hot path pays for an addition. */
export class CallMeter {
  calls = 0;
  #running = 0;
  #refusals = 0;
  #failures = 0;
  #lastErrorCode: string | null = null;
  #lastErrorAt: number | null = null;
  #measured = 0;
  #lastMs: number | null = null;
  #totalMs = 0;

  /** Whether the call that begins now should be timed, when it is of the kind that answers at once. */
  get sampled(): boolean {
    return (this.calls & SAMPLE_MASK) === 0;
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
    this.calls += 1;
  }

  measured(durationMs: number): void {
    this.#measured += 1;
    this.#lastMs = durationMs;
    this.#totalMs += durationMs;
  }

  failed(code: string, at: number): void {
    if (REFUSALS.has(code)) {
      this.#refusals += 1;
      return;
    }
    this.#failures += 1;
    this.#lastErrorCode = code;
    this.#lastErrorAt = at;
  }

  figures(): CallFigures {
    const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
    return {
      calls: this.calls,
      running: this.#running,
      refusals: this.#refusals,
      failures: this.#failures,
      last_error_code: this.#lastErrorCode,
      last_error_at: this.#lastErrorAt,
      last_duration_ms: this.#lastMs === null ? null : rounded(this.#lastMs),
      mean_duration_ms: this.#measured === 0 ? null : rounded(this.#totalMs / this.#measured),
    };
  }
}
