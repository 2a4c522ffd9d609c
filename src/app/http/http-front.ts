import type { IncomingMessage } from 'node:http';
import type { Replica } from '#libs/database';
import { OutageError, runInContext, type Clock } from '#libs/kernel';
import { problem, problemReply, type AnswerForm } from '#libs/http';
import { corsPolicy } from './cors.js';
import type { Tracer } from '#libs/telemetry';
import type { AuditEntry, AuditRecorder } from '../../audit/audit.port.js';
import {
  addressReader,
  type EarlyRefusal,
  Exchange,
  isRead,
  normalizeRequest,
  POSITION_HEADER,
  refusalOf,
} from './exchange.js';
import type { Departure, DepartureGate, GatedResponse, Replacement } from './gated-response.js';
import { Overload, type RefusalObserver } from './overload.js';
import type { PreparedRoutes } from './prepared-routes.js';
import { securityHeaders } from './security-headers.js';

/** Hears of every finished request. */
export interface RequestObserver {
  /** @param status 499 when the client went away before it was answered */
  finished(exchange: Exchange, status: number, durationMs: number): void;
}

export interface FrontOptions {
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly form: AnswerForm;
  /** Most requests that are worked on at a time. */
  readonly maxInWork: number;
  readonly clock: Clock;
  readonly audit: () => AuditRecorder;
  readonly observers: readonly RequestObserver[];
  readonly refusalObservers: readonly RefusalObserver[];
  /** Null where no traces are wanted. */
  readonly tracer: Tracer | null;
  /** Null where everything is read from the database that is written. */
  readonly replica: Pick<Replica, 'wrote' | 'needOf'> | null;
}

/** nginx's word for "the client closed the connection first". */
const CLIENT_GONE = 499;

/** Whose writes are remembered together when nobody is logged in. */
const ANYBODY = 0;

/** What a server does with a request. */
export type Listener = (request: IncomingMessage, response: GatedResponse) => void;

/**
 * The first and the last thing a request meets, whichever HTTP library serves it: identity, security and CORS
 * headers, the audit row before the first byte of the answer, the log line after the last, and the count of what is
 * in flight for a graceful stop.
 */
export class HttpFront {
  readonly #headers = securityHeaders();
  readonly #addressOf;
  readonly #cors;
  readonly #inFlight = new Set<GatedResponse>();
  readonly #overload: Overload;
  #prepared: PreparedRoutes | null = null;
  #unrecorded: ReadonlySet<string | null> = new Set();
  #stopping = false;
  #onIdle: (() => void) | null = null;

  constructor(private readonly options: FrontOptions) {
    this.#addressOf = addressReader(options.trustedProxies);
    this.#cors = corsPolicy(options.allowedOrigins);
    this.#overload = new Overload({
      ...options,
      headers: this.#headers,
      cors: this.#cors,
      observers: options.refusalObservers,
    });
  }

  /** From now on answers ask their clients to close the connection; false means not ready for traffic. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Puts the front before the listener of an HTTP library. */
  before(next: Listener): Listener {
    return (request, response) => {
      const target = normalizeRequest(request);
      const { clock, tracer } = this.options;
      const startedAt = clock.monotonic();
      if (this.#stopping) response.shouldKeepAlive = false;
      if (!this.#overload.admits(request, response, target, startedAt)) return;
      const exchange = new Exchange(request, target, this.#addressOf(request), clock.now(), startedAt);
      exchange.form = this.options.form;
      exchange.replica = this.options.replica;
      if (tracer !== null)
        exchange.span = tracer.begin(exchange.method, { kind: 'server', parent: exchange.givenTrace });
      const headers = { ...this.#headers, 'X-Request-Id': exchange.requestId };
      const preflight = this.#cors(request, headers);
      this.#open(exchange, response, headers);
      const refusal = refusalOf(request, target);
      if (refusal !== null) {
        this.#send(response, refused(exchange, refusal));
      } else if (preflight) {
        response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end('OK');
      } else {
        this.#route(exchange, request, response, next);
      }
    };
  }

  /** Answers of these routes leave no row; what they refuse does. */
  leaveUnrecorded(templates: readonly string[]): void {
    this.#unrecorded = new Set(templates);
  }

  #isRecorded(exchange: Exchange, { status }: Departure): boolean {
    return exchange.isAudited && !(status === 200 && this.#unrecorded.has(exchange.route));
  }

  /** From now on these routes take their short way. */
  shorten(routes: PreparedRoutes): void {
    this.#prepared = routes;
  }

  #route(exchange: Exchange, request: IncomingMessage, response: GatedResponse, next: Listener): void {
    const prepared = this.#prepared?.find(request);
    // where writes have to tell their position, the usual way finds it
    if (prepared === undefined || (prepared.writes && this.options.replica !== null))
      return runInContext(exchange, () => next(request, response));
    prepared.serve(exchange, request, {
      answer: (answer) =>
        response.answer(answer, (departure, opened) =>
          this.#departAtOnce(exchange, response, departure, opened),
        ),
      record: (answer) => this.#recordWithin(exchange, response, answer),
      usual: () => runInContext(exchange, () => next(request, response)),
    });
  }

  #departAtOnce(
    exchange: Exchange,
    response: GatedResponse,
    departure: Departure,
    opened: (replacement: Replacement | null) => void,
  ): void {
    exchange.answerBytes = departure.bytes;
    if (this.#stopping) response.shouldKeepAlive = false;
    if (exchange.isRecorded || !this.#isRecorded(exchange, departure))
      return queueMicrotask(() => opened(null));
    this.options
      .audit()
      .add(this.#entry(exchange, departure), (error) =>
        opened(error === null ? null : withheld(exchange, departure, error)),
      );
  }

  /** Adds the row of an answer that leaves when the open transaction is durable; nothing for a client that has gone. */
  #recordWithin(exchange: Exchange, response: GatedResponse, { status, body }: Replacement): unknown {
    if (!response.untouched) return undefined;
    response.statusCode = status;
    exchange.isRecorded = true;
    const bytes = Buffer.byteLength(body);
    return this.options.audit().addWithin(this.#entry(exchange, { status, bytes }));
  }

  #open(exchange: Exchange, response: GatedResponse, headers: Record<string, string>): void {
    this.#inFlight.add(response);
    const mayRead = this.options.replica === null || !exchange.isAudited || isRead(exchange);
    const depart: DepartureGate = (departure) => this.#depart(exchange, response, departure);
    const departWritten: DepartureGate = async (departure) => {
      const replacement = await depart(departure);
      const position = await this.options.replica?.wrote(exchange.actor?.userId ?? ANYBODY);
      if (typeof position === 'string') headers[POSITION_HEADER] = position;
      return replacement;
    };
    response.guardWith(mayRead ? depart : departWritten, headers);
    response.once('close', () => this.#closed(exchange, response));
  }

  async #depart(
    exchange: Exchange,
    response: GatedResponse,
    departure: Departure,
  ): Promise<Replacement | null> {
    exchange.answerBytes = departure.bytes;
    if (this.#stopping) response.shouldKeepAlive = false;
    if (!this.#isRecorded(exchange, departure)) return null;
    try {
      await this.options.audit().record(this.#entry(exchange, departure));
      return null;
    } catch (error) {
      return withheld(exchange, departure, error);
    }
  }

  #entry(exchange: Exchange, { status, bytes }: Departure): AuditEntry {
    return {
      id: exchange.auditId,
      requestId: exchange.requestId,
      userId: exchange.actor?.userId ?? null,
      address: exchange.clientAddress,
      userAgent: exchange.userAgent,
      method: exchange.method,
      endpoint: exchange.path,
      route: exchange.route,
      query: exchange.query,
      payload: exchange.payload,
      receivedAt: exchange.receivedAt,
      durationMs: this.options.clock.monotonic() - exchange.startedAt,
      status,
      bytes,
    };
  }

  #closed(exchange: Exchange, response: GatedResponse): void {
    const aborted = response.untouched && !exchange.isRecorded;
    const status = aborted ? CLIENT_GONE : response.statusCode;
    const durationMs = this.options.clock.monotonic() - exchange.startedAt;
    if (!aborted) return this.#leave(exchange, response, status, durationMs);
    response.abandon();
    // The row of a client that went away is part of the request: a stop waits for it.
    void this.#depart(exchange, response, { status, bytes: 0 }).then(() =>
      this.#leave(exchange, response, status, durationMs),
    );
  }

  #leave(exchange: Exchange, response: GatedResponse, status: number, durationMs: number): void {
    for (const observer of this.options.observers) observer.finished(exchange, status, durationMs);
    this.#inFlight.delete(response);
    if (this.#inFlight.size === 0) this.#onIdle?.();
  }

  #send(response: GatedResponse, { status, headers, body }: Replacement): void {
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
  }

  /** Marks the process as stopping and ends event streams: their clients come back to another process. */
  beginStop(): void {
    this.#stopping = true;
    for (const response of this.#inFlight) {
      if (response.isEventStream) response.end();
    }
  }

  /** Resolves with true when nothing is in flight, with false after `graceMs`. */
  drained(graceMs: number): Promise<boolean> {
    this.#overload.tell();
    if (this.#inFlight.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(graceMs, () => resolve(false));
      this.#onIdle = () => {
        cancel();
        resolve(true);
      };
    });
  }
}

/** No answer leaves without its row; why is in the log. */
function withheld(exchange: Exchange, { status }: Departure, error: unknown): Replacement | null {
  const isOutage = error instanceof OutageError;
  if (isOutage && status === 503) return null; // it did nothing, and says why
  const cause = isOutage ? `: ${error.detail}` : '';
  return unavailable(exchange, `The request could not be recorded, so its answer is withheld${cause}`);
}

function refused(exchange: Exchange, { status, code, detail }: EarlyRefusal): Replacement {
  const occurrence = { instance: exchange.path, requestId: exchange.requestId };
  const { headers, body } = problemReply(problem(status, code, detail, occurrence), exchange.form.errors);
  // What the client still sends is not read.
  return { status, headers: { ...headers, Connection: 'close' }, body };
}

function unavailable(exchange: Exchange, detail: string, code = 'audit_unavailable'): Replacement {
  const occurrence = { instance: exchange.path, requestId: exchange.requestId };
  const answered = problem(503, code, detail, occurrence);
  const { headers, body } = problemReply(answered, exchange.form.errors);
  return { status: 503, headers: { ...headers, 'Retry-After': '1' }, body };
}
