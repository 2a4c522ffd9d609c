/**
 * What went wrong, in the product's words. `kind` decides the HTTP status, `code` is stable and machine-readable,
 * `detail` is for people and must never carry a path, a stack, SQL or a secret.
 */
export type ErrorKind =
  | 'bad_request' // 400
  | 'unauthorized' // 401
  | 'payment_required' // 402
  | 'forbidden' // 403
  | 'not_found' // 404
  | 'method_not_allowed' // 405
  | 'deadline_passed' // 408
  | 'conflict' // 409
  | 'gone' // 410
  | 'too_large' // 413
  | 'unsupported_media' // 415
  | 'invalid' // 422
  | 'too_many' // 429
  | 'internal' // 500
  | 'unsupported' // 501
  | 'unavailable'; // 503

/** One violated rule of an input, in the shape the original's clients parse (`loc` starts with body, query or path). */
export interface Violation {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input?: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

export interface AppErrorOptions {
  /** Stable code, snake_case, for example `lease_lost`. Default: the kind. */
  readonly code?: string;
  /** Extra response headers, for example `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for kind `invalid`: every violated rule. */
  readonly violations?: readonly Violation[];
  /** The original's text of the same refusal, where ours says more. */
  readonly original?: string;
  readonly cause?: unknown;
}

/** The only error class that may reach a client with its own text; everything else is answered as a plain 500. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** The original's text; the same as `detail` where there is no other. */
  readonly original: string;

  constructor(kind: ErrorKind, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.kind = kind;
    this.code = options.code ?? kind;
    this.headers = options.headers ?? {};
    this.violations = options.violations ?? [];
    this.original = options.original ?? detail;
  }

  get detail(): string {
    return this.message;
  }
}

/**
 * 503: something that the whole process stands on (its database) is away, full or locked. Whoever watches over that says
 * so once in the log, when it begins and when it is over; so the log leaves out whatever fails of it meanwhile.
 */
export class OutageError extends AppError {
  constructor(detail: string, options: AppErrorOptions) {
    super('unavailable', detail, options);
    this.name = 'OutageError';
  }
}

/** A 422 for one or more violated rules, all reported together. */
export function invalid(...violations: Violation[]): AppError {
  return new AppError('invalid', violations.map((one) => one.msg).join('; '), { violations });
}

/** A violated rule about a value; an `input` that is left out is not shown. */
export const valueFault = (loc: Violation['loc'], msg: string, input?: unknown): Violation => ({
  type: 'value_error',
  loc,
  msg: `Value error, ${msg}`,
  ...(input !== undefined && { input }),
  ctx: { error: {} },
});

/** A 422 for a single field of the body. */
export function invalidField(field: string, msg: string, input?: unknown, type = 'value_error'): AppError {
  return invalid({ ...valueFault(['body', field], msg, input), type });
}

/** Narrows away null and undefined where an invariant says neither can occur; names the invariant when it breaks. */
export function assertPresent<T>(value: T | null | undefined, invariant: string): T {
  if (value === null || value === undefined) throw new Error(`invariant broken: ${invariant}`);
  return value;
}

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
