import * as fc from 'fast-check';
import { ROLES, type Role } from '#libs/http';
import type { Document, Parameter, Route } from './description.js';
import { hostileText, hostileValue, SchemaValues } from './values.js';

/** Who asks, and how they prove it. */
export interface Asker {
  readonly role: Role | 'anonymous';
  readonly by: 'key' | 'token' | 'bad key' | 'bad token' | 'empty key' | 'both';
}

/** The text of a parameter: text as it is, or one of the things that the run knows to exist. */
export type Text = { readonly text: string } | { readonly nth: number };

export type Body =
  | { readonly json: unknown }
  /** Bytes, each a character of the text. */
  | { readonly bytes: string };

/** How the path is written. The first two name the same route for sure. */
export const PATH_STYLES = [
  'plain',
  'slash',
  'encoded',
  'upper',
  'double',
  'dots',
  'matrix',
  'percent',
  'nul',
] as const;
export type PathStyle = (typeof PATH_STYLES)[number];

/** One request, as plain data: it can be shrunk and sent again. */
export interface FuzzRequest {
  readonly route: Route;
  readonly method: string;
  readonly style: PathStyle;
  readonly asker: Asker;
  readonly path: Readonly<Record<string, Text>>;
  readonly query: readonly (readonly [name: string, text: Text])[];
  /** Appended to the query as it is. */
  readonly rawQuery: string;
  readonly body: Body | null;
  readonly contentType: string | null;
  /** Sent in pieces without a length. */
  readonly chunked: boolean;
  readonly encoding: 'none' | 'gzip' | 'br' | 'false gzip' | 'unknown';
  readonly headers: Readonly<Record<string, string>>;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'];
const CONTENT_TYPES = [
  null,
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/vnd.api+json',
  'APPLICATION/JSON',
  'text/plain',
  'application/x-ndjson',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/json, text/plain',
  '///',
];
const RAW_QUERIES = [
  '%',
  '%zz=1',
  '%00',
  '%ff=%ff',
  '&&&',
  'limit[]=1',
  'limit[a]=1',
  'limit=1&limit=2',
  'a=%F0%9F',
  '?',
  '+',
  `x=${'y'.repeat(3_000)}`,
  `x=${'y'.repeat(20_000)}`,
];
const RAW_BODIES = [
  '',
  ' ',
  '{',
  '{"a":1',
  '{"a":1}}',
  "{'a':1}",
  '{"a":NaN}',
  '{"a":1,}',
  '[1,2',
  '"x"',
  'null',
  'true',
  '1e999',
  '{"symbol":"A","symbol":"B","symbol":7}',
  '{"__proto__":{"symbol":"A"},"constructor":{"prototype":1}}',
  '{"symbol":"\\ud800"}',
  '{"symbol":"\\u0000"}',
  '{"symbol":1e400,"limit":-1e400}',
  `{"amount":${'9'.repeat(400)}}`,
  '\u0000',
  '\xff\xfe{\x00}\x00',
  '\xef\xbb\xbf{}',
  '{"a":"\xc3\x28"}',
  '['.repeat(60) + ']'.repeat(60),
  '['.repeat(20_000),
  '{"a":'.repeat(3_000) + '1' + '}'.repeat(3_000),
  '{}\n{}\nnull\n[]\n{"datetime":"14.03.2023 10:00:00.000"}\n{bad\n',
  'symbol=A&limit=1',
  '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
];
const HEADERS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  Accept: fc.constantFrom(
    '*/*',
    'application/xml',
    'text/event-stream',
    'application/x-ndjson',
    'image/png;q=2',
    ',,',
    '',
  ),
  'Idempotency-Key': fc.constantFrom('a', 'b', 'c', '', ' ', 'x'.repeat(300), '"quoted"', '\xe9'),
  Prefer: fc.constantFrom('wait=0', 'wait=1', 'wait=-1', 'wait=abc', 'respond-async', 'wait=1, wait=2'),
  'Last-Event-ID': fc.constantFrom('0', '1', '-1', 'x', '99999999999999999999'),
  'X-Request-Id': fc.constantFrom('ok-1', '', ' ', 'x'.repeat(500), '<b>', '\xff', '../x'),
  'If-None-Match': fc.constantFrom('*', '"x"', 'W/"x"', 'x'),
  'If-Match': fc.constantFrom('*', '"x"'),
  Range: fc.constantFrom('bytes=0-1', 'bytes=9-1', 'lines=1-'),
  Origin: fc.constantFrom('null', 'https://evil.example', 'x'),
  Expect: fc.constantFrom('100-continue'),
  'X-Forwarded-For': fc.constantFrom('6.6.6.6', 'unknown', '::1, 1.2.3.4:80', ','),
  'X-HTTP-Method-Override': fc.constantFrom('DELETE', 'GET'),
  Cookie: fc.constantFrom('a=b', '__proto__=1', ';'),
  'Accept-Encoding': fc.constantFrom('gzip', 'br;q=x', '*'),
};

const sometimes = <T>(one: fc.Arbitrary<T>, otherwise: T, oneIn: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary: one });

/** Requests to all routes of the description, equally often; smaller ones first where a failure is made smaller. */
export function requestsFor(document: Document, routes: readonly Route[]): fc.Arbitrary<FuzzRequest> {
  const values = new SchemaValues(document);
  return fc.oneof(...routes.map((route) => requestTo(route, values)));
}

function requestTo(route: Route, values: SchemaValues): fc.Arbitrary<FuzzRequest> {
  const inPath = route.parameters.filter((one) => one.in === 'path');
  return fc.record({
    route: fc.constant(route),
    method: sometimes(fc.constantFrom(...METHODS), route.method, 25),
    style: sometimes(fc.constantFrom(...PATH_STYLES), 'plain', 12),
    asker: askerOf(route),
    path: fc.record(Object.fromEntries(inPath.map((one) => [one.name, pathText(one, values)]))),
    query: queryOf(route, values),
    rawQuery: sometimes(fc.constantFrom(...RAW_QUERIES), '', 20),
    body: bodyOf(route, values),
    contentType: sometimes(
      fc.constantFrom(...CONTENT_TYPES, ...route.otherBodies.map(({ contentType }) => contentType)),
      'application/json',
      route.otherBodies.length > 0 ? 3 : 10,
    ),
    chunked: sometimes(fc.constant(true), false, 8),
    encoding: sometimes(fc.constantFrom('gzip', 'br', 'false gzip', 'unknown'), 'none', 20),
    headers: sometimes(
      fc
        .subarray(Object.entries(HEADERS), { maxLength: 2 })
        .chain((some) => fc.record(Object.fromEntries(some)) as fc.Arbitrary<Record<string, string>>),
      {},
      4,
    ),
  });
}

function askerOf({ policy }: Route): fc.Arbitrary<Asker> {
  const admitted: readonly Asker['role'][] =
    policy?.roles !== undefined && policy.roles.length > 0 ? policy.roles : [...ROLES, 'anonymous'];
  return fc.record({
    role: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...admitted) },
      { weight: 2, arbitrary: fc.constantFrom<Asker['role']>('anonymous', ...ROLES) },
    ),
    by: fc.oneof(
      { weight: 6, arbitrary: fc.constant('key' as const) },
      { weight: 3, arbitrary: fc.constant('token' as const) },
      { weight: 1, arbitrary: fc.constantFrom('bad key', 'bad token', 'empty key', 'both') },
    ),
  });
}

const asText = (value: unknown): Text => ({
  text: typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
});
const nth: fc.Arbitrary<Text> = fc.nat(20).map((index) => ({ nth: index }));

const pathText = (one: Parameter, values: SchemaValues): fc.Arbitrary<Text> =>
  fc.oneof(
    { weight: 5, arbitrary: one.schema.enum === undefined ? nth : values.valid(one.schema).map(asText) },
    { weight: 1, arbitrary: values.valid(one.schema).map(asText) },
    { weight: 1, arbitrary: values.near(one.schema).map(asText) },
    { weight: 1, arbitrary: hostileText.map((text) => ({ text })) },
  );

function queryOf(route: Route, values: SchemaValues): fc.Arbitrary<FuzzRequest['query']> {
  const parameters = route.parameters.filter((one) => one.in === 'query');
  const stray = fc.tuple(
    hostileText,
    hostileText.map((text): Text => ({ text })),
  );
  if (parameters.length === 0) return sometimes(fc.array(stray, { maxLength: 1 }), [], 20);
  const declared = parameters.map((one) =>
    fc.tuple(
      fc.constant(one.name),
      fc.oneof(
        { weight: 4, arbitrary: values.valid(one.schema).map(asText) },
        { weight: 1, arbitrary: one.name.endsWith('_id') ? nth : values.valid(one.schema).map(asText) },
        { weight: 2, arbitrary: values.near(one.schema).map(asText) },
      ),
    ),
  );
  return fc.array(fc.oneof(...declared, ...(declared.length > 3 ? [stray] : [])), { maxLength: 3 });
}

function bodyOf({ body, otherBodies, method }: Route, values: SchemaValues): fc.Arbitrary<Body | null> {
  const raw = fc.oneof(
    fc.constantFrom(...RAW_BODIES, ...otherBodies.map(({ text }) => text)).map((bytes) => ({ bytes })),
    fc.string({ maxLength: 40 }).map((bytes) => ({ bytes })),
    hostileValue.map((json) => ({ json })),
  );
  if (body === null) return sometimes<Body | null>(raw, null, method === 'GET' ? 30 : 6);
  const valid = values.valid(body.schema);
  const json = (one: fc.Arbitrary<unknown>): fc.Arbitrary<Body> => one.map((value) => ({ json: value }));
  return fc.oneof<fc.MaybeWeightedArbitrary<Body | null>[]>(
    { weight: 4, arbitrary: json(body.examples.length === 0 ? valid : fc.constantFrom(...body.examples)) },
    { weight: 3, arbitrary: json(valid) },
    { weight: 7, arbitrary: json(values.nearlyValid(body.schema, body.examples)) },
    { weight: 2, arbitrary: raw },
    ...(otherBodies.length === 0
      ? []
      : [
          {
            weight: 3,
            arbitrary: fc.constantFrom(...otherBodies).map(({ text }): Body => ({ bytes: text })),
          },
        ]),
    { weight: 1, arbitrary: fc.constant(null) },
  );
}
