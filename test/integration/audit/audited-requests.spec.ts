import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connect } from 'node:net';
import { eventually, gate, tinyPlugins } from '#libs/testing';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { ProbeController, ProbeModule } from '../http/probe.js';
import {
  ADMIN_KEY,
  ADMIN_PASSWORD,
  describeOnAdapters,
  startTestApp,
  type TestApp,
} from '../../harness/app.js';

interface Row {
  readonly request_id: string;
  readonly correlation_id: string;
  readonly user_id: number | null;
  readonly ip_address: string;
  readonly user_agent: string | null;
  readonly endpoint: string;
  readonly method: string;
  readonly query_string: string | null;
  readonly request_payload: string | null;
  readonly response_status_code: number;
  readonly response_time_ms: number;
  readonly response_size_bytes: number | null;
}

describeOnAdapters('the audit log of a server', (adapter) => {
  let app: TestApp;
  let last = 0;

  beforeAll(async () => {
    app = await startTestApp({
      adapter,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
      config: { body_limit_bytes: 2048 },
    });
  }, 60_000);
  afterAll(() => app?.close());
  beforeEach(async () => {
    ProbeController.held = gate();
    ProbeController.entered = gate();
    const [row] = await app.database.query<{ last: number | null }>('SELECT max(id) AS last FROM api_logs');
    last = row?.last ?? 0;
  });

  /** The rows that came since the spec began. */
  const rows = () => app.database.query<Row>(`SELECT * FROM api_logs WHERE id > ${last} ORDER BY id`);

  it('has exactly one row for every request, whatever became of it', async () => {
    const sent: [string, string, Parameters<TestApp['request']>[2]?][] = [
      ['GET', '/api/probe/orders/5'],
      ['HEAD', '/api/probe/orders/5'],
      ['GET', '/api/probe/orders/404'],
      ['GET', '/api/probe/orders/x'],
      ['GET', '/api/nowhere'],
      ['DELETE', '/api/probe/orders/5'],
      ['POST', '/api/probe/orders', { body: '{"symbol": ' }],
      ['POST', '/api/probe/orders', { body: 'x'.repeat(5000) }],
      ['POST', '/api/probe/orders', { body: { symbol: 'BROKEN' } }],
      ['PUT', '/api/probe/orders/1', { body: {} }],
      ['PUT', '/api/probe/orders/1', { body: {}, apiKey: 'wrong' }],
      [
        'OPTIONS',
        '/api/probe/orders',
        { headers: { Origin: 'https://x.example', 'Access-Control-Request-Method': 'POST' } },
      ],
      ['GET', '/%61pi/probe/orders/5'],
      ['GET', '/health'],
      ['GET', '/nowhere'],
    ];
    const statuses: number[] = [];
    for (const [method, path, options] of sent)
      statuses.push((await app.request(method, path, options)).status);
    const audited = sent.slice(0, -2);
    const kept = await rows();
    expect(kept.map((row) => [row.method, row.endpoint, row.response_status_code])).toEqual(
      audited.map(([method, path], index) => [method, path, statuses[index]]),
    );
    expect(statuses).toEqual([200, 200, 404, 422, 404, 405, 422, 413, 500, 401, 401, 200, 200, 200, 404]);
  });

  it('is written before the answer leaves', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const id = `durable-${adapter}-${index}`;
        await app.get('/api/probe/orders/5', { headers: { 'X-Request-Id': id } });
        return app.database.query(`SELECT id FROM api_logs WHERE correlation_id = '${id}'`);
      }),
    );
    expect(answers.every((found) => found.length === 1)).toBe(true);
  });

  it('knows who, from where, with what and what came back, without a secret', async () => {
    const answer = await app.request('PUT', '/api/probe/orders/7?api_key=k&x=1', {
      apiKey: ADMIN_KEY,
      body: { symbol: 'A', password: 'p', list: [{ token: 't' }], note: 'kept' },
      headers: { 'User-Agent': 'spec/1', 'X-Request-Id': 'chosen' },
    });
    const [row] = await rows();
    expect(answer.status).toBe(403);
    expect(row).toMatchObject({
      correlation_id: 'chosen',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      user_id: 1,
      ip_address: '127.0.0.1',
      user_agent: 'spec/1',
      query_string: 'api_key=[redacted]&x=1',
      response_size_bytes: Buffer.byteLength(answer.text),
    });
    expect(JSON.parse(row?.request_payload ?? '')).toEqual({
      symbol: 'A',
      password: '[redacted]',
      list: [{ token: '[redacted]' }],
      note: 'kept',
    });
    expect(row?.response_time_ms).toBeGreaterThan(0);
  });

  it('knows who logs in, and tried to', async () => {
    await app.post('/api/v1/auth/login', { username: 'admin', password: ADMIN_PASSWORD });
    await app.post('/api/v1/auth/login', { username: 'admin', password: 'wrong-password' });
    const kept = await rows();
    expect(kept.map((row) => row.response_status_code)).toEqual([200, 401]);
    expect(kept[0]?.user_id).toBe(1);
    expect(JSON.stringify(kept)).not.toMatch(new RegExp(`${ADMIN_PASSWORD}|wrong-password`));
  });

  it('has a row of a client that went away before its answer', async () => {
    const controller = new AbortController();
    const gone = app.get('/api/probe/held', { signal: controller.signal });
    await ProbeController.entered.opened;
    controller.abort();
    await expect(gone).rejects.toThrow(/abort/);
    await eventually('the row is there', async () => (await rows()).length === 1);
    ProbeController.held.open();
    await app.get('/api/probe/orders/5');
    expect((await rows()).map((row) => [row.endpoint, row.response_status_code])).toEqual([
      ['/api/probe/held', 499],
      ['/api/probe/orders/5', 200],
    ]);
    expect(app.logLines.some(({ msg }) => msg.startsWith('GET /api/probe/held - 499 - '))).toBe(true);
  });

  it('has a row of a client that went away inside its body', async () => {
    const socket = connect(app.server.port, '127.0.0.1');
    socket.write(
      'POST /api/probe/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n',
    );
    // The server asks for the body: the request is under way.
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('{"a"', () => socket.destroy());
    await eventually('the row is there', async () => (await rows()).length === 1);
    expect((await rows())[0]?.response_status_code).toBe(499);
  });

  it('has the row of a stream when its headers go out', async () => {
    const controller = new AbortController();
    const response = await app.fetch('GET', '/api/probe/stream', { signal: controller.signal });
    expect(response.headers.get('content-type')).toMatch(/event-stream/);
    expect((await rows()).map((row) => [row.response_status_code, row.response_size_bytes])).toEqual([
      [200, null],
    ]);
    const { value } = await response.body!.getReader().read();
    expect(Buffer.from(value!).toString()).toContain('data: first');
    controller.abort();
    await eventually('the stream is closed', () =>
      app.logLines.some(({ msg }) => msg.includes('/api/probe/stream - 200')),
    );
    expect(await rows()).toHaveLength(1);
  });

  describe('when it cannot be written', () => {
    it('withholds the answer with 503, and recovers', async () => {
      const logs = app.app.get(ApiLogRepository, { strict: false });
      const append = jest.spyOn(logs, 'append').mockRejectedValue(new Error('disk full at /var/lib'));
      const answer = await app.get('/api/probe/orders/5', { headers: { 'X-Request-Id': 'withheld' } });
      expect(answer).toMatchObject({
        status: 503,
        body: { detail: /withheld/, request_id: 'withheld', status: 503 },
      });
      expect(answer.headers.get('x-request-id')).toBe('withheld');
      expect(answer.text).not.toContain('"id":5');
      const stream = await app.fetch('GET', '/api/probe/stream');
      expect(stream.status).toBe(503);
      expect(await stream.json()).toMatchObject({ status: 503 });
      const failed = await app.post('/api/probe/orders', { symbol: 'BROKEN' });
      expect(failed.status).toBe(503);
      expect((await app.get('/health')).status).toBe(200);
      append.mockRestore();
      expect((await app.get('/api/probe/orders/5')).status).toBe(200);
      expect(await rows()).toHaveLength(1);
    });
  });
});
