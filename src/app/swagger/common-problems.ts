import { problem, titleOf } from '#libs/http';
import { isAuditedPath } from '../http/exchange.js';
import type { Media, DescribedOperation, Response } from './document-parts.js';

/** Errors that many routes may give, whatever they do. */
const COMMON: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['malformed_path', 'The path is not valid percent-encoded UTF-8; write a literal % as %25'],
  401: ['invalid_token', 'Invalid or expired token'],
  403: ['api_key_required', 'API key required'],
  408: ['malformed_request', 'Request Timeout'],
  409: ['idempotency_in_progress', 'A request with this Idempotency-Key is being processed'],
  413: ['too_large', 'The request body is larger than 1048576 bytes'],
  415: ['content_encoding', 'Bodies with a Content-Encoding are not read; send the body uncompressed'],
  417: ['expectation_failed', 'Expectation Failed'],
  422: ['invalid', 'JSON decode error'],
  429: ['rate_limit', 'Rate limit of 60 requests a minute reached for predictions'],
  431: ['malformed_request', 'Request Header Fields Too Large'],
  500: ['internal', 'Internal Server Error'],
  503: ['audit_unavailable', 'The request could not be recorded, so its answer is withheld'],
};

/** The 503 of routes that leave no row: who asks, and how often, is in the database too. */
const AWAY = ['database_unavailable', 'The database cannot be reached at the moment'] as const;

/** What goes wrong before the route is known is the same everywhere, and said once; its example names one path. */
const BEFORE_THE_ROUTE: ReadonlySet<number> = new Set([400, 408, 413, 415, 417, 431, 500]);

const REQUEST_ID = '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e';
const ANY_PATH = '/api/v1/predictions';
const NOT_JSON = {
  type: 'json_invalid',
  loc: ['body', 1],
  msg: 'JSON decode error',
  input: {},
  ctx: { error: "Expecting ',' delimiter" },
};

const nameOf = (status: number): string => titleOf(status).replaceAll(' ', '');

function commonProblem(status: number, instance: string): Response {
  const common = status === 503 && !isAuditedPath(instance) ? AWAY : COMMON[status];
  const [code, detail] = common ?? ['internal', titleOf(status)];
  const schema = { $ref: `#/components/schemas/${status === 422 ? 'ValidationProblem' : 'ProblemDetails'}` };
  const occurrence = { instance, requestId: REQUEST_ID };
  const example = problem(status, code, status === 422 ? [NOT_JSON] : detail, occurrence);
  return { description: detail, content: { 'application/problem+json': { schema, example } } };
}

/** The errors of {@link BEFORE_THE_ROUTE}; operations refer to them. */
export const sharedProblems = (): Record<string, Response> =>
  Object.fromEntries(
    [...BEFORE_THE_ROUTE].map((status) => [nameOf(status), commonProblem(status, ANY_PATH)]),
  );

/** Adds the errors that any route may give, where the route does not say them itself, and its path to all examples. */
export function declareProblems(path: string, method: string, operation: DescribedOperation): void {
  const instance = examplePath(path, operation);
  for (const response of Object.values(operation.responses as Record<string, Response>))
    for (const media of Object.values(response.content ?? {})) happenAt(instance, media);
  for (const status of commonStatuses(method, operation)) {
    operation.responses[status] ??= BEFORE_THE_ROUTE.has(status)
      ? { $ref: `#/components/responses/${nameOf(status)}` }
      : commonProblem(status, instance);
  }
}

/** The path with the examples of its parameters: `/api/v1/predictions/1`. */
const examplePath = (path: string, { parameters = [] }: DescribedOperation): string =>
  path.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
    const example = parameter?.example ?? parameter?.schema?.example;
    return example === undefined ? placeholder : String(example);
  });

function happenAt(instance: string, media: Media): void {
  const { example } = media;
  if (typeof example === 'object' && example !== null && 'instance' in example)
    media.example = { ...example, instance };
}

function commonStatuses(method: string, operation: DescribedOperation): readonly number[] {
  const { parameters = [], responses } = operation;
  const mode = operation['x-access-policy']?.mode ?? 'public';
  // Routes that are never allowed do not read their bodies.
  const readsBody = method !== 'get' && method !== 'head' && responses['405'] === undefined;
  return [
    400,
    408,
    417,
    429,
    431,
    500,
    503,
    ...(mode === 'public' ? [] : [401]),
    ...(mode === 'flexible' || mode === 'predict' ? [403] : []),
    ...(parameters.some(({ name }) => name === 'Idempotency-Key') ? [409] : []),
    ...(readsBody ? [413, 415, 422] : []),
  ];
}
