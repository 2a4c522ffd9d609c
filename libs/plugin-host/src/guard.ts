import { AppError, type Clock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import type { CallMeter } from './call-meter.js';
import { answerTo, logPluginFailure } from './plugin-errors.js';

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

  async #awaited<T>(
    operation: string,
    answer: Promise<T>,
    startedAt: number,
    limits: CallLimits,
    controller = new AbortController(),
  ): Promise<T> {
    const { clock, pluginId } = this.options;
    const timeoutMs = limits.timeoutMs ?? this.options.timeoutMs();
    const outer = limits.signal;
    let cancelTimer: () => void = () => undefined;
    let onAbort: () => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      const giveUp = (error: AppError) => {
        controller.abort(error);
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
