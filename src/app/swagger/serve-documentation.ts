import type { INestApplication } from '@nestjs/common';
import type { RouteTable } from '#libs/http';
import { apiDocument } from './api-document.js';
import { type Asset, assetOf, EXPLORER, favicon, type PageSource } from './documentation-pages.js';

/** What both HTTP libraries' requests and replies can do. */
interface PageRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
interface PageResponse {
  status(code: number): PageResponse;
  header(name: string, value: string): PageResponse;
  send(body?: string | Buffer): unknown;
}

const MOVED_PERMANENTLY = 308;
const NOT_MODIFIED = 304;

/** Serves the icon of the pages and, unless it is switched off, the explorer at `/docs` and its description. */
export function serveDocumentation(app: INestApplication, routes: RouteTable, hasExplorer: boolean): void {
  const get = (
    template: string,
    send: (request: PageRequest, response: PageResponse) => Promise<unknown>,
  ) => {
    app
      .getHttpAdapter()
      .get(template, (request: PageRequest, response: PageResponse) =>
        send(request, response).then(() => response),
      );
    routes.add({ method: 'GET', template });
  };
  const pages: Readonly<Record<string, () => Promise<PageSource>>> = {
    '/favicon.ico': favicon,
    ...(hasExplorer && { ...EXPLORER, '/openapi.json': () => description(app) }),
  };
  for (const [template, page] of Object.entries(pages)) {
    // Made when it is first asked for: a start does not wait for it.
    let asset: Promise<Asset> | null = null;
    get(template, async (request, response) =>
      sendAsset(await (asset ??= page().then(assetOf)), request, response),
    );
  }
  // The Python service had a second page there; the explorer shows the same, and more.
  if (hasExplorer)
    get('/redoc', (_, response) =>
      Promise.resolve(response.status(MOVED_PERMANENTLY).header('Location', '/docs').send('')),
    );
}

const description = (app: INestApplication): Promise<PageSource> =>
  Promise.resolve({
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify(apiDocument(app)),
  });

function sendAsset(
  { contentType, body, gzipped, digest }: Asset,
  { headers }: PageRequest,
  response: PageResponse,
): void {
  const isZipped = gzipped !== null && /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
  const tag = `"${digest}${isZipped ? '-gzip' : ''}"`;
  response.header('Cache-Control', 'no-cache').header('ETag', tag).header('Vary', 'Accept-Encoding');
  if (String(headers['if-none-match'] ?? '').includes(tag)) {
    response.status(NOT_MODIFIED).send();
    return;
  }
  response.header('Content-Type', contentType);
  if (isZipped) response.header('Content-Encoding', 'gzip');
  response.send(isZipped ? gzipped : body);
}
