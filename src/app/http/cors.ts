import type { IncomingMessage } from 'node:http';

const METHODS = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';
/** What browser pages may read beside the body. */
const EXPOSED = [
  'Idempotency-Replayed',
  'Link',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Database-Position',
  'X-Problem-Type',
  'X-Request-Id',
  'X-Total-Count',
  'X-Warnings',
].join(', ');
const MAX_AGE_S = '600';

/** Adds the CORS headers of an answer; returns true when the request is a preflight, to be answered with 200 `OK`. */
export type CorsPolicy = (request: IncomingMessage, headers: Record<string, string>) => boolean;

/**
 * Pages of the listed origins may call the service, with credentials. `*` admits every origin, then without
 * credentials: the two together would let any page act as its visitor.
 */
export function corsPolicy(origins: readonly string[]): CorsPolicy {
  if (origins.length === 0) return isPreflight;
  const [anyone, listed] = [origins.includes('*'), new Set(origins)];
  return (request, headers) => {
    const { origin } = request.headers;
    if (!anyone) headers['Vary'] = 'Origin';
    if (origin === undefined || !(anyone || listed.has(origin))) return isPreflight(request);
    headers['Access-Control-Allow-Origin'] = anyone ? '*' : origin;
    if (!anyone) headers['Access-Control-Allow-Credentials'] = 'true';
    if (!isPreflight(request)) {
      headers['Access-Control-Expose-Headers'] = EXPOSED;
      return false;
    }
    headers['Access-Control-Allow-Methods'] = METHODS;
    headers['Access-Control-Max-Age'] = MAX_AGE_S;
    const asked = request.headers['access-control-request-headers'];
    if (asked !== undefined) headers['Access-Control-Allow-Headers'] = asked;
    return true;
  };
}

const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined;
