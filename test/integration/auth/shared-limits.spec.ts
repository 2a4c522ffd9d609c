import { tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, ADMIN_PASSWORD, startTestApp, type TestApp } from '../../harness/app.js';

const admin = { apiKey: ADMIN_KEY };

/** Two applications on one PostgreSQL, as two processes are: they share nothing else. */
describe('limits of two processes on PostgreSQL', () => {
  let one: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    const config = {
      swagger: false,
      rate_limits: { users: 10 },
      login_attempts_per_account: 6,
      trusted_proxies: ['127.0.0.1'],
      skip_background_tasks: true,
    };
    one = await startTestApp({ database: 'postgres', plugins: tinyPlugins, config });
    const { location } = one.database;
    if (location.kind !== 'postgres') throw new Error('this spec is about PostgreSQL');
    other = await startTestApp({
      adapter: 'express',
      plugins: tinyPlugins,
      config: { ...config, database_url: location.url },
    });
  });
  afterAll(async () => {
    await other.close();
    await one.close();
  });
  beforeEach(() => one.post('/test/reset-rate-limit'));

  const turns = <T>(count: number, ask: (app: TestApp, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => ask(n % 2 === 0 ? one : other, n)));
  const login = async (app: TestApp, from: string, password = 'guess', username = 'admin') => {
    const headers = { 'X-Forwarded-For': from };
    return (await app.post('/api/v1/auth/login', { username, password }, { headers })).status;
  };
  const count = (statuses: readonly number[], wanted: number) =>
    statuses.filter((status) => status === wanted).length;

  it('let ten of twenty requests at once pass, at a limit of ten a minute', async () => {
    const answers = await turns(20, (app) => app.get('/api/v1/users/profile', admin));
    const statuses = answers.map(({ status }) => status);
    expect([count(statuses, 200), count(statuses, 429)]).toEqual([10, 10]);
    const left = answers
      .filter(({ status }) => status === 200)
      .map(({ headers }) => headers.get('ratelimit'));
    expect(left.map((text) => Number(/r=(\d+)/.exec(text ?? '')?.[1])).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, n) => n),
    );
  });

  it('check three of twenty wrong passwords at once from one /64, and then not even the right one', async () => {
    const statuses = await turns(20, (app, n) => login(app, `2001:db8:1:1:${n}::7`));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([3, 17]);
    expect(await login(one, '2001:db8:1:1::99', ADMIN_PASSWORD)).toBe(429);
    expect(await login(other, '2001:db8:1:2::7', ADMIN_PASSWORD)).toBe(200);
    expect(await login(other, '6.6.6.6, unknown', ADMIN_PASSWORD)).toBe(200);
    const last = await one.database.query(
      `SELECT ip_address FROM api_logs WHERE endpoint = '/api/v1/auth/login' ORDER BY id DESC LIMIT 2`,
    );
    expect(last).toEqual([{ ip_address: '127.0.0.1' }, { ip_address: '2001:db8:1:2::7' }]);
  });

  it('let ten unfinished predictions of one network begin, of twenty that come at once', async () => {
    const answers = await turns(20, (app, n) => {
      const headers = { 'X-Forwarded-For': `2001:db8:5:5::${n.toString(16)}` };
      return app.post('/api/v1/predict', { symbol: 'AAPL' }, { headers });
    });
    const statuses = answers.map(({ status }) => status);
    expect([count(statuses, 201), count(statuses, 429)]).toEqual([10, 10]);
  });

  it('let twenty right logins at once in', async () => {
    const statuses = await turns(20, (app) => login(app, '203.0.113.3', ADMIN_PASSWORD));
    expect(count(statuses, 200)).toBe(20);
  });

  it('check six passwords of one account from twenty addresses, but any from an address that it knows', async () => {
    expect(await login(one, '2001:db8:7::1', ADMIN_PASSWORD)).toBe(200);
    const statuses = await turns(20, (app, n) => login(app, `198.51.100.${n}`));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([6, 14]);
    expect(await login(one, '198.51.100.77', ADMIN_PASSWORD)).toBe(429);
    expect(await login(other, '[2001:DB8:7:0:9::9]:443', ADMIN_PASSWORD)).toBe(200);
    expect(await login(one, '198.51.100.77', 'guess', 'nobody')).toBe(401);
  });
});
