import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { addressSet, callerNetwork, newTimeOrderedUuid, readAddress, type Actor } from '#libs/kernel';
import { redactText, type RequestContext } from '#libs/http';

const SAFE_ID = /^[A-Za-z0-9._:~-]{1,128}$/;

/** Harmless in a header, a line and a row; whoever sends a key as an id gets another one. */
const isSafeId = (id: string): boolean => SAFE_ID.test(id) && redactText(id) === id;

/** One request with all that its answer, its log line, its figures and its audit row are made of. */
export class Exchange implements RequestContext {
  /** Unique, unlike {@link requestId}, which a client may choose. */
  readonly auditId: string;
  /** `X-Request-Id` of the answer: the client's own when it is harmless. */
  readonly requestId: string;
  readonly userAgent: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly #hasAuditedPath: boolean;
  actor?: Actor;
  payload: unknown;
  /** The matched route's template; null while, or because, none matched. */
  route: string | null = null;

  /**
   * @param receivedAt epoch ms
   * @param startedAt ms on the monotonic clock
   */
  constructor(
    request: IncomingMessage,
    readonly clientAddress: string,
    readonly receivedAt: number,
    readonly startedAt: number,
  ) {
    this.auditId = newTimeOrderedUuid(receivedAt);
    const given = request.headers['x-request-id'];
    this.requestId = typeof given === 'string' && isSafeId(given) ? given : this.auditId;
    this.userAgent = request.headers['user-agent'] ?? null;
    this.method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark);
    this.#hasAuditedPath = AUDITED.test(decoded(this.path));
  }

  get callerNetwork(): string {
    return callerNetwork(this.clientAddress);
  }

  /** Requests of the API and of its legacy paths leave an audit row; probes and the API description do not. */
  get isAudited(): boolean {
    return this.#hasAuditedPath || AUDITED.test(this.route ?? '');
  }
}

const AUDITED = /^\/(?:api\/|(?:predict|status)(?:\/|$))/;

/** Routers compare the decoded path, so the audit does, too. */
const decoded = (path: string): string =>
  path.includes('%') ? path.replaceAll(/%[0-7][0-9a-f]/gi, decodeURIComponent) : path;

/**
 * Reduces what HTTP allows in odd forms to the one that is routed and read: `http://host/path` and fragments to the
 * path, a content type that is none to unknown bytes.
 */
export function normalizeRequest(request: IncomingMessage): void {
  const url = request.url ?? '/';
  const fragment = url.indexOf('#');
  const target = fragment < 0 ? url : url.slice(0, fragment);
  const path = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  request.url = path.startsWith('/') || path === '*' ? path : `/${path}`;
  const type = request.headers['content-type'];
  if (type !== undefined && !MEDIA_TYPE.test(type))
    request.headers['content-type'] = 'application/octet-stream';
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

const peerOf = ({ socket }: IncomingMessage): string => readAddress(socket.remoteAddress ?? '') ?? 'unknown';
