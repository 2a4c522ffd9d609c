import { ApiError, type Problem } from './errors.js';

/** How one service is asked. */
export interface TransportOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of each request, the first one included. */
  readonly tries: number;
  /** Of one try; events have none. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
  readonly written: Written;
}

const POSITION = 'X-Database-Position';

/** How far the caller has written, as answers to writes tell: what is read with it is no older, whichever process answers. */
export class Written {
  #position: string | null = null;

  get headers(): Readonly<Record<string, string>> {
    return this.#position === null ? {} : { [POSITION]: this.#position };
  }

  heard(headers: Headers): void {
    const position = headers.get(POSITION);
    if (position === null) return;
    if (this.#position === null || placeOf(position) >= placeOf(this.#position)) this.#position = position;
  }
}

/** A place in PostgreSQL's log, as `16/B374D848`; what cannot be read is before all others. */
function placeOf(position: string): bigint {
  const [, segment, offset] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(position) ?? [];
  if (segment === undefined || offset === undefined) return -1n;
  return (BigInt(`0x${segment}`) << 32n) | BigInt(`0x${offset}`);
}

/** One request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether it may run twice; a POST otherwise needs an Idempotency-Key to be tried again. */
  readonly isRepeatable?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const LONGEST_PAUSE_MS = 30_000;

/**
 * Sends a request until it is answered: again after 429, 502, 503, 504, a 409 for a key that is still in work, and when
 * the connection breaks. Pauses double from 200 ms, with jitter, and are never shorter than `Retry-After`.
 * @throws ApiError
 */
export async function send(options: TransportOptions, asked: Asked): Promise<Response> {
  const isSafe =
    asked.method !== 'POST' ||
    asked.isRepeatable === true ||
    asked.headers?.['Idempotency-Key'] !== undefined;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await once(options, asked);
    if (!(outcome instanceof ApiError)) return outcome;
    asked.signal?.throwIfAborted();
    if (attempt >= options.tries || !isWorthAnother(outcome, isSafe)) throw outcome;
    await pause(attempt, outcome.retryAfterMs, asked.signal);
  }
}

export function isWorthAnother({ status, code }: ApiError, isSafe: boolean): boolean {
  if (status === 409) return code === 'idempotency-in-progress';
  // 429 is refused before anything happens; the others may have had an effect.
  return status === 429 || (isSafe && (status === 0 || AGAIN.has(status)));
}

async function once(options: TransportOptions, asked: Asked): Promise<Response | ApiError> {
  const { method, path, query, body, headers, signal, timeoutMs = options.timeoutMs } = asked;
  const timeout = Number.isFinite(timeoutMs) ? [AbortSignal.timeout(timeoutMs)] : [];
  try {
    const response = await options.fetch(addressOf(options.url, path, query), {
      method,
      headers: {
        Accept: 'application/json',
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...options.written.headers,
        ...options.headers,
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([...timeout, ...(signal === undefined ? [] : [signal])]),
    });
    options.written.heard(response.headers);
    return response.ok ? response : await failureOf(response);
  } catch (error) {
    return new ApiError(0, { type: 'connection', detail: `${method} ${path}: ${String(error)}` }, undefined, {
      cause: error,
    });
  }
}

function addressOf(url: string, path: string, query: Readonly<Record<string, unknown>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const question = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${url.replace(/\/+$/, '')}${path}${question === '' ? '' : `?${question}`}`;
}

async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  let problem: Problem = { detail: text.slice(0, 500) };
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) problem = parsed;
  } catch {
    // Not from the service but from a proxy before it: its text is shown.
  }
  return new ApiError(response.status, problem, millisOf(response.headers.get('retry-after')));
}

/** Seconds or a date (RFC 9110). */
function millisOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Waits before the next try; ends with the signal's reason when that comes first. */
export function pause(attempt: number, retryAfterMs = 0, signal?: AbortSignal): Promise<void> {
  const jitter = Math.random() * Math.min(LONGEST_PAUSE_MS, 200 * 2 ** attempt);
  const waitMs =
    Math.min(LONGEST_PAUSE_MS, retryAfterMs) + (retryAfterMs > 0 ? Math.min(jitter, 1000) : jitter);
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, waitMs);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
