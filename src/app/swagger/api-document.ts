import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { type AccessPolicy, problem, titleOf, WARNING_SCHEMA, WARNINGS_HEADER } from '#libs/http';
import { VERSION } from '../version.js';

const DESCRIPTION = `Forecasts of financial time series with their uncertainty, synchronous answers for back-testers, a marketplace for
predictions, and an audit log of all requests. Every error is \`application/problem+json\` (RFC 9457); every answer has the
header \`X-Request-Id\`. A path works with and without a slash at its end.`;

/** The OpenAPI 3.1 description of everything that is mounted. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Prediction Provider API')
    .setVersion(VERSION)
    .setDescription(DESCRIPTION.replaceAll('\n', ' '))
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'X-API-KEY',
        description: 'API key, from `POST /api/v1/auth/api-key`.',
      },
      'api-key',
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'Login token, from `POST /api/v1/auth/login`.',
      },
      'bearer',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const schemas = { ...document.components?.schemas, Warning: WARNING_SCHEMA } as Schemas;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = (item as Partial<Record<string, Operation>>)[method];
      if (operation === undefined) continue;
      completeOperation(path, method, operation);
      declareWarnings(operation, schemas);
    }
  }
  document.components = { ...document.components, schemas, responses: commonResponses() };
  return document;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly oneOf?: Schema[];
  readonly properties?: Readonly<Record<string, object>>;
}

type Schemas = Record<string, Schema>;

interface Response {
  headers?: Record<string, object>;
  readonly content?: Readonly<Record<string, { schema: Schema }>>;
}

interface Operation {
  readonly requestBody?: unknown;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly 'x-access-policy'?: AccessPolicy;
  responses: Record<string, object>;
}

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

const EXAMPLE = { instance: '/api/v1/example', requestId: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' };
const NOT_JSON = {
  type: 'json_invalid',
  loc: ['body', 1],
  msg: 'JSON decode error',
  input: {},
  ctx: { error: "Expecting ',' delimiter" },
};

const nameOf = (status: number): string => titleOf(status).replaceAll(' ', '');

/** Each common error, declared once; operations refer to it. */
const commonResponses = () =>
  Object.fromEntries(
    Object.entries(COMMON).map(([text, [code, detail]]) => {
      const status = Number(text);
      const schema = status === 422 ? 'ValidationProblem' : 'ProblemDetails';
      return [
        nameOf(status),
        {
          description: detail,
          content: {
            'application/problem+json': {
              schema: { $ref: `#/components/schemas/${schema}` },
              example: problem(status, code, status === 422 ? [NOT_JSON] : detail, EXAMPLE),
            },
          },
        },
      ];
    }),
  );

/** Errors that any route may give are said once, where a route does not say them itself. */
function completeOperation(path: string, method: string, operation: Operation): void {
  for (const status of commonStatuses(path, method, operation)) {
    operation.responses[status] ??= { $ref: `#/components/responses/${nameOf(status)}` };
  }
}

function commonStatuses(path: string, method: string, operation: Operation): readonly number[] {
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
    ...(mode === 'public' ? [] : [401]),
    ...(mode === 'flexible' || mode === 'predict' ? [403] : []),
    ...(parameters.some(({ name }) => name === 'Idempotency-Key') ? [409] : []),
    ...(readsBody ? [413, 415, 422] : []),
    ...(path.startsWith('/api/') ? [503] : []),
  ];
}

const WARNINGS = {
  warnings: {
    type: 'array',
    items: { $ref: '#/components/schemas/Warning' },
    description: 'What of the request was ignored; absent when nothing was.',
  },
};

const HEADER = {
  description: 'JSON list of what of the request was ignored; absent when nothing was.',
  schema: { type: 'string' },
};

/** Answers of routes that take a body or a query may begin with warnings; those that are no object have a header. */
function declareWarnings(operation: Operation, schemas: Schemas): void {
  const takes =
    operation.requestBody !== undefined || operation.parameters?.some((one) => one.in === 'query');
  if (takes !== true) return;
  for (const [status, response] of Object.entries(operation.responses as Record<string, Response>)) {
    if (!status.startsWith('2')) continue;
    for (const [type, media] of Object.entries(response.content ?? {})) {
      if (type.endsWith('json') && addWarnings(media, schemas)) continue;
      response.headers = { ...response.headers, [WARNINGS_HEADER]: HEADER };
    }
  }
}

/** @returns false when the answer may be something else than an object */
function addWarnings(media: { schema: Schema }, schemas: Schemas): boolean {
  const { $ref, oneOf } = media.schema;
  if (oneOf !== undefined) {
    const choices = oneOf.map((schema) => ({ schema }));
    const all = choices.map((choice) => addWarnings(choice, schemas)).every(Boolean);
    media.schema = { ...media.schema, oneOf: choices.map(({ schema }) => schema) };
    return all;
  }
  const name = $ref?.split('/').at(-1);
  const schema = name === undefined ? media.schema : schemas[name];
  if (schema?.type !== 'object') return false;
  const declared = { ...schema, properties: { ...WARNINGS, ...schema.properties } };
  if (name === undefined) media.schema = declared;
  else schemas[name] = declared;
  return true;
}
