import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file of the API explorer, ready to be sent. */
export interface Asset {
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
export const EXPLORER: Readonly<Record<string, () => Promise<Asset>>> = {
  '/docs': async () => ({ contentType: HTML, body: PAGE }),
  '/docs/start.js': async () => ({ contentType: SCRIPT, body: START }),
  '/docs/swagger-ui-bundle.js': fromPackage('swagger-ui-bundle.js', SCRIPT),
  '/docs/swagger-ui.css': fromPackage('swagger-ui.css', 'text/css; charset=utf-8'),
  '/docs/favicon-32x32.png': fromPackage('favicon-32x32.png', 'image/png'),
};
