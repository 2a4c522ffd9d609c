import { isPerhapsSecretName, isSecretName, isSecretParameter } from '#libs/kernel';

/** Replaces a secret. */
export const REDACTED = '[redacted]';

/** Without one of these a text holds nothing that the patterns below find; most texts end here. */
const SUSPECT =
  /[=]|:\/\/|eyJ|-----BEGIN|_[\w-]{7}|-[\w-]{9}|\b(?:A[KS]IA|AIza|SG\.|ya29|bearer|basic|token|digest|apikey)|:\s*\S{6}/i;

/** Too short, and without the letters, for anything below; the moments of requests would go through all of it. */
const MOMENT = /^[\d.: ]{1,29}$/;

/** Secrets that are known by their look. Each pattern begins at a border, so that a long text is walked once. */
const SHAPES: readonly RegExp[] = [
  // JSON web tokens, signed or encrypted
  /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{4,}(?:\.[\w-]*){0,3}/g,
  // this service's API keys and webhook secrets
  /(?<![A-Za-z0-9])(?:pp_[\w-]{20,}|whsec_[\w+/=-]{8,})/g,
  // keys of other services, by their prefixes
  /(?<![A-Za-z0-9])(?:[rs]k_(?:live|test)_\w{8,}|gh[oprsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|A[KS]IA[A-Z0-9]{12,}|AIza[\w-]{30,}|SG\.[\w-]{10,}\.[\w-]{10,}|npm_\w{30,}|hf_\w{30,}|sk-[\w-]{20,}|ya29\.[\w-]{16,}|shp[a-z]{2}_\w{20,}|dop_v1_\w{20,})/g,
  // Telegram's bot tokens
  /(?<!\w)(?:bot)?\d{6,12}:[\w-]{30,}/g,
  // private keys; certificates and public keys are no secrets
  /-----BEGIN (?!CERTIFICATE|PUBLIC|RSA PUBLIC)[A-Z0-9 ]{3,40}-----[^"]*?(?:-----END [A-Z0-9 ]{3,40}-----|(?=")|$)/g,
];

const SCHEME = /(?<![A-Za-z])(bearer|basic|token|digest|apikey)(\s+)([\w.~+/=-]{6,})/gi;
const URLS = /(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s"'<>\\]+/g;
const ASSIGNED = /(?<![\w.-])([\w.-]{2,64})=("[^"]*"|'[^']*'|[^\s&;,"'<>\\]+)/g;
const QUOTED = /(?<!\\)"([\w .-]{2,64})"\s*:\s*"((?:[^"\\]|\\.)*)"/g;
const HEADER = /(?<![\w.-])([\w-]{2,64}):\s*([^\s"'<>\\,;]{6,})/g;

/** Letters and digits, or several cases, or signs that no word has: a made-up string rather than a word. */
const looksMade = (text: string): boolean =>
  (/\d/.test(text) && /[a-z]/i.test(text)) || /[a-z][A-Z]|[A-Z]{2}[a-z]|[!@#$%^&*=+]/.test(text);

const RUN = /[A-Za-z0-9]{10,}/g;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A text of at least 16 characters without blanks, with a run of letters and digits that no word or number is. */
export const looksOpaque = (text: string): boolean =>
  text.length >= 16 && !/\s/.test(text) && (text.match(RUN) ?? []).some(looksMade);

/**
 * A text in which {@link REDACTED} replaces what looks like a secret: tokens and keys of known form, private keys, what
 * follows `Bearer`, values assigned to secret names (`password=…`, `"password": "…"`), and in every URL the user
 * information, secret parameters, and parts of the path that are tokens.
 */
export function redactText(text: string): string {
  if (text.length < 8 || MOMENT.test(text) || !SUSPECT.test(text) || UUID.test(text)) return text;
  let kept = text;
  for (const shape of SHAPES) kept = kept.replace(shape, REDACTED);
  if (kept.includes('://')) kept = kept.replace(URLS, redactUrl);
  kept = kept.replace(SCHEME, (whole, scheme: string, blank: string, token: string) =>
    /^bearer$/i.test(scheme) || looksMade(token) ? `${scheme}${blank}${REDACTED}` : whole,
  );
  if (kept.includes('='))
    kept = kept.replace(ASSIGNED, (whole, name: string) =>
      isSecretName(name) ? `${name}=${REDACTED}` : whole,
    );
  if (!kept.includes(':')) return kept;
  return kept
    .replace(QUOTED, (whole, name: string) => (isSecretName(name) ? `"${name}":"${REDACTED}"` : whole))
    .replace(HEADER, (whole, name: string, value: string) =>
      isSecretName(name) && looksMade(value) ? `${name}: ${REDACTED}` : whole,
    );
}

/** Hosts whose paths are secrets from the second part on: who knows the path may post. */
const HOOK_HOST =
  /(?:^|\.)(?:hooks\.slack\.com|discord(?:app)?\.com|api\.telegram\.org|hooks\.zapier\.com|(?:webhook\.)?office(?:365)?\.com|maker\.ifttt\.com|make\.com|integromat\.com|logic\.azure\.com|webhook\.site|pipedream\.net|chat\.googleapis\.com)$/i;
const URL_PARTS = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is;

function redactUrl(url: string): string {
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = URL_PARTS.exec(url) ?? [];
  const at = authority.lastIndexOf('@');
  // A password with a slash in it: everything up to the last @ may be part of it.
  if (at < 0 && /:(?!\d*$)/.test(authority) && !authority.startsWith('[')) {
    const end = url.lastIndexOf('@');
    return end < 0 ? `${scheme}${REDACTED}` : `${scheme}${REDACTED}@${url.slice(end + 1)}`;
  }
  const host = authority.slice(at + 1);
  const isWeb = /^(?:http|ws)s?:/i.test(scheme);
  return [
    scheme,
    at < 0 ? '' : `${REDACTED}@`,
    host,
    isWeb ? redactHook(host, path) : path,
    query === '' ? '' : `?${redactQuery(query)}`,
    fragment.includes('=') || looksOpaque(fragment) ? `#${REDACTED}` : fragment,
  ].join('');
}

/** The path of another server's URL: parts that nobody would write by hand are taken for tokens, ids among them. */
function redactHook(host: string, path: string): string {
  const parts = path.split('/');
  if (HOOK_HOST.test(host.replace(/:\d+$/, '')) && parts.length > 2) return `/${parts[1]}/${REDACTED}`;
  return parts
    .map((part) => (UUID.test(decoded(part)) || looksOpaque(decoded(part)) ? REDACTED : part))
    .join('/');
}

/** The query of a URL (with or without `?`) in which only the values of secret parameters are replaced. */
export function redactQuery(query: string): string {
  const text = query.startsWith('?') ? query.slice(1) : query;
  return text.split('&').map(redactPair).join('&');
}

function redactPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals < 0) return changed(pair) ? REDACTED : pair;
  const [rawName, rawValue] = [pair.slice(0, equals), pair.slice(equals + 1)];
  const [name, value] = [decoded(rawName), decoded(rawValue)];
  const shownName = changed(rawName) ? REDACTED : rawName;
  if (value === '') return `${shownName}=`;
  const secret =
    isSecretParameter(name) || (isPerhapsSecretName(name) && looksOpaque(value)) || changed(rawValue);
  return `${shownName}=${secret ? REDACTED : rawValue}`;
}

/** A path of this service, in which parts that look like secrets are replaced; ids stay. */
export function redactPath(path: string): string {
  if (path.length < 8 || !SUSPECT.test(path.includes('%') ? decoded(path) : path)) return path;
  return path
    .split('/')
    .map((part) => (changed(part) ? REDACTED : part))
    .join('/');
}

const changed = (raw: string): boolean => {
  const plain = decoded(raw);
  return redactText(plain) !== plain;
};

/** Percent-decoding that takes whatever a client may send. */
function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text;
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? text;
}
