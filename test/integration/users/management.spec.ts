import { FakeClock, tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, describeOnAdapters, startTestApp, type TestApp } from '../../harness/app.js';

const PASSWORD = 'correct horse battery staple';

describeOnAdapters('user management', (adapter) => {
  const clock = new FakeClock();
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ adapter, plugins: tinyPlugins, config: { swagger: false }, clock });
  });
  afterAll(() => app.close());

  const admin = { apiKey: ADMIN_KEY };
  const create = (body: object) => app.post('/api/v1/admin/users', body, admin);
  const put = (path: string, body: object, apiKey = ADMIN_KEY) => app.request('PUT', path, { apiKey, body });
  const idOf = async (username: string): Promise<number> =>
    ((await app.get(`/api/v1/admin/users?search=${username}`, admin)).body.users as { id: number }[])[0]
      ?.id ?? 0;

  describe('making accounts', () => {
    it('without a password makes an inactive one with a random password, told once', async () => {
      const answer = await create({ username: 'simple', email: 'simple@example.com' });
      expect([answer.status, answer.body]).toEqual([
        201,
        {
          id: expect.any(Number),
          username: 'simple',
          email: 'simple@example.com',
          is_active: false,
          role: 'client',
          created_at: '2026-01-05T00:00:00.000Z',
          api_key: expect.stringMatching(/^pp_[\w-]{43}$/),
          subscription_tier: 'basic',
          initial_password: expect.stringMatching(/^[\w-]{16}$/),
        },
      ]);
      const { api_key, initial_password: password } = answer.body as Record<string, string>;
      const early = await app.get('/api/v1/users/profile', { apiKey: String(api_key) });
      expect([early.status, early.body.detail]).toEqual([401, 'User account is not active']);
      const activated = await app.post('/api/v1/admin/users/simple/activate', undefined, admin);
      expect([activated.status, activated.body]).toEqual([
        200,
        { message: 'User simple activated successfully' },
      ]);
      expect((await app.post('/api/v1/auth/login', { username: 'simple', password })).status).toBe(200);
      const profile = await app.get('/api/v1/users/profile', { apiKey: String(api_key) });
      expect(profile.body).toEqual({
        id: answer.body.id,
        username: 'simple',
        email: 'simple@example.com',
        is_active: true,
        role: 'client',
        created_at: '2026-01-05T00:00:00.000Z',
        api_key: null,
      });
    });

    it('with a password makes an active one, with tier, credits and address kept', async () => {
      const answer = await create({
        username: 'extended',
        email: 'extended@example.com',
        password: PASSWORD,
        role: 'evaluator',
        subscription_tier: 'premium',
        initial_credits: 12.34,
        billing_address: { city: 'Springfield' },
      });
      expect(answer.body).toMatchObject({ is_active: true, role: 'evaluator', subscription_tier: 'premium' });
      expect(answer.body).not.toHaveProperty('initial_password');
      const rows = await app.database.query(
        `SELECT initial_credits_micros, billing_address FROM users WHERE username = 'extended'`,
      );
      expect(rows).toEqual([
        { initial_credits_micros: 12_340_000, billing_address: '{"city":"Springfield"}' },
      ]);
      const inactive = await create({
        username: 'waiting',
        email: 'waiting@example.com',
        password: PASSWORD,
        is_active: false,
      });
      expect(inactive.body.is_active).toBe(false);
    });

    it('answers duplicates in the two ways of the contract', async () => {
      await create({ username: 'dup', email: 'dup@example.com' });
      const outcome = async (body: object) => {
        const answer = await create(body);
        return [answer.status, answer.body.detail];
      };
      expect(await outcome({ username: 'dup', email: 'x@example.com' })).toEqual([
        400,
        'Username already exists',
      ]);
      expect(await outcome({ username: 'dup2', email: 'dup@example.com' })).toEqual([
        400,
        'Email already exists',
      ]);
      expect(await outcome({ username: 'dup', email: 'x@example.com', password: PASSWORD })).toEqual([
        409,
        'Username or email already exists',
      ]);
      expect(await outcome({ username: 'dup3', email: 'y@example.com', role: 'emperor' })).toEqual([
        400,
        "Role 'emperor' does not exist",
      ]);
    });

    it.each<[string, object, string]>([
      ['no name', { email: 'a@example.com' }, 'missing'],
      ['an empty name', { username: '', email: 'a@example.com' }, 'string_too_short'],
      ['a long name', { username: 'x'.repeat(51), email: 'a@example.com' }, 'string_too_long'],
      ['blanks at the ends', { username: ' x', email: 'a@example.com' }, 'string_pattern_mismatch'],
      ['an invisible character', { username: 'a\u200bb', email: 'a@example.com' }, 'string_pattern_mismatch'],
      [
        'a short name with a password',
        { username: 'ab', email: 'a@example.com', password: PASSWORD },
        'string_too_short',
      ],
      ['a malformed address', { username: 'abc', email: 'a@b' }, 'string_pattern_mismatch'],
      [
        'a short password',
        { username: 'abc', email: 'a@example.com', password: '1234567' },
        'string_too_short',
      ],
      [
        'negative credits',
        { username: 'abc', email: 'a@example.com', initial_credits: -1 },
        'greater_than_equal',
      ],
      [
        'an unknown tier',
        { username: 'abc', email: 'a@example.com', subscription_tier: 'gold' },
        'string_pattern_mismatch',
      ],
    ])('refuses %s', async (_, body, type) => {
      const answer = await create(body);
      expect([answer.status, answer.body.detail[0].type]).toEqual([422, type]);
    });

    it('happens once for one Idempotency-Key', async () => {
      const send = () =>
        app.request('POST', '/api/v1/admin/users', {
          ...admin,
          body: { username: 'once', email: 'once@example.com' },
          headers: { 'Idempotency-Key': 'make-once' },
        });
      const [first, second] = [await send(), await send()];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.text).toBe(first.text);
    });
  });

  describe('listing accounts', () => {
    it('is a bare array without a query, an envelope with one', async () => {
      const bare = await app.get('/api/v1/admin/users', admin);
      expect(Array.isArray(bare.body)).toBe(true);
      expect(bare.body[0]).toEqual({
        id: 1,
        username: 'admin',
        email: 'administrator@localhost.localdomain',
        is_active: true,
        role: 'administrator',
        created_at: '2026-01-05T00:00:00.000Z',
        api_key: null,
        subscription_tier: 'basic',
        last_login: null,
        total_predictions: 0,
        total_spent: 0,
        available_credits: 0,
        billing_address: null,
        notes: null,
      });
      expect(bare.headers.get('x-total-count')).toBe(String(bare.body.length));
      const page = await app.get('/api/v1/admin/users?role=admin&limit=1&is_active=true', admin);
      expect(page.body).toEqual({
        users: [expect.objectContaining({ username: 'admin' })],
        total_count: 1,
        active_users: expect.any(Number),
        new_users_this_month: bare.body.length,
      });
      expect(JSON.stringify(bare.body)).not.toMatch(/sha256|hash/);
    });

    it.each(['limit=0', 'limit=101', 'offset=-1', 'role=emperor', 'is_active=perhaps', 'created_after=soon'])(
      'refuses %s',
      async (query) => {
        expect((await app.get(`/api/v1/admin/users?${query}`, admin)).status).toBe(422);
      },
    );
  });

  describe('changing accounts', () => {
    it('changes state, role, tier and notes', async () => {
      await create({ username: 'changed', email: 'changed@example.com', password: PASSWORD });
      const id = await idOf('changed');
      const body = {
        role: 'provider',
        subscription_tier: 'enterprise',
        notes: 'line\nline',
        is_active: false,
      };
      const answer = await put(`/api/v1/admin/users/${id}`, body);
      expect([answer.status, answer.body]).toEqual([
        200,
        { success: true, message: 'User updated successfully' },
      ]);
      const rows = await app.database.query(`SELECT notes, subscription_tier FROM users WHERE id = ${id}`);
      expect(rows).toEqual([{ notes: 'line\nline', subscription_tier: 'enterprise' }]);
      expect((await put(`/api/v1/admin/users/${id}`, {})).status).toBe(200);
      expect((await put(`/api/v1/admin/users/${id}`, { role: 'emperor' })).status).toBe(422);
    });

    it('ends accounts in two ways', async () => {
      const key = (await create({ username: 'finished', email: 'finished@example.com', password: PASSWORD }))
        .body.api_key as string;
      const id = await idOf('finished');
      const remove = (query = '') => app.request('DELETE', `/api/v1/admin/users/${id}${query}`, admin);
      expect((await remove()).body).toEqual({ success: true, message: 'User deactivated successfully' });
      expect((await remove('?action=delete&notify_user=false')).body).toEqual({
        success: true,
        message: 'User marked for deletion',
      });
      expect((await remove('?action=delete')).status).toBe(404);
      const refused = await app.get('/api/v1/users/profile', { apiKey: key });
      expect([refused.status, refused.body.detail]).toEqual([401, 'Invalid API key']);
      expect((await remove('?action=erase')).status).toBe(422);
    });

    it('keeps administrators from locking everybody out', async () => {
      const outcome = async (work: Promise<{ status: number; body: { detail?: string } }>) => {
        const { status, body } = await work;
        return [status, body.detail];
      };
      const own = 'You cannot deactivate your own account';
      expect(await outcome(app.post('/api/v1/admin/users/admin/deactivate', undefined, admin))).toEqual([
        400,
        own,
      ]);
      expect(await outcome(put('/api/v1/admin/users/1', { is_active: false }))).toEqual([400, own]);
      expect(await outcome(app.request('DELETE', '/api/v1/admin/users/1', admin))).toEqual([
        400,
        'You cannot delete your own account',
      ]);
      expect(await outcome(put('/api/v1/admin/users/1', { role: 'guest' }))).toEqual([
        400,
        'The last active administrator cannot be deactivated, demoted or deleted',
      ]);
    });

    it.each([
      ['POST', '/api/v1/admin/users/nobody/activate', 404],
      ['POST', '/api/v1/admin/users/nobody/deactivate', 404],
      ['PUT', '/api/v1/admin/users/999999', 404],
      ['PUT', '/api/v1/admin/users/abc', 422],
      ['PUT', '/api/v1/admin/users/99999999999999999999', 404],
      ['DELETE', '/api/v1/admin/users/999999', 404],
      ['DELETE', '/api/v1/admin/users/2147483648', 404],
    ])('answers %s %s with %i', async (method, path, status) => {
      const body = method === 'PUT' ? { body: {} } : {};
      expect((await app.request(method, path, { ...admin, ...body })).status).toBe(status);
    });
  });

  it('lets people change their address, but not their role', async () => {
    const key = (await create({ username: 'self', email: 'self@example.com', password: PASSWORD })).body
      .api_key as string;
    const outcome = async (body: unknown) => {
      const answer = await app.request('PUT', '/api/v1/users/profile', { apiKey: key, body });
      return [answer.status, answer.body.detail ?? answer.body.message];
    };
    expect(await outcome({ role: 'admin' })).toEqual([403, 'Users cannot change their own role']);
    expect(await outcome({ email: 'administrator@localhost.localdomain' })).toEqual([
      400,
      'Email already exists',
    ]);
    expect((await outcome({ email: 'nonsense' }))[0]).toBe(422);
    expect((await outcome(['email']))[0]).toBe(422);
    expect(await outcome({})).toEqual([200, 'Profile updated successfully']);
    expect(await outcome({ email: 'me@example.com', is_active: false })).toEqual([
      200,
      'Profile updated successfully',
    ]);
    const profile = await app.get('/api/v1/users/profile', { apiKey: key });
    expect(profile.body).toMatchObject({ email: 'me@example.com', is_active: true, role: 'client' });
  });
});
