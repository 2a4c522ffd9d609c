import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problem, titleOf } from '#libs/http';
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
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = (item as Partial<Record<string, Operation>>)[method];
      if (operation !== undefined) completeOperation(path, operation);
    }
  }
  return document;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

interface Operation {
  requestBody?: unknown;
  responses: Record<string, object>;
}

const COMMON: Readonly<Record<number, readonly [code: string, detail: string]>> = {
  400: ['malformed_path', 'The path is not valid percent-encoded UTF-8; write a literal % as %25'],
  413: ['too_large', 'The request body is larger than 1048576 bytes'],
  500: ['internal', 'Internal Server Error'],
  503: ['audit_unavailable', 'The request could not be recorded, so its answer is withheld'],
};

/** Errors that any route may give are said once, here, where a route does not say them itself. */
function completeOperation(path: string, operation: Operation): void {
  const statuses = [
    ...(path.includes('{') ? [400] : []),
    ...(operation.requestBody === undefined ? [] : [413]),
    500,
    ...(path.startsWith('/api/') ? [503] : []),
  ];
  for (const status of statuses) {
    const [code, detail] = COMMON[status] ?? ['internal', titleOf(status)];
    operation.responses[status] ??= {
      description: titleOf(status),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/ProblemDetails' },
          example: problem(status, code, detail, {
            instance: path,
            requestId: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e',
          }),
        },
      },
    };
  }
}
