import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually, gate, tinyPlugins } from '#libs/testing';
import { Metrics } from '../../src/app/metrics/metrics.js';
import { AuditModule } from '../../src/audit/audit.module.js';
import { ProbeController, ProbeModule } from '../integration/http/probe.js';
import {
  describeOnAdapters,
  type LogLine,
  startTestApp,
  type TestApp,
  type TestAppOptions,
} from '../harness/app.js';

interface Talk {
  readonly socket: Socket;
  /** What came over it so far. */
  readonly received: () => string;
  readonly closed: Promise<string>;
}

/** A bare connection; `closed` resolves with everything that came over it. */
function talk(port: number, text: string): Talk {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  return {
    socket,
    received: () => received,
    closed: new Promise((resolve) => socket.once('close', () => resolve(received))),
  };
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

  it('refuses on the connection that it keeps, before the body, without a line or a row for each', async () => {
    const app = await start({ max_requests_in_work: 1 });
    const held = app.get('/api/probe/held');
    await ProbeController.entered.opened;
    const order = 'POST /api/probe/orders HTTP/1.1\r\nHost: x\r\nX-Request-Id: crowd';
    const { socket, received, closed } = talk(
      app.server.port,
      `${order}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    );
    await eventually('it is refused while its body comes', () => received().includes('"request_id":"crowd"'));
    expect(received()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n[^]*\r\nConnection: keep-alive\r\n/);
    socket.write(`"a": "b"${order}\r\nContent-Length: 0\r\n\r\n`);
    await eventually('the next one is refused', () => received().split('"request_id":"crowd"').length === 3);
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await closed).toMatch(/HTTP\/1\.1 200 OK\r\n[^]*Connection: close/);
    const told = (): LogLine[] => app.logLines.filter(({ status }) => status === 503);
    await eventually('refusals are told of together', () => told().length > 0);
    expect(told()).toEqual([expect.objectContaining({ level: 'WARNING', requests: 2 })]);
    const { body } = await app.app.get(Metrics).text();
    expect(body).toContain('http_requests_total{method="POST",route="unmatched",status="503"} 2');
    ProbeController.held.open();
    await held;
    expect(await app.database.query(`SELECT id FROM api_logs WHERE correlation_id = 'crowd'`)).toEqual([]);
  });

  it('refuses with the head that Node writes, whatever the method, the version and the origin', async () => {
    const app = await start({ max_requests_in_work: 1, allowed_origins: ['https://a.example'] });
    const held = app.get('/api/probe/held');
    await ProbeController.entered.opened;
    const page = 'Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n';
    const questions = [
      ['GET', ''],
      ['HEAD', ''],
      ['POST', 'Transfer-Encoding: chunked\r\n'],
      ['GET', page],
      ['OPTIONS', `${page}Access-Control-Request-Headers: x-a, x-b\r\n`],
    ];
    for (const [method, headers] of questions) {
      const begin = `${method} /api/probe/orders/5 HTTP/1.1\r\nHost: x\r\nX-Request-Id: same\r\n${headers}`;
      const chunks = headers?.startsWith('Transfer') === true ? '0\r\n\r\n' : '';
      const kept = talk(app.server.port, `${begin}\r\n${chunks}`);
      const last = `GET /health HTTP/1.0\r\n\r\n`;
      await eventually('it is refused', () => kept.received().includes('\r\n\r\n'));
      kept.socket.write(last);
      // on a connection that is closed, Node joins the head
      const ended = await talk(app.server.port, `${begin}Connection: close\r\n\r\n${chunks}`).closed;
      const own = (text: string): string => text.replace(/\r\nDate: .*/, '');
      const ending = 'Connection: keep-alive\r\nKeep-Alive: timeout=65';
      const [refusal] = (await kept.closed).split('HTTP/1.1 200');
      expect(own(refusal ?? '')).toBe(own(ended).replace('Connection: close', ending));
      expect(ended).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n[^]*\r\nDate: /);
      expect(refusal).toMatch(/\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\n/);
      expect(ended.endsWith('\r\n\r\n')).toBe(method === 'HEAD');
    }
    ProbeController.held.open();
    await held;
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

  it('still answers for a while when its event loop was held up for as long as that', async () => {
    const app = await start({ shutdown_notice: 0.5 });
    const stopped = app.server.stop();
    const waiting = talk(app.server.port, 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((connects) => process.nextTick(connects));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700); // other programs have the processor
    expect(await waiting.closed).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close/i);
    const fresh = talk(app.server.port, 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await fresh.closed).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close/i);
    await stopped;
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
