import { PROBLEM_TYPE_HEADER } from '#libs/http';
import { AppError, type ErrorKind, snakeCased } from '#libs/kernel';
import type { OfferedOrder } from './compute-answer.js';
import type { AgentQueue, AgentWork } from './evaluator-agent.js';

/** Milliseconds that one call to the service may take. */
const CALL_LIMIT_MS = 30_000;
/** Answers of a service that is busy, restarting, or behind a proxy that is. */
const BUSY: readonly number[] = [500, 502, 503, 504];
/** What the other answers are called by the queue inside of a service. */
const KINDS: Readonly<Record<number, ErrorKind>> = {
  403: 'forbidden',
  404: 'not_found',
  408: 'deadline_passed',
  409: 'conflict',
  410: 'gone',
  422: 'invalid',
  429: 'too_many',
};

type Json = Readonly<Record<string, unknown>>;

/** The queue of a service elsewhere, over its public API. Who the evaluator is, the service knows by the key. */
export class HttpOrderQueue implements AgentQueue, AgentWork {
  readonly #base: string;

  constructor(
    url: string,
    private readonly apiKey: string,
  ) {
    this.#base = `${url.replace(/\/+$/, '')}/api/v1/evaluator`;
  }

  readonly pending: AgentQueue['pending'] = async (_evaluator, _filter, { sort, order, limit }) => {
    const route = `GET pending?sort=${sort}&order=${order}&limit=${limit}`;
    const { pending_requests: orders } = await this.#call('list orders', route);
    if (!Array.isArray(orders)) throw refusal('list orders', '200');
    return { orders: (orders as Json[]).map(orderOf) };
  };

  readonly claim: AgentQueue['claim'] = async (_evaluator, { orderId }) => {
    const answer = await this.#call('claim an order', `POST claim/${orderId}`, {});
    const leaseEpoch = answer['lease_epoch'];
    const timeoutAt = new Date(String(answer['timeout_at']));
    if (typeof leaseEpoch !== 'number' || Number.isNaN(timeoutAt.getTime()))
      throw refusal('claim an order', '200');
    return { leaseEpoch, timeoutAt };
  };

  readonly heartbeat: AgentWork['heartbeat'] = (_evaluator, { orderId, leaseEpoch }, progress) =>
    this.#goOn(`PUT progress/${orderId}`, { leaseEpoch, ...progress });

  /** A repeat after a lost answer gets the first one's answer, whatever became of the claim meanwhile. */
  readonly submit: AgentWork['submit'] = (_evaluator, { orderId, leaseEpoch, result }) =>
    this.#goOn(`POST submit/${orderId}`, { leaseEpoch, ...result }, `${orderId}-${leaseEpoch}`);

  readonly release: AgentWork['release'] = (_evaluator, { orderId, ...why }) =>
    this.#goOn(`POST release/${orderId}`, why);

  #goOn(route: string, fields: object, idempotencyKey?: string): Promise<Json> {
    return this.#call('work on an order', route, wireOf(fields), idempotencyKey);
  }

  /**
   * @param aim what the evaluator wants to do, for the message of a refusal
   * @param route method and path
   */
  async #call(aim: string, route: string, body?: object, idempotencyKey?: string): Promise<Json> {
    const [method = '', path = ''] = route.split(' ');
    let response: Response;
    let answer: Json;
    try {
      response = await fetch(`${this.#base}/${path}`, {
        method,
        signal: AbortSignal.timeout(CALL_LIMIT_MS),
        headers: {
          'X-API-KEY': this.apiKey,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      answer = parsed(await response.text());
    } catch (error) {
      throw new AppError('unavailable', reasonOf(error), { cause: error });
    }
    if (response.status === 200) return answer;
    throw faultOf(response, answer, aim, method === 'GET');
  }
}

/** What an answer other than 200 means. A list is refused for good, but by a service that asks for patience. */
function faultOf({ status, headers }: Response, answer: Json, aim: string, isList: boolean): AppError {
  const text = textOf(status, answer['detail']);
  if (status === 401) return new AppError('unauthorized', `the service does not accept the key: ${text}`);
  const type = answer['type'] ?? headers.get(PROBLEM_TYPE_HEADER);
  const code = /[a-z-]+$/.exec(String(type))?.[0].replaceAll('-', '_') ?? 'unknown';
  const isBusy = BUSY.includes(status) || code === 'idempotency_in_progress';
  const kind = isBusy ? 'unavailable' : KINDS[status];
  if (kind === undefined || (isList && !isBusy && kind !== 'too_many')) return refusal(aim, text);
  const retryAfter = headers.get('retry-after');
  return new AppError(kind, text, { code, ...(retryAfter && { headers: { 'Retry-After': retryAfter } }) });
}

const refusal = (aim: string, text: string): AppError =>
  new AppError('unauthorized', `the service does not let this evaluator ${aim}: ${text}`);

/** A service that names no model means the predictor. */
function orderOf(item: Json): OfferedOrder {
  const order = domainOf(item) as unknown as OfferedOrder;
  return {
    ...order,
    modelName: order.modelName ?? order.predictorPlugin,
    datetimeRequested: new Date(order.datetimeRequested),
  };
}

/** JSON names are the product's own in snake case. */
const wireOf = (fields: object): Json => renamed(fields, snakeCased);
const domainOf = (fields: Json): Json =>
  renamed(fields, (name) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
const renamed = (fields: object, rename: (name: string) => string): Json =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [rename(name), value as unknown]));

function parsed(text: string): Json {
  try {
    return (JSON.parse(text) as Json | null) ?? {};
  } catch {
    // A proxy's page, for example: the status alone speaks then.
    return {};
  }
}

function textOf(status: number, detail: unknown): string {
  const text = typeof detail === 'string' ? detail : detail === undefined ? '' : JSON.stringify(detail);
  return `${status} ${text.slice(0, 500)}`.trim();
}

/** `fetch` says "fetch failed" and hides why in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
