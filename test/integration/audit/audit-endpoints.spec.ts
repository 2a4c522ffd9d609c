import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '#libs/kernel';
import { FakeClock, tinyPlugins } from '#libs/testing';
import { ApiLogRepository, type NewApiLog } from '../../../src/audit/api-log.repository.js';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { AuditTrail } from '../../../src/audit/audit.port.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const HOUR_MS = 3_600_000;

describe.each(DATABASE_KINDS)('the audit endpoints [%s]', (database) => {
  const clock = new FakeClock(Date.UTC(2026, 0, 5, 12));
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ database, clock, plugins: tinyPlugins, domains: [AuditModule] });
    const row = (path: string, hoursAgo: number, more: Partial<Record<number, unknown>> = {}): NewApiLog => {
      const at = new Date(clock.now() - hoursAgo * HOUR_MS).toISOString();
      const base = [newUuid(), 'r', 1, '::1', 'ua', path, 'POST', null, null, at, 200, 1.5, 10, null];
      return base.map((value, index) => (index in more ? more[index] : value)) as unknown as NewApiLog;
    };
    const PAYLOAD = 8;
    const logs = app.app.get(ApiLogRepository, { strict: false });
    await app.database.run((tx) =>
      logs.append(tx, [
        row('/api/v1/old', 9000),
        row('/api/v1/a', 30, { 10: 401 }),
        row('/api/v1/a', 20, { [PAYLOAD]: '[1,{"x":null}]', 10: 404 }),
        row('/api/v1/b', 10, { [PAYLOAD]: '"text"', 2: null, 6: 'GET' }),
        row('/api/v1/100%_x', 2, { [PAYLOAD]: 'null', 10: 500 }),
      ]),
    );
  }, 60_000);
  afterAll(() => app?.close());

  const get = async (path: string) => (await app.get(`/api/v1/admin/${path}`, { apiKey: ADMIN_KEY })).body;
  const endpoints = (list: { endpoint: string }[]) =>
    list.map(({ endpoint }) => endpoint).filter((one) => !one.startsWith('/api/v1/admin'));

  it('name what they list, with null for what is not measured', async () => {
    const body = await get('audit?endpoint=/api/v1/b');
    expect(body).toMatchObject({ high_risk_events: null, failed_requests: 2 });
    expect(body.audit_logs[0]).toMatchObject({
      user_id: null,
      username: null,
      action: '/api/v1/b',
      risk_score: null,
    });
    expect((await get('audit?action=/api/v1/a')).audit_logs[0]).toMatchObject({
      username: 'admin',
      status_code: 404,
      processing_time: 1.5,
    });
  });

  it('list requests newest first, any payload, within the asked hours', async () => {
    const { logs, total } = await get('logs?hours=24');
    expect(endpoints(logs)).toEqual(['/api/v1/100%_x', '/api/v1/b', '/api/v1/a']);
    expect(total).toBe(logs.length);
    expect(logs.slice(-3).map((log: { request_payload: unknown }) => log.request_payload)).toEqual([
      null,
      'text',
      [1, { x: null }],
    ]);
    expect(logs.at(-1)).toMatchObject({
      user_id: 1,
      response_status_code: 404,
      request_timestamp: '2026-01-04T16:00:00.000Z',
    });
    expect(endpoints((await get('logs?hours=8760')).logs)).toHaveLength(4);
    expect((await get('logs?hours=8761')).status).toBe(422);
    expect((await get('logs?hours=0')).status).toBe(422);
  });

  it('filter by user and path, and page', async () => {
    expect(await get('logs?user=nobody')).toEqual({ logs: [], total: 0 });
    expect(endpoints((await get('logs?user=admin&hours=48&endpoint=/api/v1/a')).logs)).toEqual([
      '/api/v1/a',
      '/api/v1/a',
    ]);
    const page = await get('logs?hours=48&endpoint=/api/v1/a&limit=1&offset=1');
    expect([page.logs.length, page.total, page.logs[0].response_status_code]).toEqual([1, 2, 401]);
  });

  it.each([
    ['user_id=1&method=post', ['/api/v1/100%_x', '/api/v1/a', '/api/v1/a', '/api/v1/old']],
    ['method=GET', ['/api/v1/b']],
    ['status_code=404,%20500', ['/api/v1/100%_x', '/api/v1/a']],
    ['endpoint=0%25_', ['/api/v1/100%_x']],
    ['endpoint=V1', []],
    ['action=/api/v1/b', ['/api/v1/b']],
    ['start_date=2026-01-04T16:00:00&end_date=2026-01-05T02:00:00Z', ['/api/v1/b', '/api/v1/a']],
    ['end_date=2025-12-31', ['/api/v1/old']],
    ['risk_score_min=0', []],
    ['user_id=2147483647', []],
  ])('apply %s in the database', async (query, expected) => {
    const body = await get(`audit?${query}`);
    expect(endpoints(body.audit_logs)).toEqual(expected);
    expect(body.total_count).toBe(body.audit_logs.length);
  });

  it.each([
    'status_code=abc',
    'status_code=200;500',
    'user_id=0',
    'user_id=99999999999',
    'limit=0',
    'limit=1001',
    'start_date=soon',
    'start_date=2026-02-01&end_date=2026-01-01',
  ])('refuse %s', async (query) => expect((await get(`audit?${query}`)).status).toBe(422));

  it('let nobody change or delete a log', async () => {
    for (const [method, id, body] of [
      ['DELETE', '1', undefined],
      ['PUT', '1', {}],
      ['PUT', 'abc', '{broken'],
      ['DELETE', '999', undefined],
    ] as const) {
      expect((await app.request(method, `/api/v1/admin/logs/${id}`, { body })).status).toBe(401);
      const answer = await app.request(method, `/api/v1/admin/logs/${id}`, { body, apiKey: ADMIN_KEY });
      expect(answer).toMatchObject({
        status: 405,
        body: { detail: /^Audit logs cannot be (deleted|modified)$/ },
      });
    }
  });

  it('count the requests of a user for other domains', async () => {
    const trail = app.app.get<AuditTrail>(AuditTrail, { strict: false });
    const [all, some] = [new Date(0), new Date(clock.now() - 25 * HOUR_MS)];
    expect((await trail.countRequests(1, all)) - (await trail.countRequests(1, some))).toBe(2);
    expect(await trail.countRequests(99, all)).toBe(0);
  });

  it('search the newest requests for a part of a path, and say how far back', async () => {
    const minute = (count: number) => new Date(clock.now() - HOUR_MS + count).toISOString();
    await app.database.run(({ manager }) =>
      manager.query(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20050)
         INSERT INTO api_logs (request_id, correlation_id, ip_address, endpoint, method, request_timestamp, response_status_code,
           response_time_ms) SELECT 'many' || i, 'c', '::1', '/api/v1/many/' || i, 'GET', '${minute(0)}', 200, 1 FROM n`,
      ),
    );
    const newest = await get('audit?endpoint=many/200');
    expect(newest).toMatchObject({
      total_is_exact: false,
      warnings: [
        {
          code: 'search_ended',
          field: 'endpoint',
          message: `only the newest 20000 requests that one of the filters matches were searched, back to ${minute(0)}; that moment as end_date of /admin/audit goes on from there`,
        },
      ],
    });
    // many/200, many/2000 … many/2009, many/20000 … many/20050
    expect(newest.total_count).toBe(51 + 10 + 1);
    expect((await get('audit?endpoint=many/200&limit=60&offset=60')).audit_logs).toHaveLength(2);
    const old = await get(
      `audit?endpoint=100%25&end_date=${new Date(clock.now() - 2 * HOUR_MS).toISOString()}`,
    );
    expect(endpoints(old.audit_logs)).toEqual(['/api/v1/100%_x']);
    expect(old).not.toHaveProperty('warnings');
    expect(old).not.toHaveProperty('total_is_exact');
    expect((await get('audit?endpoint=/api/v1/a&user_id=1')).warnings).toBeUndefined();
    // a full page is one of what was looked at; one that is not says so
    const full = await get('audit?method=GET&status_code=200&limit=5');
    expect(full).toMatchObject({ total_is_exact: false });
    expect(full.total_count).toBeGreaterThan(4_900);
    expect(full.total_count).toBeLessThanOrEqual(5_000);
    expect(full.audit_logs).toHaveLength(5);
    expect(full).not.toHaveProperty('warnings');
    // the newest of those that match come first, whichever page they are on
    const until = `audit?method=GET&status_code=200&end_date=${minute(0)}`;
    const idsOf = async (page: string): Promise<number[]> =>
      (await get(`${until}&${page}`)).audit_logs.map(({ id }: { id: number }) => id);
    const newestIds = await idsOf('limit=8');
    expect(newestIds).toEqual(Array.from({ length: 8 }, (_, index) => (newestIds[0] ?? 0) - index));
    expect(await idsOf('limit=3&offset=4')).toEqual(newestIds.slice(4, 7));
    const none = await get('audit?method=POST&status_code=200');
    expect(none).toMatchObject({ audit_logs: [], total_is_exact: false });
    expect(none.warnings).toMatchObject([{ code: 'search_ended', field: 'end_date' }]);
  });

  it('say that older requests are in archives', async () => {
    const until = new Date(clock.now() - 100 * HOUR_MS).toISOString();
    await app.database.run(({ manager }) =>
      manager.query(
        `INSERT INTO audit_archives (first_sequence, last_sequence, last_id, sealed_until, hash, file, file_hash, file_bytes, archived_at)
         VALUES (1, 1, 1, '${until}', 'h', 'f', 'h', 1, '${until}')`,
      ),
    );
    const message = `requests from before ${until} are in archives, not in this list`;
    expect((await get('logs?hours=101')).warnings).toEqual([{ code: 'archived', field: 'hours', message }]);
    expect((await get('audit?start_date=2025-01-01')).warnings).toEqual([
      { code: 'archived', field: 'start_date', message },
    ]);
    expect((await get('logs?hours=99')).warnings).toBeUndefined();
  });
});
