import { FakeClock, tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ADMIN_KEY, describeOnAdapters, startTestApp, type TestApp } from '../../harness/app.js';

describeOnAdapters('rate limits', (adapter) => {
  const clock = new FakeClock();
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ adapter, plugins: tinyPlugins, config: { swagger: false }, clock });
  });
  afterAll(() => app.close());

  const admin = { apiKey: ADMIN_KEY };
  const setLimits = (rate_limits: object) => app.post('/api/v1/admin/config', { rate_limits }, admin);
  const show = () => app.get('/api/v1/users/profile', admin);

  it('are off: no header, no refusal', async () => {
    const answer = await show();
    expect([answer.headers.get('ratelimit'), answer.headers.get('ratelimit-policy')]).toEqual([null, null]);
  });

  it('hold per group and caller from the moment they are set, and tell what is left', async () => {
    await setLimits({ users: 2 });
    const first = await show();
    expect(first.headers.get('ratelimit-policy')).toBe('"users";q=2;w=60');
    expect(first.headers.get('ratelimit')).toBe('"users";r=1;t=60');
    clock.jump(20_000);
    expect((await show()).headers.get('ratelimit')).toBe('"users";r=0;t=40');
    const refused = await show();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('40');
    expect(refused.headers.get('ratelimit')).toBe('"users";r=0;t=40');
    expect((await app.get('/api/v1/admin/config', admin)).status).toBe(200);
    expect((await app.get('/api/v1/users/profile')).status).toBe(401);
    clock.jump(40_000);
    expect((await show()).status).toBe(200);
  });

  it('count anonymous callers by address', async () => {
    await setLimits({ other: 1 });
    const statuses = [(await app.get('/health')).status, (await app.get('/health')).status];
    await setLimits({});
    expect(statuses).toEqual([200, 429]);
    expect((await app.get('/health')).status).toBe(200);
  });

  it('are refused for a group that no route belongs to, with the groups there are, and nothing changes', async () => {
    await setLimits({ users: 5 });
    const answer = await setLimits({ users: 9, predict: 5 });
    expect([answer.status, answer.body.detail]).toEqual([
      422,
      [
        expect.objectContaining({
          type: 'value_error',
          loc: ['body', 'rate_limits'],
          msg: expect.stringMatching(
            /"predict" is not a group of routes; allowed: predictions, sync, auth, /,
          ),
        }),
      ],
    ]);
    expect((await show()).headers.get('ratelimit-policy')).toBe('"users";q=5;w=60');
    await setLimits({});
  });
});
