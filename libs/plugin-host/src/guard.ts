import { AppError, type Clock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import { answerTo, logPluginFailure } from './plugin-errors.js';

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

/** Limits of one call into a plugin. */
export interface CallLimits {
  /** Ends the call early; its reason is passed on when it is an `AppError`. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call is given up. Default: the configured `prediction_timeout`. */
  readonly timeoutMs?: number;
}

export interface GuardOptions {
  readonly pluginId: string;
  readonly clock: Clock;
  readonly logger: PluginLogger;
  readonly timeoutMs: () => number;
}

type Callback<T> = (signal: AbortSignal) => T | Promise<T>;

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** Wraps the calls into one plugin: counts and times them, limits them, and lets only answerable errors out. */
export class Guard {
  constructor(
    private readonly options: GuardOptions,
    readonly meter: CallMeter,
  ) {}

  get pluginId(): string {
    return this.options.pluginId;
  }

  /**
   * An operation that usually answers at once. When it does there is no promise, no timer and no signal; when it gives a
   * promise, the call gets the usual time limit.
   * @throws AppError
   */
  direct<A, T>(operation: string, work: (argument: A) => T | Promise<T>, argument: A): T | Promise<T> {
    const { meter, options } = this;
    const startedAt = meter.sampled ? options.clock.monotonic() : -1;
    meter.begin();
    let answer: T | Promise<T>;
    try {
      answer = work(argument);
    } catch (error) {
      throw this.#failed(operation, error);
    }
    if (isPromise(answer)) return this.#awaited(operation, answer, options.clock.monotonic(), {});
    meter.end();
    if (startedAt >= 0) meter.measured(options.clock.monotonic() - startedAt);
    return answer;
  }

  /**
   * A small operation without a promise, such as a status. It is not counted unless it fails.
   * @throws AppError
   */
  instant<T>(operation: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.meter.begin();
      throw this.#failed(operation, error);
    }
  }

  /**
   * An operation that takes its time.
   * @throws AppError `unavailable` with code `plugin_timeout` or `cancelled`, or the answer to the plugin's own error
   */
  async limited<T>(operation: string, limits: CallLimits, work: Callback<T>): Promise<T> {
    const startedAt = this.options.clock.monotonic();
    this.meter.begin();
    if (limits.signal?.aborted) {
      throw this.#failed(operation, cancelled(this.options.pluginId, limits.signal.reason));
    }
    const controller = new AbortController();
    const answer = (async () => work(controller.signal))();
    return this.#awaited(operation, answer, startedAt, limits, controller);
  }

  /**
   * As {@link limited}, with the usual limit, for an operation that takes no signal: most of what a call costs is its making.
   * @throws AppError
   */
  async brief<T>(operation: string, work: () => T | Promise<T>): Promise<T> {
    const startedAt = this.options.clock.monotonic();
    this.meter.begin();
    return this.#awaited(operation, (async () => work())(), startedAt, {});
  }

  async #awaited<T>(
    operation: string,
    answer: Promise<T>,
    startedAt: number,
    limits: CallLimits,
    controller: AbortController | null = null,
  ): Promise<T> {
    const { clock, pluginId } = this.options;
    const timeoutMs = limits.timeoutMs ?? this.options.timeoutMs();
    const outer = limits.signal;
    let cancelTimer: () => void = () => undefined;
    let onAbort: () => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      const giveUp = (error: AppError) => {
        controller?.abort(error);
        reject(error);
      };
      cancelTimer = clock.after(timeoutMs, () => giveUp(timedOut(pluginId, timeoutMs)));
      onAbort = () => giveUp(cancelled(pluginId, outer?.reason));
      outer?.addEventListener('abort', onAbort, { once: true });
    });
    try {
      const value = await Promise.race([ended, answer]);
      this.meter.end();
      this.meter.measured(clock.monotonic() - startedAt);
      return value;
    } catch (error) {
      throw this.#failed(operation, error);
    } finally {
      cancelTimer();
      outer?.removeEventListener('abort', onAbort);
    }
  }

  #failed(operation: string, error: unknown): AppError {
    const answer = answerTo(this.options.pluginId, error);
    logPluginFailure(this.options.logger, operation, answer, error);
    this.meter.end();
    this.meter.failed(answer.code, this.options.clock.now());
    return answer;
  }
}

function timedOut(pluginId: string, timeoutMs: number): AppError {
  return new AppError('unavailable', `Plugin ${pluginId} did not answer within ${timeoutMs / 1000} s`, {
    code: 'plugin_timeout',
  });
}

function cancelled(pluginId: string, reason: unknown): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError('unavailable', `The call of plugin ${pluginId} was cancelled`, {
    code: 'cancelled',
    cause: reason,
  });
}
