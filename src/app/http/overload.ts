import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { problem, problemReply, type AnswerForm } from '#libs/http';
import { newTimeOrderedUuid, type Clock } from '#libs/kernel';
import type { AuditRecorder } from '../../audit/audit.port.js';
import type { CorsPolicy } from './cors.js';
import { givenIdOf, isAuditedPath, type RequestTarget } from './exchange.js';
import { type GatedResponse, HeadStart } from './gated-response.js';
import { WorkLimit } from './work-limit.js';

/** Refused requests are told of together, so often. */
const TELL_EVERY_MS = 1_000;
const STATUS = 503;
const RETRY = { 'Retry-After': '1' };

/** Hears of requests that were refused before anything was begun for them, once a second. */
export interface RefusalObserver {
  /** @param byMethod how many, by the method of the request line @param lastly why, in words, for the last one */
  refused(byMethod: ReadonlyMap<string, number>, lastly: string): void;
}

export interface OverloadOptions {
  readonly maxInWork: number;
  readonly form: AnswerForm;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cors: CorsPolicy;
  readonly clock: Clock;
  readonly audit: () => Pick<AuditRecorder, 'overloaded'>;
  readonly observers: readonly RefusalObserver[];
}

/** Why there is no room for a request. */
interface Excess {
  readonly code: 'overloaded' | 'audit_unavailable';
  readonly detail: string;
}

/**
 * Lets in what can be answered in time. One more than that makes all of them late, and what is late was worked for in vain: its
 * client is gone. The others are refused, and what that costs is taken from those that are answered: so nothing is read, looked
 * up, recorded or logged for one of them alone, and their head is made once.
 */
export class Overload {
  readonly #work: WorkLimit;
  readonly #start: HeadStart;
  readonly #refused = new Map<string, number>();
  #lastly = '';
  #isToTell = false;

  constructor(private readonly options: OverloadOptions) {
    this.#work = new WorkLimit(options.maxInWork);
    this.#start = new HeadStart(STATUS, options.headers);
  }

  /**
   * Whether this request may begin; when not, it has been refused.
   * @param startedAt ms on the monotonic clock
   */
  admits(
    request: IncomingMessage,
    response: GatedResponse,
    target: RequestTarget,
    startedAt: number,
  ): boolean {
    const excess = this.#excess(request, response, target, startedAt);
    if (excess === null) return true;
    this.#refuse(request, response, target, excess);
    return false;
  }

  #excess(
    { headers }: IncomingMessage,
    response: GatedResponse,
    { routedPath }: RequestTarget,
    startedAt: number,
  ): Excess | null {
    if (!isAuditedPath(routedPath)) return null; // probes and figures tell how it stands
    if (this.options.audit().overloaded)
      return {
        code: 'audit_unavailable',
        detail: 'Too many requests are waiting to be recorded; try again shortly',
      };
    if (waitsMostly(headers)) return null;
    if (!this.#work.begun(startedAt))
      return {
        code: 'overloaded',
        detail: `This process works on ${this.#work.inWork} requests, more than it can answer in time or max_requests_in_work allows; try again shortly`,
      };
    response.once('close', () => {
      const now = this.options.clock.monotonic();
      this.#work.ended(now - startedAt, now);
    });
    return null;
  }

  #refuse(
    request: IncomingMessage,
    response: GatedResponse,
    { path }: RequestTarget,
    { code, detail }: Excess,
  ): void {
    const { clock, form, cors } = this.options;
    const requestId = givenIdOf(request) ?? newTimeOrderedUuid(clock.now());
    const headers: Record<string, string> = { 'X-Request-Id': requestId };
    cors(request, headers);
    const reply = problemReply(problem(STATUS, code, detail, { instance: path, requestId }), form.errors);
    response.sendAtOnce(this.#start, Object.assign(headers, reply.headers, RETRY), reply.body);
    this.#count(request.method ?? 'GET', detail);
  }

  #count(method: string, detail: string): void {
    this.#refused.set(method, (this.#refused.get(method) ?? 0) + 1);
    this.#lastly = detail;
    if (this.#isToTell) return;
    this.#isToTell = true;
    this.options.clock.after(TELL_EVERY_MS, () => this.tell());
  }

  /** Tells of what was refused since the last time. */
  tell(): void {
    this.#isToTell = false;
    if (this.#refused.size === 0) return;
    for (const observer of this.options.observers) observer.refused(this.#refused, this.#lastly);
    this.#refused.clear();
  }
}

/** Such a request costs next to nothing until what it waits for has happened. */
const waitsMostly = ({ accept = '', prefer = '' }: IncomingHttpHeaders): boolean =>
  accept.includes('text/event-stream') || /wait\s*=/i.test(String(prefer));
