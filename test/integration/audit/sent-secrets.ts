import * as fc from 'fast-check';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const made = (length: number) =>
  fc
    .array(fc.constantFrom(...ALPHABET), { minLength: length, maxLength: length })
    .map((letters) => letters.join(''));

/** Text that nobody recognises: only its place says that it is secret. */
const plainSecret = fc.oneof(
  made(6).map((text) => `hunter-${text}`),
  fc.tuple(made(4), made(4)).map(([a, b]) => `correct ${a} battery ${b}`),
);

/** Text that says by its look that it is secret. The part that must not be seen stands beside it. */
const shapedSecret = fc.oneof(
  fc.tuple(made(20), made(30), made(43)).map(([a, b, c]) => [`eyJ${a}.eyJ${b}.${c}`, c] as const),
  made(32).map((key) => [`whsec_${key}`, key] as const),
  made(43).map((key) => [`pp_${key}`, key] as const),
  made(24).map((key) => [`sk_live_${key}`, key] as const),
  made(36).map((key) => [`ghp_${key}`, key] as const),
  made(12).map((key) => [`Bearer ${key}`, key] as const),
  made(20).map((key) => [`Basic ${key}1aB=`, key] as const),
  made(64).map((key) => [`-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----`, key] as const),
  made(16).map((key) => [`postgres://desk:${key}@db.example.com:5432/books`, key] as const),
);

/** URLs of receivers that hold a secret. */
const secretUrl = fc.oneof(
  made(12).map((key) => [`https://desk:${key}@hooks.example.com/in`, key] as const),
  fc
    .tuple(fc.constantFrom('key', 'token', 'sig', 'access_token', 'api-key', 'X-Amz-Signature'), made(12))
    .map(([name, key]) => [`https://hooks.example.com/in?a=1&${name}=${key}`, key] as const),
  made(24).map((key) => [`https://hooks.slack.com/services/T0000/B0000/${key}`, key] as const),
  made(68).map((key) => [`https://discord.com/api/webhooks/1122334455667788/${key}`, key] as const),
  made(35).map((key) => [`https://api.telegram.org/bot123456789:${key}/sendMessage`, key] as const),
  made(31).map((key) => [`https://hooks.example.com/in/${key}7/receive`, key] as const),
  made(31).map((key) => [`https://hooks.example.com/in#token=${key}`, key] as const),
);

const words = ['db', 'smtp', 'old', 'my', 'webhook', 'client', 'x'];
const ends = [
  'password',
  'secret',
  'token',
  'passphrase',
  'pwd',
  'credential',
  'private_key',
  'api_key',
  'jwt',
];
const styles: readonly ((parts: readonly string[]) => string)[] = [
  (parts) => parts.join('_'),
  (parts) => parts.join('-').toUpperCase(),
  (parts) => parts.map((part, at) => (at === 0 ? part : part.replace(/^./, (c) => c.toUpperCase()))).join(''),
];

/** `db_password`, `SMTP-API-KEY`, `clientSecret`. */
export const secretName = fc
  .tuple(fc.constantFrom(...words), fc.constantFrom(...ends), fc.constantFrom(...styles))
  .map(([word, end, style]) => style([word, ...end.split('_')]));

/** A value as it is sent, and the part of it that must not be kept. */
type Sent = readonly [value: string, secret: string];
const anyShape: fc.Arbitrary<Sent> = fc.oneof(shapedSecret, secretUrl);

/** A member of a body that holds a secret. */
const member: fc.Arbitrary<readonly [name: string, value: unknown, secret: string]> = fc.oneof(
  fc.tuple(secretName, plainSecret).map(([name, secret]) => [name, secret, secret] as const),
  fc
    .tuple(fc.constantFrom('note', 'text', 'x1'), anyShape)
    .map(([name, [value, secret]]) => [name, value, secret] as const),
  anyShape.map(([value, secret]) => ['text', `before ${value} after`, secret] as const),
  anyShape.map(([value, secret]) => [value, 1, secret] as const),
  fc
    .tuple(secretName, plainSecret)
    .map(([name, secret]) => ['header', { name, value: secret }, secret] as const),
  fc.tuple(secretName, made(9)).map(([name, secret]) => ['text', `${name}=${secret}`, secret] as const),
  fc
    .tuple(secretName, made(9))
    .map(([name, secret]) => ['text', JSON.stringify({ [name]: secret }), secret] as const),
);

const nest = (value: unknown, depth: number): unknown =>
  depth === 0 ? value : depth % 2 === 0 ? [1, nest(value, depth - 1)] : { inner: nest(value, depth - 1) };

/** A request with secrets in its path, query, body and user agent, and all that must be kept of none of them. */
export interface SentRequest {
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly userAgent: string;
  readonly secrets: readonly string[];
}

export const sentRequest: fc.Arbitrary<SentRequest> = fc
  .record({
    segment: fc.oneof(
      made(43).map((key) => [`pp_${key}`, key] as const),
      made(32).map((key) => [`whsec_${key}`, key] as const),
      secretUrl.map(([url, secret]) => [encodeURIComponent(url), secret] as const),
    ),
    named: fc.tuple(fc.oneof(secretName, fc.constantFrom('key', 'sig')), plainSecret),
    shaped: anyShape,
    members: fc.array(member, { minLength: 1, maxLength: 4 }),
    depth: fc.nat(6),
    agent: shapedSecret.filter(([text]) => !text.includes('\n')),
  })
  .map(({ segment, named, shaped, members, depth, agent }) => ({
    path: segment[0],
    query: `a=1&${encodeURIComponent(named[0])}=${encodeURIComponent(named[1])}&note=${encodeURIComponent(shaped[0])}`,
    body: nest(Object.fromEntries(members.map(([name, value]) => [name, value])), depth),
    userAgent: `spec/1 ${agent[0]}`,
    secrets: [
      segment[1],
      named[1],
      encodeURIComponent(named[1]),
      shaped[1],
      agent[1],
      ...members.map((one) => one[2]),
    ],
  }));
