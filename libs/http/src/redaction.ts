/**
 * Names whose values are never stored, logged or returned. Case, dashes and underscores are ignored, so `apiKey`,
 * `api_key` and `X-API-KEY` are the same name.
 */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'password',
  'oldpassword',
  'newpassword',
  'initialpassword',
  'passwd',
  'passphrase',
  'secret',
  'secretkey',
  'clientsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'idtoken',
  'apikey',
  'xapikey',
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'credentials',
  'privatekey',
]);

/** Replaces a secret. */
export const REDACTED = '[redacted]';

/** What is nested deeper is replaced as a whole; bodies deeper than 64 levels are refused anyway. */
const MAX_DEPTH = 70;

/** Results for names seen before, since clients send the same few; limited, so that no client can fill the memory. */
const known = new Map<string, boolean>();
const MOST_KNOWN = 2_000;

/** True for a field, header or query parameter whose value must not be shown. */
export function isSecretName(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const secret = SECRET_NAMES.has(name.replaceAll(/[-_.\s]/g, '').toLowerCase());
  if (known.size < MOST_KNOWN && name.length <= 64) known.set(name, secret);
  return secret;
}

/** A copy of a JSON value in which {@link REDACTED} replaces every value with a secret name, at any depth. */
export function redactSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => redactSecrets(item, depth + 1));
  const entries = Object.entries(value).map(
    ([name, inner]) => [name, isSecretName(name) ? REDACTED : redactSecrets(inner, depth + 1)] as const,
  );
  return Object.fromEntries(entries);
}

/** The query of a URL (with or without `?`) in which only the values of secret parameters are replaced. */
export function redactQuery(query: string): string {
  const text = query.startsWith('?') ? query.slice(1) : query;
  return text
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals > 0 && isSecretName(decoded(pair.slice(0, equals)))
        ? `${pair.slice(0, equals)}=${REDACTED}`
        : pair;
    })
    .join('&');
}

const decoded = (name: string): string => [...new URLSearchParams(`${name}=`).keys()][0] ?? name;
