import { FakeClock, tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  ADMIN_KEY,
  ADMIN_PASSWORD,
  describeOnAdapters,
  startTestApp,
  type TestApp,
} from '../../harness/app.js';

const PASSWORD = 'correct horse battery staple';
const DAY_MS = 86_400_000;

describeOnAdapters('signing in', (adapter) => {
  const clock = new FakeClock();
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ adapter, plugins: tinyPlugins, config: { swagger: false }, clock });
  });
  afterAll(() => app.close());
  beforeEach(() => app.post('/test/reset-rate-limit'));

  const as = (apiKey: string) => ({ apiKey });
  const admin = as(ADMIN_KEY);
  const login = (username: string, password: string) =>
    app.post('/api/v1/auth/login', { username, password });
  const tokenOf = async (username: string): Promise<string> => {
    const answer = await login(username, PASSWORD);
    return (answer.body as { access_token: string }).access_token;
  };
  const profile = async (credential: { apiKey?: string; bearer?: string }) =>
    (await app.get('/api/v1/users/profile', credential)).status;
  const account = async (username: string, changes: object = {}): Promise<string> => {
    const body = { username, email: `${username}@example.com`, password: PASSWORD, ...changes };
    const answer = await app.post('/api/v1/admin/users', body, admin);
    expect(answer.status).toBe(201);
    return (answer.body as { api_key: string }).api_key;
  };

  it('gives a bearer token of half an hour that opens what a key opens', async () => {
    await account('ann');
    const answer = await login('ann', PASSWORD);
    expect([answer.status, Object.keys(answer.body as object), answer.body.token_type]).toEqual([
      200,
      ['access_token', 'token_type'],
      'bearer',
    ]);
    const token = answer.body.access_token as string;
    const [header, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({
      sub: 'ann',
      iat: clock.now() / 1000,
      exp: clock.now() / 1000 + 1800,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ver: 0,
    });
    expect(await profile({ bearer: token })).toBe(200);
    clock.jump(1_800_000);
    expect(await profile({ bearer: token })).toBe(401);
  });

  it('answers an unknown name and a wrong password alike', async () => {
    await account('bob');
    const [wrong, unknown] = [await login('bob', 'guess'), await login('nobody', 'guess')];
    const { request_id: _, ...body } = wrong.body as Record<string, unknown>;
    expect(body).toMatchObject({ status: 401, detail: 'Invalid username or password' });
    expect(unknown.body).toMatchObject(body);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="prediction-provider"');
  });

  it('says only to who knows the password that the account is inactive', async () => {
    await account('carl', { is_active: false });
    expect((await login('carl', 'guess')).body.detail).toBe('Invalid username or password');
    const right = await login('carl', PASSWORD);
    expect([right.status, right.body.detail]).toEqual([401, 'User account is not active']);
  });

  it('reports missing and wrong fields without showing a password', async () => {
    const answer = await app.post('/api/v1/auth/login', { password: ['s3cret'] });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toHaveLength(2);
    expect(answer.text).not.toContain('s3cret');
  });

  it('replaces the key by password, and by the key itself', async () => {
    const first = await account('dora');
    const byPassword = await app.post('/api/v1/auth/api-key', { username: 'dora', password: PASSWORD });
    expect(byPassword.body).toEqual({
      api_key: expect.stringMatching(/^pp_[\w-]{43}$/),
      expires_in_days: 90,
    });
    expect(await profile(as(first))).toBe(401);
    const second = byPassword.body.api_key as string;
    const regenerated = await app.post('/api/v1/auth/regenerate-key', undefined, as(second));
    expect(regenerated.status).toBe(200);
    expect(await profile(as(second))).toBe(401);
    const third = as(regenerated.body.api_key as string);
    expect(await profile(third)).toBe(200);
    const info = await app.get('/api/v1/auth/api-key', third);
    expect(info.body).toEqual({
      created_at: new Date(clock.now()).toISOString(),
      expires_at: new Date(clock.now() + 90 * DAY_MS).toISOString(),
      last_used_at: null,
    });
  });

  it('refuses a key after its 90 days', async () => {
    const key = await account('emil');
    expect(await profile(as(key))).toBe(200);
    clock.jump(90 * DAY_MS);
    const answer = await app.get('/api/v1/users/profile', as(key));
    expect([answer.status, answer.body.detail]).toEqual([401, 'API key has expired']);
    clock.jump(-90 * DAY_MS);
  });

  it('revokes a single token at logout', async () => {
    const key = await account('fred');
    const [first, second] = [await tokenOf('fred'), await tokenOf('fred')];
    expect((await app.post('/api/v1/auth/logout', undefined, { bearer: first })).status).toBe(200);
    expect(await profile({ bearer: first })).toBe(401);
    expect(await profile({ bearer: second })).toBe(200);
    expect((await app.post('/api/v1/auth/logout', undefined, as(key))).status).toBe(400);
  });

  it('revokes all tokens, but not the key, with a new password', async () => {
    const key = await account('gina');
    const token = await tokenOf('gina');
    const change = (old_password: string, new_password: string) =>
      app.request('PUT', '/api/v1/users/password', { ...as(key), body: { old_password, new_password } });
    const wrong = await change('guess', 'another password');
    expect([wrong.status, wrong.body.detail]).toEqual([400, 'Invalid old password']);
    expect((await change(PASSWORD, 'short')).status).toBe(422);
    const done = await change(PASSWORD, 'another password');
    expect([done.status, done.body]).toEqual([200, { message: 'Password changed successfully' }]);
    expect(await profile({ bearer: token })).toBe(401);
    expect(await profile(as(key))).toBe(200);
    expect((await login('gina', PASSWORD)).status).toBe(401);
    expect((await login('gina', 'another password')).status).toBe(200);
  });

  it('refuses key and token of a deactivated account on the next request', async () => {
    const key = await account('hans');
    const token = await tokenOf('hans');
    await app.post('/api/v1/admin/users/hans/deactivate', undefined, admin);
    expect(await profile(as(key))).toBe(401);
    expect(await profile({ bearer: token })).toBe(401);
    await app.post('/api/v1/admin/users/hans/activate', undefined, admin);
    expect(await profile(as(key))).toBe(200);
    expect(await profile({ bearer: token })).toBe(401);
  });

  it('follows a new role at once and revokes the tokens of the old one', async () => {
    const key = await account('ida');
    const token = await tokenOf('ida');
    const { id } = (await app.get('/api/v1/users/profile', as(key))).body as { id: number };
    const list = async () => (await app.get('/api/v1/admin/users', as(key))).status;
    expect(await list()).toBe(403);
    await app.request('PUT', `/api/v1/admin/users/${id}`, { ...admin, body: { role: 'admin' } });
    expect(await list()).toBe(200);
    expect(await profile({ bearer: token })).toBe(401);
  });

  it('slows guessing down: three failures a minute, for logins, keys and old passwords together', async () => {
    const key = await account('jane');
    await login('jane', 'guess');
    await app.post('/api/v1/auth/api-key', { username: 'jane', password: 'guess' });
    await app.request('PUT', '/api/v1/users/password', {
      ...as(key),
      body: { old_password: 'guess', new_password: 'another password' },
    });
    const refused = await login('jane', PASSWORD);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await login('admin', ADMIN_PASSWORD)).status).toBe(200);
    clock.jump(60_000);
    expect((await login('jane', PASSWORD)).status).toBe(200);
  });

  it('takes the key away with the old password only when asked to', async () => {
    const key = await account('hugo');
    const change = (body: object) => app.request('PUT', '/api/v1/users/password', { ...as(key), body });
    const passwords = { old_password: PASSWORD, new_password: 'another password' };
    expect((await change({ ...passwords, old_password: 'guess', revoke_api_key: true })).status).toBe(400);
    expect(await profile(as(key))).toBe(200);
    expect((await change({ ...passwords, revoke_api_key: true })).status).toBe(200);
    expect(await profile(as(key))).toBe(401);
    const renewed = await app.post('/api/v1/auth/api-key', {
      username: 'hugo',
      password: 'another password',
    });
    expect(await profile(as(renewed.body.api_key as string))).toBe(200);
  });

  it('records who signed in, and no password', async () => {
    await account('kate');
    await login('kate', 'a wrong guess');
    await login('kate', PASSWORD);
    const rows = await app.database.query<{
      user_id: number | null;
      response_status_code: number;
      request_payload: string;
    }>(`SELECT * FROM api_logs WHERE endpoint = '/api/v1/auth/login' AND request_payload LIKE '%kate%'`);
    expect(rows.map(({ user_id, response_status_code }) => [user_id === null, response_status_code])).toEqual(
      [
        [true, 401],
        [false, 200],
      ],
    );
    const everything = JSON.stringify(await app.database.query('SELECT * FROM api_logs'));
    for (const secret of ['a wrong guess', PASSWORD, ADMIN_PASSWORD, ADMIN_KEY]) {
      expect(everything).not.toContain(secret);
    }
    expect(JSON.stringify(app.logLines)).not.toContain(PASSWORD);
  });
});

it('the service offers no reset of rate limits outside of test installations', async () => {
  const config = { swagger: false, environment: 'development' };
  const app = await startTestApp({ plugins: tinyPlugins, config });
  const [reset, unknown] = [await app.post('/test/reset-rate-limit'), await app.post('/test/other')];
  expect([reset.status, reset.body.detail]).toEqual([404, unknown.body.detail]);
  await app.close();
});
