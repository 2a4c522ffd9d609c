import { eventually, type HttpAnswer } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { describeOriginal, type OriginalKey } from '../harness/original.js';

const valid = { symbol: 'AAPL', interval: '1d', prediction_type: 'short_term' };

describeOriginal('the original’s security suite', (app) => {
  const create = (body: unknown, apiKey: string = 'test_key'): Promise<HttpAnswer> =>
    app().request('POST', '/api/v1/predictions/', { body, apiKey });

  it.each(["'; DROP TABLE predictions; --", "1' OR '1'='1", "' UNION SELECT * FROM users --"])(
    'takes no SQL for a symbol and goes on working: %s [S8]',
    async (symbol) => {
      expect((await create({ ...valid, symbol })).status).toBe(422);
      expect((await app().request('GET', '/api/v1/predictions/', { apiKey: 'test_key' })).status).toBe(200);
    },
  );

  it('refuses an empty body, a body that is no JSON, an unknown type and a symbol of 1,000 characters [S9]', async () => {
    expect((await create({})).status).toBe(422);
    expect((await create('not json')).status).toBe(422);
    expect((await create({ ...valid, prediction_type: 'invalid_type' })).status).toBe(422);
    expect((await create({ ...valid, symbol: 'A'.repeat(1000) })).status).toBe(422);
  });

  it('takes no path for a symbol [S10]', async () => {
    expect((await create({ ...valid, symbol: '../../../etc/passwd' })).status).toBe(422);
  });

  it.each(['symbol', 'interval', 'prediction_type'])(
    'takes no markup and no scheme for %s [S11]',
    async (field) => {
      for (const payload of [
        '<script>alert("xss")</script>',
        'javascript:alert("xss")',
        '<img src=x onerror=alert("xss")>',
        '"><script>alert("xss")</script>',
        "';alert('xss');//",
      ]) {
        expect((await create({ ...valid, [field]: payload })).status).toBe(422);
      }
      const { text } = await app().request('GET', '/api/v1/predictions/', { apiKey: 'test_key' });
      expect(text).not.toMatch(/<script>|javascript:/i);
    },
  );

  it('gives nothing away about the inside when a prediction is unknown [S12]', async () => {
    const { status, body } = await app().request('GET', '/api/v1/predictions/999999', { apiKey: 'test_key' });
    expect(status).toBe(404);
    expect(body.detail).not.toMatch(/table|select|\/home\/|password/i);
  });

  it('answers a new prediction without a word that belongs to secrets [S13]', async () => {
    const { status, text } = await create(valid);
    expect(status).toBe(201);
    expect(text).not.toMatch(/password|secret|key|token|hash|database_url|api_key|hashed/i);
  });

  it('takes or politely refuses each of twenty rapid predictions, and takes one more when they are done [S14]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => create({ ...valid, symbol: `RAPID${index}` }, 'user_key')),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 201 && status !== 429)).toEqual([]);
    expect(statuses).toContain(201);
    await eventually('one more is taken', async () => (await create(valid, 'user_key')).status === 201);
  });

  it('refuses ten predictions with different bad keys [S15]', async () => {
    for (let index = 0; index < 10; index += 1) {
      expect((await create(valid, `invalid_key_${index}`)).status).toBe(403);
    }
  });

  const get = (path: string, apiKey?: OriginalKey) =>
    app().request('GET', `/api/v1/${path}`, apiKey === undefined ? {} : { apiKey });

  it('shows all bills to administrators only [S1]', async () => {
    expect((await get('admin/billing', 'test_key')).status).toBe(403);
    const { status, body } = await get('admin/billing', 'admin_key');
    expect(status).toBe(200);
    expect(body).toEqual([]);
  });

  it('keeps clients away from prices and shows them their spending [S2]', async () => {
    expect((await get('provider/pricing', 'test_key')).status).toBe(403);
    expect((await get('provider/pricing', 'admin_key')).status).toBe(200);
    const { status, body } = await get('client/spend', 'test_key');
    expect(status).toBe(200);
    expect(body.total_spent).toBe(0);
  });

  it('sums revenue up for administrators only [S5]', async () => {
    const { status, body } = await get('admin/billing/summary', 'admin_key');
    expect(status).toBe(200);
    expect(body).toMatchObject({ total_revenue: 0, total_transactions: 0, currency: 'USD' });
    expect((await get('admin/billing/summary', 'test_key')).status).toBe(403);
  });

  it('lets a provider set prices and see earnings [S6]', async () => {
    const price = { model_name: 'new_model', price_per_request: 3.5, currency: 'USD' };
    const set = await app().request('POST', '/api/v1/provider/pricing', {
      body: price,
      apiKey: 'provider_key',
    });
    expect(set.status).toBe(201);
    expect(set.body.price_per_request).toBe(3.5);
    const { status, body } = await get('provider/pricing', 'provider_key');
    expect(status).toBe(200);
    expect(body).toEqual([expect.objectContaining({ ...price, is_active: true })]);
    const earnings = await get('provider/earnings', 'provider_key');
    expect(earnings.status).toBe(200);
    expect(earnings.body.total_earnings).toBe(0);
  });

  it('keeps each role to its own side of the money [S7]', async () => {
    const body = { model_name: 'stolen_model', price_per_request: 1, currency: 'USD' };
    const set = await app().request('POST', '/api/v1/provider/pricing', { body, apiKey: 'test_key' });
    expect(set.status).toBe(403);
    expect((await get('admin/pricing', 'admin_key')).status).toBe(200);
    const billing = await get('client/billing', 'test_key');
    expect(billing.status).toBe(200);
    expect(billing.body).toEqual([]);
    expect((await get('client/spend')).status).toBe(401);
  });

  it('keeps clients out of unversioned administration [S18]', async () => {
    const statuses = [
      await app().request('GET', '/admin/users', { apiKey: 'test_key' }),
      await app().request('GET', '/admin/logs', { apiKey: 'test_key' }),
      await app().request('GET', '/admin/system-status', { apiKey: 'test_key' }),
      await app().request('POST', '/admin/config', { apiKey: 'test_key', body: {} }),
    ].map(({ status }) => status);
    for (const status of statuses) expect([403, 404]).toContain(status);
  });

  it('takes five predictions at the same moment and knows each of them afterwards [S19]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        create({ ...valid, symbol: `SAME${index}` }, 'integrity_user_key'),
      ),
    );
    const taken = answers.filter(({ status }) => status === 201).map(({ body }) => body.id as number);
    expect(taken).toHaveLength(5);
    expect(new Set(taken).size).toBe(5);
    for (const id of taken) {
      const { status } = await app().request('GET', `/api/v1/predictions/${id}`, {
        apiKey: 'integrity_user_key',
      });
      expect(status).toBe(200);
    }
  });
});

describeOriginal(
  'the original’s security suite, with authentication required',
  (app) => {
    const create = (headers: Record<string, string> = {}) =>
      app().request('POST', '/api/v1/predictions/', { body: valid, headers });
    const withKey = (apiKey: OriginalKey) => ({ 'X-API-KEY': apiKey });

    it('refuses a prediction without a key and with an empty one [S3]', async () => {
      expect((await create()).status).toBe(403);
      expect((await create({ 'X-API-KEY': '' })).status).toBe(403);
    });

    it('shows a client nothing of another client’s prediction [S4]', async () => {
      const created = await create(withKey('client1_key'));
      expect(created.status).toBe(201);
      const path = `/api/v1/predictions/${created.body.id as number}`;
      const { status, text } = await app().request('GET', path, { apiKey: 'client2_key' });
      expect(status).toBe(403);
      expect(text).not.toContain('AAPL');
    });

    it('answers exactly 403 to seven wrong attempts and still takes the right key [S16]', async () => {
      const attempts = ['invalid_key_1', 'invalid_key_2', 'invalid_key_3', 'test_key_wrong', 'admin_key'];
      for (const key of attempts) expect((await create({ 'X-API-KEY': key })).status).toBe(403);
      expect((await create()).status).toBe(403);
      expect((await create()).status).toBe(403);
      expect((await create(withKey('test_key'))).status).toBe(201);
    });

    describe('without a key', () => {
      it.each([
        ['POST', '/api/v1/predictions/', valid],
        ['GET', '/api/v1/predictions/1', undefined],
        ['GET', '/api/v1/predictions/', undefined],
        ['DELETE', '/api/v1/predictions/1', undefined],
        ['GET', '/api/v1/plugins/', undefined],
        ['POST', '/predict', { instrument: 'EUR_USD' }],
        ['GET', '/status/test', undefined],
      ])('refuses %s %s [S17]', async (method, path, body) => {
        const { status } = await app().request(method, path, body === undefined ? {} : { body });
        expect(status).toBe(403);
      });
    });
  },
  { require_auth: true },
);
