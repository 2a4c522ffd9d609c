import { connect } from 'node:net';
import { tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  ADMIN_KEY,
  ADMIN_PASSWORD,
  describeOnAdapters,
  startTestApp,
  type TestApp,
} from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends text as it is, for what HTTP clients refuse to send. */
function send(app: TestApp, text: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(app.server.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.on('error', reject).on('close', () => {
      const [head = '', body = ''] = received.split('\r\n\r\n');
      const [line = '', ...lines] = head.split('\r\n');
      const headers = new Headers(lines.map((one) => one.split(': ', 2) as [string, string]));
      resolve({ status: Number(line.split(' ')[1]), headers, text: body });
    });
  });
}

const PROFILE = '/api/v1/users/profile';
const END = `Host: x\r\nConnection: close\r\nX-API-KEY: ${ADMIN_KEY}\r\n`;
const LOGIN = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD });

/** Both HTTP libraries on one database each, so that the two databases get their turn, too. */
describeOnAdapters('requests in odd forms', (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    const database = DATABASE_KINDS[adapter === 'fastify' ? 0 : 1] ?? 'sqlite';
    app = await startTestApp({ adapter, database, plugins: tinyPlugins });
  });
  afterAll(() => app.close());

  const get = (path: string, headers = '') => send(app, `GET ${path} HTTP/1.1\r\n${END}${headers}\r\n`);
  const admin = { apiKey: ADMIN_KEY };
  const setLimits = (rate_limits: object) => app.post('/api/v1/admin/config', { rate_limits }, admin);

  it.each([
    ['/%61pi/v1/users/profile', 200],
    ['/api/v1/users/pro%66il%65', 200],
    ['http://elsewhere/api/v1/users/profile', 200],
    [`${PROFILE}/`, 200],
    [`${PROFILE}?a=%`, 200],
    [`${PROFILE}//`, 404],
    ['//api/v1/users/profile', 404],
    ['/api//v1/users/profile', 404],
    ['/API/v1/users/profile', 404],
    [`${PROFILE};a=b`, 404],
    ['/api/v1/users%2Fprofile', 404],
    ['/api/v1/./users/profile', 404],
    ['/api/v1/x/../users/profile', 404],
    ['/api/v1/%2e/users/profile', 404],
    ['*', 404],
  ])('%s is answered with %i by either HTTP library', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  it('count against the group of the route that they matched', async () => {
    await setLimits({ users: 3 });
    const forms = [PROFILE, `${PROFILE}/`, '/%61pi/v1/users/profile', '/api/v1/users/%70rofile', PROFILE];
    const statuses: number[] = [];
    for (const form of forms) statuses.push((await get(form)).status);
    await setLimits({});
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  it('are kept as they were sent, and found by the route that they matched', async () => {
    const head = `Content-Type: application/json\r\nContent-Length: ${LOGIN.length}\r\n`;
    const path = '/api/v1/auth/%6cogin';
    expect((await send(app, `POST ${path} HTTP/1.1\r\n${END}${head}\r\n${LOGIN}`)).status).toBe(200);
    await get('/api/v1/predictions/7/?x=1');
    await app.post('/api/v1/secure/predictions', {}, admin);
    await get('/api/v1/nowhere%20at%20all');
    const found = async (query: string) => {
      const { body } = await app.get(`/api/v1/admin/${query}`, admin);
      const rows = (body.logs ?? body.audit_logs) as { endpoint: string; route: string | null }[];
      return rows.map(({ endpoint, route }) => [endpoint, route]);
    };
    const login = [path, '/api/v1/auth/login'];
    expect(await found('logs?endpoint=/api/v1/auth/login')).toEqual([login]);
    expect(await found(`logs?endpoint=${encodeURIComponent(path)}`)).toEqual([login]);
    expect(await found('audit?action=/api/v1/auth/login')).toEqual([login]);
    expect(await found('audit?endpoint=auth/login')).toEqual([login]);
    const one = '/api/v1/predictions/{prediction_id}';
    expect(await found(`logs?endpoint=${one}`)).toEqual([['/api/v1/predictions/7/', one]]);
    const secure = '/api/v1/secure/predictions';
    expect(await found(`logs?endpoint=${secure}`)).toEqual([[secure, secure]]);
    expect(await found('audit?endpoint=nowhere')).toEqual([['/api/v1/nowhere%20at%20all', null]]);
    expect(app.logLines.find(({ msg }) => msg.startsWith(`POST ${path} - 200`))).toMatchObject({
      route: '/api/v1/auth/login',
    });
    expect((await app.get('/metrics')).text).not.toContain('%6c');
  });

  it('are refused for a method that the path does not have', async () => {
    const answer = await send(app, `DELETE /%61pi/v1/users/profile HTTP/1.1\r\n${END}\r\n`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT']);
  });

  const twoThousand = Array.from({ length: 1_200 }, (_, n) => `a${n}: 1\r\n`).join('');
  it.each([
    ['a lone %', `GET /status/% HTTP/1.1\r\n${END}\r\n`, 400],
    ['a % before no digits', `GET /api/v1/predictions/%zz HTTP/1.1\r\n${END}\r\n`, 400],
    ['bytes that are no UTF-8', `GET /status/%C3%28 HTTP/1.1\r\n${END}\r\n`, 400],
    ['a malformed path of nobody', `GET /% HTTP/1.1\r\n${END}\r\n`, 400],
    ['a malformed path of the explorer', `GET /docs/%ff HTTP/1.1\r\n${END}\r\n`, 400],
    ['a parameter of 5,000 characters', `GET /status/${'a'.repeat(5_000)} HTTP/1.1\r\n${END}\r\n`, 422],
    ['a URL of 20,000', `GET /status/${'a'.repeat(20_000)} HTTP/1.1\r\n${END}\r\n`, 431],
    ['a header of 20,000', `GET /health HTTP/1.1\r\nX-A: ${'a'.repeat(20_000)}\r\n${END}\r\n`, 431],
    ['1,200 headers', `GET /health HTTP/1.1\r\n${END}${twoThousand}\r\n`, 431],
    ['no host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['another expectation', `GET /health HTTP/1.1\r\n${END}Expect: wonders\r\n\r\n`, 417],
    ['an unknown method', `FOO /health HTTP/1.1\r\n${END}\r\n`, 400],
    ['a known method that nobody has', `PROPFIND /health HTTP/1.1\r\n${END}\r\n`, 405],
    ['a method without a body', `QUERY /health HTTP/1.1\r\n${END}\r\n`, 405],
    ['a tunnel', `CONNECT x:443 HTTP/1.1\r\n${END}\r\n`, 405],
    ['a blank in the path', `GET /a b HTTP/1.1\r\n${END}\r\n`, 400],
    ['a header without a colon', `GET /health HTTP/1.1\r\nX A\r\n${END}\r\n`, 400],
    ['two lengths', `POST /x HTTP/1.1\r\n${END}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n`, 400],
    ['a broken chunk', `POST /x HTTP/1.1\r\n${END}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('with %s are answered by problem details with a request id', async (_, text, status) => {
    const answer = await send(app, text);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const requestId = answer.headers.get('x-request-id');
    expect(requestId).toMatch(/^[\da-f-]{36}$/);
    expect(JSON.parse(answer.text)).toMatchObject({
      type: expect.stringMatching(/^urn:prediction-provider:problem:/),
      title: expect.any(String),
      status,
      detail: expect.anything(),
      instance: expect.stringMatching(/^\//),
      request_id: requestId,
    });
  });

  it('leave an audit row when their path is malformed', async () => {
    await get('/api/v1/predictions/%zz/events');
    const rows = await app.database.query(
      `SELECT response_status_code AS status, route FROM api_logs WHERE endpoint = '/api/v1/predictions/%zz/events'`,
    );
    expect(rows).toEqual([{ status: 400, route: null }]);
  });

  it.each(['*', '"x"', 'W/"x", *'])(
    'get the whole answer whatever they know of it: If-None-Match: %s',
    async (tags) => {
      for (const path of [PROFILE, '/health', '/api/v1/admin/logs']) {
        const answer = await get(path, `If-None-Match: ${tags}\r\n`);
        expect([path, answer.status, answer.text.length > 10]).toEqual([path, 200, true]);
        expect(answer.headers.get('etag')).toBeNull();
      }
      const since = new Date(Date.now() + 60_000).toUTCString();
      expect((await get(PROFILE, `If-Modified-Since: ${since}\r\n`)).status).toBe(200);
    },
  );
});
