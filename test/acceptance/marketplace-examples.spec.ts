import { resolve } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { type HttpAnswer } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { TestCluster } from '../harness/cluster.js';

interface Schema {
  readonly $ref?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}
interface Media {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, { readonly value: object }>>;
}
interface Description {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly requestBody?: {
              readonly content: Readonly<Record<string, Media>>;
            };
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

let app: TestApp;
let description: Description;
afterEach(() => app.close());

async function open(
  start: (options: { readonly config: Readonly<Record<string, unknown>> }) => Promise<TestApp>,
): Promise<void> {
  const sample = (name: string) => resolve('examples/data', name);
  app = await start({
    config: {
      data_source: 'file',
      data_files: {
        SYNTHFX: sample('synthetic_fx_1h_2023.csv'),
        SP500: sample('sp500_daily_2000-2020.csv'),
      },
    },
  });
  description = (await app.get('/openapi.json')).body as Description;
}

/** A body as Swagger UI fills it in: the chosen example, or every field's own one. */
function exampleBody(method: string, path: string, choice = 0): Record<string, unknown> {
  const media = description.paths[path]?.[method.toLowerCase()]?.requestBody?.content['application/json'];
  if (media === undefined) throw new Error(`${method} ${path} has no body`);
  const named = Object.values(media.examples ?? {})[choice];
  if (named !== undefined) return { ...named.value };
  const name = media.schema.$ref?.split('/').at(-1) ?? '';
  return Object.fromEntries(
    Object.entries(description.components.schemas[name]?.properties ?? {}).map(([field, schema]) => {
      const value = 'example' in schema ? schema.example : schema.default;
      if (value === undefined) throw new Error(`${name}.${field} has no example`);
      return [field, value];
    }),
  );
}

/** Calls a route as an explorer does who changes only ids and the key. */
async function explore(
  key: string,
  method: string,
  path: string,
  {
    ids = {},
    changes,
    choice,
  }: {
    readonly ids?: Readonly<Record<string, string | number>>;
    /** Ids within the body. */
    readonly changes?: Readonly<Record<string, unknown>>;
    /** Which of the named examples. */
    readonly choice?: number;
  } = {},
): Promise<HttpAnswer> {
  const hasBody = description.paths[path]?.[method.toLowerCase()]?.requestBody !== undefined;
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(ids[name]));
  const answer = await app.request(method, address, {
    apiKey: key,
    ...(hasBody && { body: { ...exampleBody(method, path, choice), ...changes } }),
  });
  expect([method, path, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([
    method,
    path,
    answer.status < 300 ? answer.status : 'success',
    '',
  ]);
  return answer;
}

it.each([
  ['one process', (options) => startTestApp(options)],
  ['two processes and two workers on PostgreSQL', (options) => TestCluster.start(options)],
] satisfies [string, Parameters<typeof open>[0]][])(
  'the whole story of the marketplace can be played from the examples of the API description with %s',
  async (_, start) => {
    await open(start);
    const ROLES = ['client', 'evaluator', 'provider'] as const;
    const keys: Record<string, string> = {};
    const ids: Record<string, number> = {};
    for (const [choice, role] of ROLES.entries()) {
      const { body } = await explore(ADMIN_KEY, 'POST', '/api/v1/admin/users', { choice });
      expect(body.role).toBe(role);
      [keys[role], ids[role]] = [body.api_key as string, body.id as number];
      await explore(ADMIN_KEY, 'POST', '/api/v1/admin/users/{username}/activate', {
        ids: { username: body.username as string },
      });
    }
    const { client = '', evaluator = '', provider = '' } = keys;
    await explore('', 'POST', '/api/v1/auth/login');
    await explore(ADMIN_KEY, 'POST', '/api/v1/admin/credits', { changes: { user_id: ids['client'] } });
    const { body: price } = await explore(provider, 'POST', '/api/v1/provider/pricing');

    for (const choice of [0, 1]) {
      const { body: quote } = await explore(client, 'POST', '/api/v1/client/quote', { choice });
      const { body: request } = await explore(client, 'POST', '/api/v1/client/predict', { choice });
      expect(request.estimated_cost).toBe(quote.estimated_cost);
      const id = request.id as string;
      await explore(client, 'PUT', '/api/v1/client/predictions/{id}', { ids: { id }, choice });
      const { body: work } = await explore(evaluator, 'GET', '/api/v1/evaluator/pending');
      expect(work.pending_requests).toEqual([expect.objectContaining({ id })]);
      const lease = { ids: { request_id: id }, choice };
      await explore(evaluator, 'POST', '/api/v1/evaluator/claim/{request_id}', lease);
      await explore(evaluator, 'PUT', '/api/v1/evaluator/progress/{request_id}', lease);
      await explore(evaluator, 'POST', '/api/v1/evaluator/submit/{request_id}', lease);
      for (const file of ['results.csv', 'plot.png', 'metadata.json', 'logs.txt']) {
        const path = `/api/v1/client/predictions/${id}/download/${file}`;
        expect((await app.fetch('GET', path, { apiKey: client })).status).toBe(200);
      }
    }

    // The price of the provider's example is the one that the first request of the examples pays.
    const { body: bills } = await explore(client, 'GET', '/api/v1/client/billing');
    expect(bills).toEqual([
      expect.objectContaining({ provider_id: 0 }),
      expect.objectContaining({ provider_id: ids['provider'] }),
    ]);
    const { body: earnings } = await explore(provider, 'GET', '/api/v1/provider/earnings');
    expect(earnings).toMatchObject({ total_requests: 1, currency: price.currency });
    const { body: spend } = await explore(client, 'GET', '/api/v1/client/spend');
    const { body: summary } = await explore(ADMIN_KEY, 'GET', '/api/v1/admin/billing/summary');
    expect([spend.total_requests, spend.total_spent]).toEqual([2, summary.total_revenue]);
    await explore(ADMIN_KEY, 'POST', '/api/v1/admin/payouts', { changes: { user_id: ids['evaluator'] } });
    await explore(ADMIN_KEY, 'POST', '/api/v1/admin/invoices');
  },
  180_000,
);
