import { ApiError, BacktestFailedError, PredictionFailedError, WaitTimeoutError } from './errors.js';
import { eventsIn, linesOf } from './events.js';
import type { components } from './schema.js';
import { type Asked, isWorthAnother, pause, send, type TransportOptions, Written } from './transport.js';

type Schemas = components['schemas'];
type Prediction = Schemas['PredictionOut'];
type Forecast = Schemas['ForecastOut'];
type StatusEvent = Schemas['PredictionEventOut'] & { readonly eventId: string };
/** A body as the service takes it: what has a default may be left out. */
type Question = Partial<Schemas['CreatePrediction']> & { readonly symbol: string };

type Backtest = Schemas['BacktestOut'];
type BacktestQuestion = Partial<Schemas['CreateBacktest']> & { readonly symbol: string };

/** A service and one credential or none. */
export interface ClientOptions {
  /** For example `http://localhost:8000`. */
  readonly url: string;
  readonly apiKey?: string;
  /** A login token; a key wins. */
  readonly token?: string;
  /** Of each request, the first one included. Default 5. */
  readonly tries?: number;
  /** Of one try. Default 30 s. */
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** What may be said of any call. */
export interface RequestOptions {
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

/** What may be said of a back-test. */
export interface BacktestOptions extends RequestOptions {
  /** Default 10 minutes. */
  readonly waitMs?: number;
  /** Told how many forecasts are made, of how many; 0 before that is known. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Milliseconds that one request waits in the service. */
const LONGEST_HOLD_MS = 20_000;
const DEFAULT_WAIT_MS = 120_000;
const BACKTEST_WAIT_MS = 600_000;
const BACKTEST_LOOK_MS = 1_000;
const MAX_BROKEN_STREAMS = 8;

/** Forecasts, entry and exit answers, orders: one method each; `request` reaches the rest. */
export class PredictionProvider {
  readonly #transport: TransportOptions;

  constructor({ url, apiKey, token, tries = 5, timeoutMs = 30_000, fetch: given = fetch }: ClientOptions) {
    const credential = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const headers = apiKey === undefined ? credential : { 'X-API-KEY': apiKey };
    const written = new Written();
    this.#transport = { url, headers, tries, timeoutMs, fetch: (...request) => given(...request), written };
  }

  /** Any route. A POST that breaks off is tried again only with a key, or when it may run twice. */
  async request<T>(method: string, path: string, more: Omit<Asked, 'method' | 'path'> = {}): Promise<T> {
    const response = await send(this.#transport, { method, path, ...more });
    return (response.status === 204 ? null : await response.json()) as T;
  }

  /** Every item of a list, page after page. Of a list inside of an object, the only list in it. */
  async *pages<T>(
    path: string,
    query: Readonly<Record<string, unknown>> = {},
    limit = 100,
  ): AsyncGenerator<T> {
    for (let offset = 0; ; offset += limit) {
      const answered = await this.request<object>('GET', path, { query: { ...query, limit, offset } });
      const items = (Array.isArray(answered) ? answered : listIn(answered)) as T[];
      yield* items;
      if (items.length < limit) return;
    }
  }

  /** Asks for a prediction. `waitMs`: how long the answer may wait for the result. */
  submit(
    question: Question,
    { waitMs = 0, ...more }: RequestOptions & { waitMs?: number } = {},
  ): Promise<Prediction> {
    const seconds = Math.floor(waitMs / 1000);
    return this.#create('/api/v1/predictions', question, {
      ...more,
      ...(seconds >= 1 && {
        headers: { Prefer: `wait=${seconds}` },
        timeoutMs: this.#transport.timeoutMs + waitMs,
      }),
    });
  }

  prediction(id: number): Promise<Prediction> {
    return this.request('GET', `/api/v1/predictions/${id}`);
  }

  /**
   * Asks, waits and returns the numbers.
   * @throws PredictionFailedError with the service's reason, WaitTimeoutError after `waitMs`
   */
  async forecast(
    question: Question,
    { waitMs = DEFAULT_WAIT_MS, ...more }: RequestOptions & { waitMs?: number } = {},
  ): Promise<Forecast> {
    const deadline = Date.now() + waitMs;
    const submitted = await this.submit(question, { ...more, waitMs: Math.min(waitMs, LONGEST_HOLD_MS) });
    const ended = hasEnded(submitted.status)
      ? submitted
      : await this.waitFor(submitted.id, { ...more, waitMs: Math.max(1, deadline - Date.now()) });
    const { output, error, error_code: code } = ended.result;
    if (output === undefined)
      throw new PredictionFailedError(ended.id, code ?? ended.status, error ?? 'it has no numbers');
    return output;
  }

  /** The prediction when it has ended: completed, failed or abstained. @throws WaitTimeoutError */
  async waitFor(
    id: number,
    { waitMs = DEFAULT_WAIT_MS, signal }: { waitMs?: number; signal?: AbortSignal } = {},
  ): Promise<Prediction> {
    const limit = AbortSignal.timeout(waitMs);
    const both = AbortSignal.any([limit, ...(signal === undefined ? [] : [signal])]);
    try {
      for await (const event of this.stream(id, { signal: both }))
        if (hasEnded(event.status)) return await this.prediction(id);
    } catch (error) {
      if (!limit.aborted) throw error;
    }
    throw new WaitTimeoutError(`prediction ${id} has not ended within ${waitMs} ms`);
  }

  /** Changes of a prediction's status until the final one; goes on after the last event when the connection breaks. */
  async *stream(
    id: number,
    { after, signal }: { after?: string; signal?: AbortSignal } = {},
  ): AsyncGenerator<StatusEvent> {
    let seen = after;
    for (let broken = 0; ; broken += 1) {
      try {
        for await (const event of this.#listen(id, seen, signal)) {
          [seen, broken] = [event.eventId, 0];
          yield event;
          if (hasEnded(event.status) || event.status === 'deleted') return;
        }
      } catch (error) {
        signal?.throwIfAborted();
        const isFinal = error instanceof ApiError && !isWorthAnother(error, true);
        if (isFinal || broken >= MAX_BROKEN_STREAMS) throw error;
      }
      await pause(broken + 1, 0, signal);
    }
  }

  async *#listen(id: number, after: string | undefined, signal?: AbortSignal): AsyncGenerator<StatusEvent> {
    const response = await send(this.#transport, {
      method: 'GET',
      path: `/api/v1/predictions/${id}/events`,
      headers: { Accept: 'text/event-stream', ...(after !== undefined && { 'Last-Event-ID': after }) },
      timeoutMs: Infinity,
      signal,
    });
    if (response.body === null) return;
    for await (const message of eventsIn(response.body))
      yield { ...(JSON.parse(message.data) as Schemas['PredictionEventOut']), eventId: message.id };
  }

  /** Whether to open a position. The service must run with `core_plugin=sync_core`. */
  entry(
    question: Partial<Schemas['EntryRequest']> & { datetime: string },
  ): Promise<Schemas['EntryResponse']> {
    return this.#ask('/api/v1/predict/entry', question);
  }

  /** Whether to keep a position. */
  exit(question: Schemas['ExitRequest']): Promise<Schemas['ExitResponse']> {
    return this.#ask('/api/v1/predict/exit', question);
  }

  /**
   * Walks a model through history in the service and returns its scores, beside a random walk's.
   * @throws BacktestFailedError with the service's reason, WaitTimeoutError after `waitMs`
   */
  async backtest(question: BacktestQuestion, options: BacktestOptions = {}): Promise<Backtest> {
    const { waitMs = BACKTEST_WAIT_MS, onProgress, ...more } = options;
    const deadline = Date.now() + waitMs;
    let seen = await this.#create<Backtest>('/api/v1/backtests', question, more);
    for (let looks = 1; !hasEnded(seen.status); looks += 1) {
      if (Date.now() >= deadline)
        throw new WaitTimeoutError(`back-test ${seen.id} has not ended within ${waitMs} ms`);
      await pause(0, Math.min(BACKTEST_LOOK_MS, 50 * looks), more.signal);
      seen = await this.request('GET', `/api/v1/backtests/${seen.id}`, { signal: more.signal });
      onProgress?.(seen.done, seen.total);
    }
    if (seen.error !== null) throw new BacktestFailedError(seen.id, seen.error.code, seen.error.message);
    return seen;
  }

  /** Every forecast of a back-test, oldest first, with what came and its scores; read line by line. */
  async *backtestForecasts(
    id: string,
    { signal }: Pick<RequestOptions, 'signal'> = {},
  ): AsyncGenerator<object> {
    const { body } = await send(this.#transport, {
      method: 'GET',
      path: `/api/v1/backtests/${id}/forecasts`,
      headers: { Accept: 'application/x-ndjson' },
      timeoutMs: Infinity,
      signal,
    });
    if (body === null) return;
    for await (const line of linesOf(body)) if (line !== '') yield JSON.parse(line) as object;
  }

  /** The price of an order, with the same body as `order`. */
  quote(order: Partial<Schemas['ClientRequest']>): Promise<Schemas['QuoteOut']> {
    return this.#ask('/api/v1/client/quote', order);
  }

  /** Submits an order; its price is held from the credits. */
  order(
    order: Partial<Schemas['ClientRequest']>,
    options: RequestOptions = {},
  ): Promise<Schemas['RequestAccepted']> {
    return this.#create('/api/v1/client/predict', order, options);
  }

  orders(filters: Readonly<Record<string, unknown>> = {}): AsyncGenerator<Schemas['RequestSummary']> {
    return this.pages('/api/v1/client/predictions', filters);
  }

  #ask<T>(path: string, body: object): Promise<T> {
    return this.request('POST', path, { body, isRepeatable: true });
  }

  /** With a key of its own, so that a repeat makes nothing twice. */
  #create<T>(
    path: string,
    body: object,
    { idempotencyKey = crypto.randomUUID(), headers, ...more }: RequestOptions & Partial<Asked>,
  ): Promise<T> {
    return this.request('POST', path, {
      ...more,
      body,
      headers: { ...headers, 'Idempotency-Key': idempotencyKey },
    });
  }
}

const hasEnded = (status: string): boolean => ['completed', 'failed', 'abstained'].includes(status);

function listIn(answered: object): unknown[] {
  const lists = Object.entries(answered).filter(
    ([name, value]) => Array.isArray(value) && name !== 'warnings',
  );
  if (lists.length !== 1) throw new TypeError(`this answer is no list: ${Object.keys(answered).join(', ')}`);
  return lists[0]?.[1] as unknown[];
}
