import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteTable } from '#libs/http';
import { apiDocument } from './api-document.js';
import { referencePage } from './reference-page.js';

/** A file of the API explorer, ready to be sent. */
interface Asset {
  readonly contentType: string;
  readonly body: string | Buffer;
}

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Prediction Provider API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;

const START = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
});`;

const fromPackage = (name: string, contentType: string) => async (): Promise<Asset> => ({
  contentType,
  body: await readFile(join(folder, name)),
});

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/**
 * The API explorer (Swagger UI): every file that it consists of, by path. Served from here and not by
 * @nestjs/swagger, whose own way needs a static-file plugin and ends the process where that can't be loaded.
 */
const EXPLORER: Readonly<Record<string, () => Promise<Asset>>> = {
  '/docs': async () => ({ contentType: HTML, body: PAGE }),
  '/docs/start.js': async () => ({ contentType: SCRIPT, body: START }),
  '/docs/swagger-ui-bundle.js': fromPackage('swagger-ui-bundle.js', SCRIPT),
  '/docs/swagger-ui.css': fromPackage('swagger-ui.css', 'text/css; charset=utf-8'),
  '/docs/favicon-32x32.png': fromPackage('favicon-32x32.png', 'image/png'),
};

/** What both HTTP libraries' replies can do. */
interface PageResponse {
  type(contentType: string): PageResponse;
  header(name: string, value: string): PageResponse;
  send(body: string | Buffer): unknown;
}

/**
 * Serves the description at `/openapi.json`, the explorer at `/docs` and a page to read at `/redoc`. The description is
 * worked out when it is first asked for: a start does not wait for it.
 */
export function serveDocumentation(app: INestApplication, routes: RouteTable): void {
  let made: OpenAPIObject | null = null;
  const document = (): OpenAPIObject => (made ??= apiDocument(app));
  const pages: Readonly<Record<string, () => Promise<Asset>>> = {
    ...EXPLORER,
    '/openapi.json': async () => ({
      contentType: 'application/json; charset=utf-8',
      body: JSON.stringify(document()),
    }),
    '/redoc': async () => ({ contentType: 'text/html; charset=utf-8', body: referencePage(document()) }),
  };
  for (const [template, page] of Object.entries(pages)) {
    let asset: Promise<Asset> | null = null;
    app.getHttpAdapter().get(template, async (_request: unknown, response: PageResponse) => {
      const { contentType, body } = await (asset ??= page());
      response.type(contentType).header('Cache-Control', 'no-cache').send(body);
      return response;
    });
    routes.add({ method: 'GET', template });
  }
}
