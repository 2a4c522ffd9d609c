/** Base of everything that the client throws. */
export class PredictionProviderError extends Error {
  override readonly name: string = 'PredictionProviderError';
}

/** RFC 9457; `detail` is the list of violations of a 422. */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string | readonly { readonly loc: readonly (string | number)[]; readonly msg: string }[];
  readonly instance?: string;
  readonly request_id?: string;
}

/** An answer with an error status; `status` is 0 when there was none after all tries. */
export class ApiError extends PredictionProviderError {
  override readonly name = 'ApiError';
  /** The last part of the problem's type, for example `not-found`. */
  readonly code: string;

  constructor(
    readonly status: number,
    readonly problem: Problem,
    /** What the service asks to wait, in milliseconds. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(`${status} ${textOf(problem)} (request ${problem.request_id ?? 'without an id'})`, options);
    this.code = problem.type?.split(':').at(-1) ?? 'unknown';
  }
}

/** The service could not compute a prediction. `code` is stable and for programs. */
export class PredictionFailedError extends PredictionProviderError {
  override readonly name = 'PredictionFailedError';

  constructor(
    readonly predictionId: number,
    readonly code: string,
    reason: string,
  ) {
    super(`prediction ${predictionId} failed (${code}): ${reason}`);
  }
}

/** The service could not finish a back-test, for example because the model looks ahead (`looks_ahead`). */
export class BacktestFailedError extends PredictionProviderError {
  override readonly name = 'BacktestFailedError';

  constructor(
    readonly backtestId: string,
    readonly code: string,
    reason: string,
  ) {
    super(`back-test ${backtestId} failed (${code}): ${reason}`);
  }
}

/** A prediction or a back-test had not ended when the time to wait was over; it goes on in the service. */
export class WaitTimeoutError extends PredictionProviderError {
  override readonly name = 'WaitTimeoutError';
}

function textOf({ detail, title }: Problem): string {
  if (typeof detail === 'string') return detail;
  return detail?.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ') ?? title ?? '';
}
