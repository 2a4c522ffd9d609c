import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually, gate, tinyPlugins } from '#libs/testing';
import { AuditModule } from '../../src/audit/audit.module.js';
import { ProbeController, ProbeModule } from '../integration/http/probe.js';
import { describeOnAdapters, startTestApp, type TestApp, type TestAppOptions } from '../harness/app.js';

/** A bare connection; `closed` resolves with everything that came over it. */
function talk(port: number, text: string): { readonly socket: Socket; readonly closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(received))) };
}

describeOnAdapters('a server with limits', (adapter) => {
  const opened: TestApp[] = [];
  const start = async (config: TestAppOptions['config'] = {}): Promise<TestApp> => {
    const app = await startTestApp({
      adapter,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
      config,
    });
    opened.push(app);
    return app;
  };

  beforeEach(() => {
    ProbeController.held = gate();
    ProbeController.entered = gate();
  });
  afterEach(async () => {
    ProbeController.held.open();
    for (const app of opened.splice(0)) await app.close();
  });

  it('gives slow clients up, in their headers and in their body', async () => {
    const { server } = await start({ headers_timeout: 0.2, request_timeout: 0.4 });
    const half = talk(server.port, 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(await half.closed).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*application\/problem\+json/);
    const body =
      'POST /api/probe/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{';
    expect(await talk(server.port, body).closed).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('answers what is not HTTP, and headers that are too long', async () => {
    const { server } = await start();
    expect(await talk(server.port, 'HELO\r\n\r\n').closed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const long = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await talk(server.port, long).closed).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('lets what is in flight end when it stops, is not ready meanwhile, and takes nothing new', async () => {
    const app = await start();
    const held = app.get('/api/probe/held', { headers: { 'X-Request-Id': 'in-flight' } });
    await ProbeController.entered.opened;
    // A load balancer's connection that is open when the stop begins, in the middle of its question.
    const probe = talk(app.server.port, 'GET /health/ready HTTP/1.1\r\nHost: x\r\n');
    await eventually('the probe is connected', () => connections(app).then((count) => count >= 2));
    const stopped = app.server.stop();
    probe.socket.write('\r\n');
    const readiness = await probe.closed;
    expect(readiness).toMatch(/^HTTP\/1\.1 503 /);
    expect(readiness).toMatch(/Connection: close/i);
    expect(readiness).toContain('Not ready: server');
    await expect(app.get('/health')).rejects.toThrow('fetch failed');
    ProbeController.held.open();
    const answer = await held;
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close']);
    await stopped;
    const rows = await app.database.query(`SELECT id FROM api_logs WHERE correlation_id = 'in-flight'`);
    expect(rows).toHaveLength(1);
  });

  it('refuses at once what is more than it can work on, and counts nobody who only waits', async () => {
    const app = await start({ max_requests_in_work: 1 });
    const held = app.get('/api/probe/held');
    await ProbeController.entered.opened;
    const refused = await app.get('/api/probe/orders/5');
    expect([refused.status, refused.headers.get('retry-after'), refused.body.type]).toEqual([
      503,
      '1',
      'urn:prediction-provider:problem:overloaded',
    ]);
    expect(refused.body.detail).toContain('max_requests_in_work');
    expect((await app.get('/health')).status).toBe(200);
    const waiting = { headers: { Prefer: 'wait=1' } };
    expect((await app.get('/api/probe/orders/5', waiting)).status).toBe(200);
    ProbeController.held.open();
    expect((await held).status).toBe(200);
    await eventually(
      'there is room again',
      async () => (await app.get('/api/probe/orders/5')).status === 200,
    );
    expect(await app.database.query('SELECT id FROM api_logs WHERE response_status_code = 503')).toEqual([]);
  });

  it('still answers for a while when it stops, and ends each connection with its answer', async () => {
    const app = await start({ shutdown_notice: 0.3 });
    const idle = talk(app.server.port, '');
    await eventually('it is connected', () => connections(app).then((count) => count >= 1));
    const stopped = app.server.stop();
    const fresh = talk(app.server.port, 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await fresh.closed).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close/i);
    idle.socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await idle.closed).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close/i);
    await stopped;
    await expect(app.get('/health')).rejects.toThrow('fetch failed');
  });

  it('ends event streams at once when it stops', async () => {
    const app = await start();
    const stream = await app.fetch('GET', '/api/probe/stream');
    const text = stream.text();
    await app.server.stop();
    expect(await text).toContain('data: first');
  });

  it('does not wait longer than its grace', async () => {
    const app = await start({ shutdown_grace: 0.05 });
    const outcome = app.get('/api/probe/held').catch((error: Error) => error.message);
    await ProbeController.entered.opened;
    await app.server.stop();
    expect(await outcome).toBe('fetch failed');
    expect(app.logLines.some(({ msg }) => msg.includes('/api/probe/held - 499'))).toBe(true);
    expect(await app.database.query('SELECT id FROM api_logs WHERE response_status_code = 499')).toHaveLength(
      1,
    );
  });

  it('says in plain words that its port is in use, and leaves nothing open', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    await expect(start({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use; stop the other program`,
    );
    await new Promise((resolve) => blocker.close(resolve));
  });

  it('serves the same routes on a second listener', async () => {
    const finder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => finder.once('listening', resolve));
    const { port } = finder.address() as { port: number };
    await new Promise((resolve) => finder.close(resolve));
    await start({ endpoints_port: port, endpoints_host: '127.0.0.1' });
    const answer = await fetch(`http://127.0.0.1:${port}/api/probe/orders/5`);
    expect([answer.status, await answer.json()]).toEqual([200, { id: 5 }]);
  });
});

const connections = (app: TestApp): Promise<number> =>
  new Promise((resolve) => {
    const server = app.app.getHttpServer() as {
      getConnections(done: (error: unknown, count: number) => void): void;
    };
    server.getConnections((_, count) => resolve(count));
  });
