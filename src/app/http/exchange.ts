import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Replica } from '#libs/database';
import { addressSet, callerNetwork, newTimeOrderedUuid, readAddress, type Actor } from '#libs/kernel';
import { readTraceparent, type TraceSpan } from '#libs/telemetry';
import { redactText, type AnswerForm, type RequestContext, type Warning } from '#libs/http';

const SAFE_ID = /^[A-Za-z0-9._:~-]{1,128}$/;

/** Harmless in a header, a line and a row; whoever sends a key as an id gets another one. */
const isSafeId = (id: string): boolean => SAFE_ID.test(id) && redactText(id) === id;

/** The client's own `X-Request-Id` when it is harmless, else undefined. */
export function givenIdOf({ headers }: IncomingMessage): string | undefined {
  const given = headers['x-request-id'];
  return typeof given === 'string' && isSafeId(given) ? given : undefined;
}

/** What went wrong on the short way of a prepared route, for the usual way to answer. */
interface EarlyFailure {
  readonly error: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** One request with all that its answer, its log line, its figures and its audit row are made of. */
export class Exchange implements RequestContext {
  /** Of its audit row: unique, unlike {@link requestId}, which a client may choose. */
  auditId: string;
  /** `X-Request-Id` of the answer: the client's own when it is harmless. */
  readonly requestId: string;
  readonly userAgent: string | null;
  readonly method: string;
  readonly path: string;
  readonly routedPath: string;
  readonly query: string;
  readonly #hasAuditedPath: boolean;
  /** The `traceparent` that came with the request; null without a valid one. */
  readonly givenTrace: string | null;
  /** Where traces are made, the request's part of one. */
  span: TraceSpan | null = null;
  /** Null where everything is read from the database that is written. */
  replica: Pick<Replica, 'needOf'> | null = null;
  readonly #givenPosition: string | undefined;
  /** Bytes of the answer's body; null for a stream, and before there is an answer. */
  answerBytes: number | null = null;
  form: AnswerForm = { errors: 'problem', warnings: 'body' };
  actor?: Actor;
  payload: unknown;
  warnings?: readonly Warning[];
  /** The matched route's template; null while, or because, none matched. */
  route: string | null = null;
  /** The body, when it was read before routing; null while it is still to be read. */
  received: Buffer | null = null;
  /** Whether its audit row was added within the transaction of its work, which may still be on its way to the disk. */
  isRecorded = false;
  answerWithin?: ((result: unknown) => unknown) | undefined;
  /** Why the request is refused, when that was found before routing, and headers that its answer has in any case. */
  refusal: EarlyFailure | null = null;

  /**
   * @param receivedAt epoch ms
   * @param startedAt ms on the monotonic clock
   */
  constructor(
    request: IncomingMessage,
    { path, routedPath, query }: RequestTarget,
    readonly clientAddress: string,
    readonly receivedAt: number,
    readonly startedAt: number,
  ) {
    this.auditId = newTimeOrderedUuid(receivedAt);
    this.requestId = givenIdOf(request) ?? this.auditId;
    this.givenTrace = readTraceparent(request.headers.traceparent);
    this.userAgent = request.headers['user-agent'] ?? null;
    this.method = request.method ?? 'GET';
    this.path = path;
    this.routedPath = routedPath;
    this.query = query;
    this.#hasAuditedPath = isAuditedPath(routedPath);
    this.#givenPosition = request.headers[POSITION_HEADER.toLowerCase()] as string | undefined;
  }

  /** Its row was rolled back with its work; one that a failed disk kept all the same stays the only one with its id. */
  unrecorded(): void {
    this.isRecorded = false;
    this.auditId = newTimeOrderedUuid(this.receivedAt);
  }

  /** What writes reads what it writes on from the primary, too. */
  get replicaNeed(): bigint | undefined {
    return isRead(this) ? this.replica?.needOf(this.actor?.userId, this.#givenPosition) : undefined;
  }

  get traceparent(): string | null {
    return this.span?.traceparent ?? this.givenTrace;
  }

  get callerNetwork(): string {
    return callerNetwork(this.clientAddress);
  }

  /** Requests of the API, of models and of the legacy paths leave an audit row; probes and the API description do not. */
  get isAudited(): boolean {
    return this.#hasAuditedPath || isAuditedPath(this.route ?? '');
  }
}

export const isRead = ({ method }: { readonly method: string }): boolean =>
  method === 'GET' || method === 'HEAD';

/** Of an answer: what it wrote is in every replica that has reached this position. Of a request: what it reads is no older. */
export const POSITION_HEADER = 'X-Database-Position';

/** Whether requests to a path, or a route's template, leave a row. */
export const isAuditedPath = (path: string): boolean => AUDITED.test(path);

const AUDITED = /^\/(?:api\/|v2\/models\/|(?:predict|status)(?:\/|$))/;

/** What a request line asks for. */
export interface RequestTarget {
  /** The path as it was sent, without query and fragment. */
  readonly path: string;
  /** The same with letters, digits and `-._~` in plain: what is routed, with either HTTP library. */
  readonly routedPath: string;
  /** With its `?`; empty when there is none. */
  readonly query: string;
  /** Whether the path can be decoded. */
  readonly isReadable: boolean;
}

/**
 * Reduces what HTTP allows in odd forms to the one that is routed and read: `http://host/path` and fragments to the
 * path, `%61` to `a` (RFC 3986, 6.2.2.2), a content type that is none to unknown bytes.
 */
export function normalizeRequest(request: IncomingMessage): RequestTarget {
  const type = request.headers['content-type'];
  if (type !== undefined && !MEDIA_TYPE.test(type))
    request.headers['content-type'] = 'application/octet-stream';
  // Fastify would answer 400 before it looks whether the path has this method.
  if (request.method === 'QUERY') request.headers['content-type'] ??= 'application/octet-stream';
  const url = withoutOrigin((request.url ?? '/').split('#', 1)[0] ?? '/');
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark);
  const routedPath = path.includes('%') ? path.replaceAll(ESCAPED_UNRESERVED, decodeURIComponent) : path;
  request.url = routedPath + query;
  return { path, routedPath, query, isReadable: isDecodable(routedPath) };
}

/** Letters, digits, `-`, `.`, `_` and `~`. */
const ESCAPED_UNRESERVED = /%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/gi;

function withoutOrigin(target: string): string {
  const path = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  return path.startsWith('/') || path === '*' ? path : `/${path}`;
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false; // the only way to ask
  }
}

/** Why a request is refused before it is routed. */
export interface EarlyRefusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** Headers of one request; Node would leave later ones out without a word. All of them together have 16 KiB at most. */
export const MAX_HEADERS = 500;

/** What no HTTP library gets to see, because each would answer it in its own way; null for all other requests. */
export function refusalOf(request: IncomingMessage, { isReadable }: RequestTarget): EarlyRefusal | null {
  const { headers, httpVersion, rawHeaders } = request;
  if (!isReadable) {
    return {
      status: 400,
      code: 'malformed_path',
      detail: 'The path is not valid percent-encoded UTF-8; write a literal % as %25',
    };
  }
  if (headers.host === undefined && httpVersion === '1.1') {
    return { status: 400, code: 'host_missing', detail: 'An HTTP/1.1 request needs the header Host' };
  }
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    const detail = `The request has more than ${MAX_HEADERS} headers`;
    return { status: 431, code: 'too_many_headers', detail };
  }
  if (headers.expect === undefined || /^100-continue$/i.test(headers.expect)) return null;
  return { status: 417, code: 'expectation_failed', detail: 'The only expectation is 100-continue' };
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;|$)/;

/** Finds the caller's own address behind the configured proxies, in the form of {@link readAddress}. */
type AddressReader = (request: IncomingMessage) => string;

/**
 * `X-Forwarded-For` is believed only as far as trusted proxies wrote it: it is read from its end, and the first
 * address that is no trusted proxy is the caller's. What stands before an entry that is no address was written by
 * anybody, so then the caller counts as the last proxy that is known: the peer, where there is one proxy.
 * @param proxies addresses or networks (CIDR), checked by the configuration
 */
export function addressReader(proxies: readonly string[]): AddressReader {
  if (proxies.length === 0) return peerOf;
  const trusted = addressSet(proxies);
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (request) => {
    let caller = peerOf(request);
    for (const hop of forwardedFor(request).toReversed()) {
      const address = isTrusted(caller) ? readAddress(hop.trim()) : null;
      if (address === null) return caller;
      caller = address;
    }
    return caller;
  };
}

function forwardedFor({ headers }: IncomingMessage): readonly string[] {
  const header = headers['x-forwarded-for'];
  const text = Array.isArray(header) ? header.join(',') : header;
  return text === undefined ? [] : text.split(',');
}

const peerOf = ({ socket }: IncomingMessage): string => {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const address = readAddress(socket.remoteAddress ?? '') ?? 'unknown';
  if (socket.remoteAddress !== undefined) peers.set(socket, address);
  return address;
};
/** A connection has one peer for all of its requests. */
const peers = new WeakMap<Socket, string>();
