import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TransactionRunner } from '#libs/database';
import { eventually, gate, type HttpAnswer } from '#libs/testing';
import { apiDocument } from '../../src/app/swagger/api-document.js';
import { ADMIN_KEY, ADAPTERS, startTestApp, type LogLine, type TestApp } from '../harness/app.js';
import { OwnPostgres } from '../harness/own-postgres.js';
import { Accounts } from '../security/accounts.js';
import { pathWith, routesOf, type WalkedRoute } from '../security/walked-routes.js';

jest.setTimeout(120_000);

/** What answers although the database is away. */
const NEEDS_NONE = [
  'GET /',
  'GET /health',
  'GET /health/details',
  'GET /health/live',
  'GET /info',
  'GET /metrics',
  'GET /plugins',
  'GET /v2',
  'GET /v2/health/live',
];
const POOL = 2;
const READ = '/api/v1/predictions/';

let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await OwnPostgres.launch();
});
afterAll(() => postgres.close());

describe.each(ADAPTERS)('while PostgreSQL is away [%s]', (adapter) => {
  let app: TestApp;
  let clientKey: string;
  let routes: readonly WalkedRoute[];
  beforeAll(async () => {
    const config = {
      database_url: await postgres.create(`outage_${adapter}`),
      database_pool_size: POOL,
      database_max_overflow: 0,
      core_plugin: 'sync_core',
      endpoint_plugins: [
        'default_endpoints',
        'health_endpoint',
        'info_endpoint',
        'metrics_endpoint',
        'predict_endpoint',
      ],
    };
    app = await startTestApp({ adapter, config });
    clientKey = (await new Accounts(app).make('client')).apiKey;
    routes = routesOf(apiDocument(app.app));
  });
  afterAll(() => app.close());

  const call = (route: WalkedRoute, apiKey?: string): Promise<HttpAnswer> =>
    app.request(route.method, pathWith(route.template, 1), {
      ...(route.hasBody && { body: '{}' }),
      ...(apiKey !== undefined && { apiKey }),
      headers: { Prefer: 'wait=0' },
    });
  const linesSince = (count: number): readonly LogLine[] =>
    app.logLines.slice(count).filter(({ level }) => level !== 'INFO');
  const isBack = () =>
    eventually(
      'the outage is over',
      async () => (await app.get('/metrics')).text.includes('\ndatabase_up 1\n'),
      30_000,
    );

  it('every route answers 503, or what needs no database, and the log says so once', async () => {
    const before = app.logLines.length;
    await postgres.stop();
    const wrong: string[] = [];
    const without = new Set<string>();
    for (const key of [undefined, ADMIN_KEY]) {
      const answers = await Promise.all(routes.map((route) => call(route, key)));
      for (const [index, { status, headers, text }] of answers.entries()) {
        const { method = '', template = '' } = routes[index] ?? {};
        const name = `${method} ${template}`;
        if (status === 200) without.add(name);
        else if (
          status !== 503 ||
          headers.get('retry-after') === null ||
          !/problem\+json/.test(headers.get('content-type') ?? '')
        )
          wrong.push(`${name}: ${status} ${headers.get('retry-after')} ${text}`);
      }
    }
    expect(wrong).toEqual([]);
    expect([...without].sort()).toEqual(NEEDS_NONE);
    const figures = (await app.get('/metrics')).text;
    expect(figures).toContain('\ndatabase_up 0\n');
    expect(Number(/^database_refusals (\d+)$/m.exec(figures)?.[1])).toBeGreaterThan(routes.length);
    await postgres.start();
    await isBack();
    expect((await app.get(READ, { apiKey: clientKey })).status).toBe(200);
    expect(linesSince(before)).toEqual([
      expect.objectContaining({ level: 'ERROR', code: 'database_unavailable', reason: expect.any(String) }),
      expect.objectContaining({ level: 'WARNING', msg: expect.stringContaining('serves again') }),
    ]);
  });

  it('standing still, it costs no request more than some seconds and readiness none', async () => {
    const before = app.logLines.length;
    await postgres.pause();
    const [read, ready] = await Promise.all([
      timed(app.get(READ, { apiKey: clientKey })),
      timed(app.get('/health/ready')),
    ]);
    expect(ready.answer.status).toBe(503);
    expect(ready.ms).toBeLessThan(2_000);
    expect(read.answer.status).toBe(503);
    expect(read.ms).toBeLessThan(8_000);
    const next = await timed(app.get(READ, { apiKey: clientKey }));
    expect(next.answer.status).toBe(503);
    expect(next.ms).toBeLessThan(1_000);
    await postgres.resume();
    await isBack();
    expect((await app.get(READ, { apiKey: clientKey })).status).toBe(200);
    expect((await app.get('/health/ready')).status).toBe(200);
    expect(linesSince(before)).toHaveLength(2);
  });

  // the pool is the same for both, and this is ten seconds of waiting
  if (adapter === 'fastify')
    it('without a free connection, requests are refused with 503 in time', async () => {
      const release = gate();
      const held = Array.from({ length: POOL }, () =>
        app.app.get(TransactionRunner, { strict: false }).run(async (tx) => {
          await tx.manager.query('SELECT 1');
          await release.opened;
        }),
      );
      const { answer, ms } = await timed(app.get(READ, { apiKey: clientKey }));
      release.open();
      await Promise.all(held);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(ms).toBeLessThan(12_000);
      await isBack();
      expect((await app.get(READ, { apiKey: clientKey })).status).toBe(200);
    });
});

async function timed(asked: Promise<HttpAnswer>): Promise<{ answer: HttpAnswer; ms: number }> {
  const started = performance.now();
  return { answer: await asked, ms: performance.now() - started };
}
