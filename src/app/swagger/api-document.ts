import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { AppConfig } from '#libs/config';
import { WARNING_SCHEMA } from '#libs/http';
import { VERSION } from '../version.js';
import { declareHeaders, HEADERS } from './answer-headers.js';
import { declareProblems, sharedProblems } from './common-problems.js';
import type { DescribedOperation, Parameter, Schemas } from './document-parts.js';
import { TAGS } from './tags.js';
import { declareWarnings, declareWarningsOfProblems } from './warnings-in-answers.js';

const DESCRIPTION = `Forecasts of financial time series with their uncertainty, synchronous answers for back-testers, a
marketplace for predictions, and an audit log of all requests.

### Try it

Open **Submit a prediction** below and press *Execute*: that needs no key unless the service asks for one. For the rest press
*Authorize* and paste a key; \`npm run demo\` prints the first two.

| Key of | What it opens |
| --- | --- |
| a client | predictions, orders (*client*), own money (*billing*), *webhooks* |
| an administrator | accounts and figures (*administration*), credits and payouts (*billing*), *audit*; no predictions but those below \`/api/v1/secure\` |
| an evaluator | *evaluator* |
| a provider | prices and earnings (*billing*) |

### What holds everywhere

Every error is \`application/problem+json\` (RFC 9457); every answer has the header \`X-Request-Id\`. A path works with and
without a slash at its end. What of a request was ignored is named in \`warnings\`.`;

/** The OpenAPI 3.1 description of everything that is mounted. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, headOfDocument(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const schemas = { ...document.components?.schemas, Warning: WARNING_SCHEMA } as Schemas;
  const isClosed = app.get(AppConfig).require_auth;
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = (item as Partial<Record<string, DescribedOperation>>)[method];
      if (operation === undefined) continue;
      operation.operationId = plainId(operation.operationId ?? '');
      operation.security = securityOf(operation, isClosed);
      operation.parameters?.forEach(leaveUnfilled);
      // What a controller declares for all of its routes is one object.
      operation.responses = structuredClone(operation.responses);
      declareProblems(path, method, operation);
      declareWarnings(operation, schemas);
      declareHeaders(operation);
    }
  }
  declareWarningsOfProblems(schemas);
  document.components = { ...document.components, schemas, headers: HEADERS, responses: sharedProblems() };
  return document;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

function headOfDocument(): Omit<OpenAPIObject, 'paths'> {
  const head = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Prediction Provider API')
    .setVersion(VERSION)
    .setDescription(DESCRIPTION)
    .setContact('Prediction Provider', '', '')
    .addServer('/', 'This service')
    .addApiKey(
      {
        type: 'apiKey',
        in: 'header',
        name: 'X-API-KEY',
        description: 'API key, from `POST /api/v1/auth/api-key` or an administrator.',
      },
      API_KEY,
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'Login token, from `POST /api/v1/auth/login`.',
      },
      TOKEN,
    )
    .build();
  const license = { name: 'MIT', identifier: 'MIT' };
  return {
    ...head,
    info: { ...head.info, contact: { name: 'Prediction Provider' }, license },
    tags: [...TAGS],
  };
}

const [API_KEY, TOKEN] = ['api-key', 'bearer'] as const;

/** A handler of several paths gets a number for each in brackets, which generators of clients do not take for a name. */
const plainId = (id: string): string =>
  id.replace(/\[(\d+)\]$/, (_, index: string) => (index === '0' ? '' : String(Number(index) + 1)));

/** What opens the route, from its policy; without a credential where that is allowed. */
function securityOf(operation: DescribedOperation, isClosed: boolean): Record<string, string[]>[] {
  const mode = operation['x-access-policy']?.mode ?? 'public';
  if (mode === 'public') return [];
  const credentials = [{ [API_KEY]: [] }, { [TOKEN]: [] }];
  return mode === 'strict' || isClosed ? credentials : [{}, ...credentials];
}

/**
 * The explorer sends the example of a parameter as if it had been typed in: a filter that finds nothing, or the key of an
 * earlier request. What may be left out is left out.
 */
function leaveUnfilled(parameter: Parameter): void {
  if (parameter.required === true) return;
  delete parameter.example;
  delete parameter.schema?.example;
}
