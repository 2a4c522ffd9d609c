import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { RouteTable } from '#libs/http';
import { apiDocument } from './api-document.js';
import { EXPLORER, type Asset } from './explorer.js';
import { referencePage } from './reference-page.js';

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
