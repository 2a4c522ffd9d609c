import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { tinyPlugins } from '#libs/testing';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { ProbeModule } from './probe.js';
import { ADMIN_KEY, describeOnAdapters, startTestApp, type TestApp } from '../../harness/app.js';

/** A request as it stands, for what `fetch` refuses to send. */
function raw(app: TestApp, path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: app.server.port, path, method, headers },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    request.on('error', reject).end();
  });
}

describeOnAdapters('the HTTP server', (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      adapter,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
      config: {
        body_limit_bytes: 2048,
        batch_body_limit_bytes: 65_536,
        allowed_origins: ['https://desk.example.com'],
        trusted_proxies: ['127.0.0.0/8'],
      },
    });
  }, 60_000);
  afterAll(() => app?.close());
  it('has the exact root and health answers', async () => {
    expect((await app.get('/')).body).toEqual({
      message: 'Prediction Provider API',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      docs: '/docs',
    });
    expect((await app.get('/health')).body).toEqual({ status: 'ok' });
    expect((await app.get('/health/live')).body).toEqual({ status: 'ok' });
    const ready = await app.get('/health/ready');
    expect(ready.body).toMatchObject({
      status: 'ok',
      details: { database: { status: 'up' }, jobs: { status: 'up' } },
    });
    expect((await app.request('OPTIONS', '/api/v1/predict')).body).toEqual({ message: 'OK' });
  });

  it('answers errors as problem details with the request id', async () => {
    const answer = await app.get('/api/probe/orders/404', { headers: { 'X-Request-Id': 'backtest-7' } });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('x-request-id')).toBe('backtest-7');
    expect(answer.body).toEqual({
      type: 'urn:prediction-provider:problem:not-found',
      title: 'Not Found',
      status: 404,
      detail: 'Order not found',
      instance: '/api/probe/orders/404',
      request_id: 'backtest-7',
    });
  });

  it('replaces request ids that are not harmless', async () => {
    for (const id of ['a b', 'x'.repeat(129), '<script>']) {
      const answer = await app.get('/health', { headers: { 'X-Request-Id': id } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('tells an unknown path from a wrong method', async () => {
    expect(await app.get('/api/probe/nothing')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    const wrong = await app.request('DELETE', '/api/probe/orders/1');
    expect(wrong).toMatchObject({ status: 405, body: { detail: 'Method Not Allowed' } });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, PUT');
    expect((await app.post('/docs', {})).status).toBe(405);
  });

  it('serves both slash forms, HEAD like GET, and the path case as declared', async () => {
    expect((await app.get('/api/probe/orders/5/')).body).toEqual({ id: 5 });
    expect((await app.post('/api/probe/anything/', { a: 1 })).status).toBe(201);
    const head = await app.request('HEAD', '/api/probe/orders/5');
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '8']);
    expect((await app.get('/API/probe/orders/5')).status).toBe(404);
  });

  it('says where a body stops being JSON, before it asks for credentials', async () => {
    const put = (body: string) => app.request('PUT', '/api/probe/orders/1', { body });
    const fault = async (body: string) => (await put(body)).body.detail[0];
    expect((await put('{"a": 1,}')).status).toBe(422);
    expect(await fault('{"a": 1,}')).toEqual({
      type: 'json_invalid',
      loc: ['body', 8],
      msg: 'JSON decode error',
      input: {},
      ctx: { error: 'Expecting property name enclosed in double quotes' },
    });
    expect((await fault('nope')).loc).toEqual(['body', 0]);
    expect((await fault('{"a": NaN}')).loc).toEqual(['body', 6]);
    expect((await fault(`${'['.repeat(70)}${']'.repeat(70)}`)).ctx.error).toMatch(/deeper/);
    expect((await put('{}')).status).toBe(401);
  });

  it('says that it reads no compressed bodies, rather than taking them for broken JSON', async () => {
    const headers = { 'Content-Encoding': 'gzip' };
    expect(await app.post('/api/probe/orders', gzipSync('{"symbol":"A"}'), { headers })).toMatchObject({
      status: 415,
      body: { type: 'urn:prediction-provider:problem:content-encoding' },
    });
    const plain = { headers: { 'Content-Encoding': 'identity' } };
    expect((await app.post('/api/probe/orders', { symbol: 'A' }, plain)).status).toBe(201);
  });

  it('checks credential, role and then input', async () => {
    const key = { apiKey: ADMIN_KEY };
    expect((await app.request('PUT', '/api/probe/orders/x', { body: {} })).status).toBe(401);
    expect((await app.request('PUT', '/api/probe/orders/x', { body: {}, ...key })).status).toBe(403);
    const answer = await app.get('/api/probe/orders/x');
    expect(answer).toMatchObject({
      status: 422,
      body: { detail: [{ type: 'int_parsing', loc: ['path', 'id'] }] },
    });
    expect((await app.get('/api/probe/orders/99999999999999999999')).status).toBe(422);
    expect((await app.get('/api/probe/numbers?n=1&n=2')).body).toEqual([1, 2]);
    expect((await app.get('/api/probe/numbers?n=1&n=20')).body.detail[0].loc).toEqual(['query', 'n', 1]);
  });

  it('refuses what is no JSON object, whatever it is called', async () => {
    const type = async (path: string, body: string | undefined, contentType = 'application/json') =>
      (await app.request('POST', path, { body, headers: { 'Content-Type': contentType } })).body.detail[0]
        .type;
    expect(await type('/api/probe/orders', '{"symbol":"A"}', 'text/plain')).toBe('model_attributes_type');
    expect(await type('/api/probe/orders', '[]')).toBe('model_attributes_type');
    expect(await type('/api/probe/orders', '')).toBe('missing');
    expect(await type('/api/probe/orders', 'null')).toBe('missing');
    expect(await type('/api/probe/anything', '[]')).toBe('dict_type');
    expect(await type('/api/probe/anything', 'a=1', 'application/x-www-form-urlencoded')).toBe('dict_type');
    expect(
      (await app.post('/api/probe/orders', '{"symbol":"A"}', { headers: { 'Content-Type': 'nonsense' } }))
        .status,
    ).toBe(422);
  });

  it('drops __proto__ keys', async () => {
    const answer = await app.post(
      '/api/probe/anything',
      '{"a":1,"__proto__":{"admin":true},"\\u005f_proto__":1}',
    );
    expect(answer.body).toEqual({ keys: ['a'] });
  });

  it('limits bodies by route, sent with a length or in chunks', async () => {
    const large = JSON.stringify({ symbol: 'A', note: 'x'.repeat(4000) });
    const answer = await app.post('/api/probe/orders', large);
    expect(answer).toMatchObject({
      status: 413,
      body: { detail: 'The request body is larger than 2048 bytes' },
    });
    const chunked = await fetch(`${app.url}/api/probe/orders`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect((await app.post('/api/probe/batch', `[${'1,'.repeat(2000)}1]`)).body).toEqual({ items: 2001 });
    const ndjson = { headers: { 'Content-Type': 'application/x-ndjson' } };
    expect((await app.post('/api/probe/batch', '{}\n{}\n', ndjson)).body).toMatchObject({ lines: 2 });
    expect((await app.post('/api/probe/batch', 'x'.repeat(70_000), ndjson)).status).toBe(413);
    expect((await app.get('/health')).status).toBe(200);
  });

  it('says nothing about the inside when a handler breaks, and logs it under the request id', async () => {
    const answer = await app.post('/api/probe/orders', { symbol: 'BROKEN' });
    expect(answer).toMatchObject({ status: 500, body: { detail: 'Internal Server Error' } });
    expect(answer.text).not.toMatch(/SELECT|passwd|stack/);
    const line = app.logLines.find(
      ({ level, request_id }) => level === 'ERROR' && request_id === answer.body.request_id,
    );
    expect(line).toMatchObject({ name: 'prediction_provider.errors', err: { message: /SELECT/ } });
  });

  it('writes one line a request', async () => {
    await app.get('/api/probe/orders/5?x=1', { headers: { 'X-Request-Id': `line-${adapter}` } });
    const lines = app.logLines.filter(({ request_id }) => request_id === `line-${adapter}`);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.name).toBe('prediction_provider.access');
    expect(lines[0]?.msg).toMatch(/^GET \/api\/probe\/orders\/5 - 200 - \d+\.\dms$/);
  });

  it('writes what handlers return as the DTO of the route declares it', async () => {
    const line = (number: number) => ({ line_number: number, total: 1.25 });
    const page = await app.get('/api/probe/lines?limit=2');
    expect(page.body).toEqual([line(1), line(2)]);
    expect(page.headers.get('x-total-count')).toBe('3');
    expect(page.headers.get('link')).toBe('</api/probe/lines?limit=2&offset=2>; rel="next"');
    expect((await app.get('/api/probe/lines/all')).body).toEqual([line(1)]);
    const envelope = await app.get('/api/probe/lines/envelope');
    expect(envelope.body).toEqual({ all_lines: [line(1)], total_count: 1 });
    expect(envelope.headers.get('x-total-count')).toBe('1');
  });

  it('writes long lists as it writes short ones', async () => {
    const long = await app.get('/api/probe/lines/long?offset=7&ofset=8');
    const lines = Array.from({ length: 250 }, (_, index) => ({ line_number: 7 + index, total: 1.25 }));
    expect(long.body).toMatchObject({ all_lines: lines, total_count: 250 });
    expect(Object.keys(long.body as object)[0]).toBe('warnings');
    expect(long.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(long.headers.get('content-length')).toBe(String(Buffer.byteLength(long.text)));
    expect(long.headers.get('x-total-count')).toBe('250');
  });

  it('sends files and text of handlers as they are', async () => {
    expect((await app.get('/api/probe/lines/file')).text).toBe('{"lineNumber":1}');
    expect((await app.get('/api/probe/lines/text')).text).toBe('{"lineNumber":1}');
  });

  it('pages bare arrays with links', async () => {
    const page = await app.get('/api/probe/orders?limit=2&offset=2&filter=x');
    expect(page.body).toEqual([2, 3]);
    expect(page.headers.get('x-total-count')).toBe('7');
    expect(page.headers.get('link')).toBe(
      '</api/probe/orders?limit=2&offset=4&filter=x>; rel="next", </api/probe/orders?limit=2&offset=0&filter=x>; rel="prev", </api/probe/orders?limit=2&offset=0&filter=x>; rel="first"',
    );
    expect((await app.get('/api/probe/orders')).headers.get('link')).toBeNull();
    expect((await app.get('/api/probe/orders?limit=0')).status).toBe(422);
  });

  it('admits listed origins only', async () => {
    const preflight = (origin: string) =>
      app.request('OPTIONS', '/api/probe/orders', {
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'x-api-key',
        },
      });
    const good = await preflight('https://desk.example.com');
    expect([good.status, good.text]).toEqual([200, 'OK']);
    expect(good.headers.get('access-control-allow-origin')).toBe('https://desk.example.com');
    expect(good.headers.get('access-control-allow-credentials')).toBe('true');
    expect(good.headers.get('access-control-allow-headers')).toBe('x-api-key');
    const bad = await preflight('https://evil.example.com');
    expect(bad.headers.get('access-control-allow-origin')).toBeNull();
    const failed = await app.get('/api/probe/nothing', { headers: { Origin: 'https://desk.example.com' } });
    expect(failed.headers.get('access-control-allow-origin')).toBe('https://desk.example.com');
  });

  it('carries security headers, on errors too', async () => {
    for (const path of ['/health', '/nothing', '/docs', '/openapi.json', '/redoc']) {
      const { headers } = await app.get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('knows other spellings of a path as what they are', async () => {
    expect((await raw(app, `http://elsewhere.example/api/probe/orders/5`)).body).toBe('{"id":5}');
    expect((await raw(app, '/api/probe/orders/%zz')).status).toBe(400);
    expect((await raw(app, `/api/probe/orders/${'9'.repeat(5000)}`)).status).toBeGreaterThanOrEqual(404);
  });
});
