import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteTable } from '#libs/http';
import { apiDocument } from './api-document.js';

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

interface Content {
  readonly schema?: unknown;
  readonly example?: unknown;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, Content>> };
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: unknown): string =>
  String(text ?? '').replaceAll(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
const json = (value: unknown): string => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
summary{cursor:pointer;font-family:ui-monospace,monospace}details{border-bottom:1px solid #d8dee4;padding:.4rem 0}
pre{background:#f6f8fa;padding:.6rem;overflow:auto;font-size:13px}td{padding:.1rem .8rem .1rem 0;vertical-align:top}
b.m{display:inline-block;width:5.5rem}`;

/** The API description as one plain page, made here: it loads nothing from anywhere and needs no script. */
function referencePage(document: OpenAPIObject): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      tags: operation.tags ?? ['other'],
      section: operationSection(path, method, operation),
    })),
  );
  const sections = [...new Set(operations.flatMap(({ tags }) => tags))].map((tag) => {
    const members = operations.filter(({ tags }) => tags.includes(tag));
    return `<h2>${escape(tag)}</h2>${members.map(({ section }) => section).join('')}`;
  });
  const { title, version, description } = document.info;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="/docs/favicon-32x32.png">
<title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escape(title)} ${escape(version)}</h1><p>${escape(description)}</p>
<p><a href="/docs">Try it</a> · <a href="/openapi.json">openapi.json</a></p>
${sections.join('\n')}<h2>Schemas</h2>${schemaSections(document)}</body></html>`;
}

function operationSection(path: string, method: string, operation: Operation): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  return `<details><summary><b class="m">${escape(method.toUpperCase())}</b> ${escape(path)}</summary>
<p>${escape(summary ?? description)}</p>${parameterTable(parameters ?? [])}
${contents('Body', requestBody?.content)}
${Object.entries(responses ?? {})
  .map(
    ([status, answer]) =>
      `<h4>${escape(status)} ${escape(answer.description)}</h4>${contents('', answer.content)}`,
  )
  .join('')}</details>`;
}

function parameterTable(parameters: NonNullable<Operation['parameters']>): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${escape(one.name)}</code>${one.required === true ? ' *' : ''}</td><td>${escape(one.in)}</td>` +
      `<td>${escape(one.description)}</td><td><code>${escape(JSON.stringify(one.schema ?? {}))}</code></td></tr>`,
  );
  return `<table>${rows.join('')}</table>`;
}

function contents(title: string, content: Readonly<Record<string, Content>> | undefined): string {
  const parts = Object.entries(content ?? {}).map(
    ([type, { schema, example }]) => `<p><code>${escape(type)}</code></p>${json(example ?? schema ?? {})}`,
  );
  return parts.length === 0 ? '' : `${title === '' ? '' : `<h4>${escape(title)}</h4>`}${parts.join('')}`;
}

function schemaSections(document: OpenAPIObject): string {
  return Object.entries(document.components?.schemas ?? {})
    .map(([name, schema]) => `<details><summary>${escape(name)}</summary>${json(schema)}</details>`)
    .join('');
}
