import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClientDesk, NOW } from './client-desk.js';
import type { DatabaseKind } from '../../harness/databases.js';

const faultsOf = (body: { detail: { loc: (string | number)[] }[] }): string[] =>
  body.detail.map(({ loc }) => loc.join('.'));

describe.each(['sqlite', 'postgres'] as const)('submitting an order [%s]', (database: DatabaseKind) => {
  let desk: ClientDesk;
  beforeAll(async () => {
    desk = await ClientDesk.start(database);
  }, 60_000);
  afterAll(() => desk.close());

  const priced = async (changes: object): Promise<number> => {
    const { status, body } = await desk.app.post('/api/v1/client/quote', desk.asked({ ...changes }), {
      apiKey: 'client1_key',
    });
    expect(status).toBe(200);
    return body.estimated_cost as number;
  };

  it.each([
    ['symbol', ['', 'a b', '../x', '<b>', 'A'.repeat(33), null, 7]],
    ['prediction_type', ['medium_term', 'SHORT_TERM', null]],
    [
      'datetime_requested',
      [
        '2023-03-14T09:30:00Z',
        '2023-03-14T09:29:59',
        '2020-01-01',
        '9990-01-01',
        '9999-12-31T23:59:59Z',
        'tomorrow',
        null,
      ],
    ],
    ['lookback_ticks', [99, 5001, 100.5, 'many', null]],
    ['predictor_plugin', ['', 'no_such_predictor', 'x'.repeat(101), null]],
    ['feeder_plugin', ['no_such_feeder', 'default_predictor']],
    ['pipeline_plugin', ['no_such_pipeline']],
    ['interval', ['2h', '1m', '']],
    ['prediction_horizon', [0, 25, 1.5]],
    ['priority', [0, 11, null]],
    ['max_cost', [-0.01, 'much', 1e300]],
    [
      'notification_webhook',
      [
        '',
        'nonsense',
        'ftp://example.com/',
        'https://10.0.0.1/',
        'https://[::1]/',
        'http://user:pw@example.com/',
      ],
    ],
    [
      'custom_parameters',
      [
        [],
        'text',
        { text: 'x'.repeat(17_000) },
        { bell: '\u0007' },
        { a: { b: { c: { d: { e: { f: { g: { h: {} } } } } } } } },
      ],
    ],
  ])('refuses what is no %s, naming the field', async (field, values) => {
    for (const value of values) {
      for (const path of ['/api/v1/client/predict', '/api/v1/client/quote']) {
        const refused = await desk.app.post(path, desk.asked({ [field]: value }), { apiKey: 'client1_key' });
        expect([path, value, refused.status]).toEqual([path, value, 422]);
        expect(faultsOf(refused.body)).toEqual([`body.${field}`]);
      }
    }
    expect((await desk.get('/')).body.total_count).toBe(0);
  });

  it('reports all faults together', async () => {
    const refused = await desk.app.post(
      '/api/v1/client/predict',
      { priority: 0, interval: '2h' },
      { apiKey: 'client1_key' },
    );
    expect(faultsOf(refused.body)).toEqual([
      'body.symbol',
      'body.prediction_type',
      'body.datetime_requested',
      'body.interval',
      'body.priority',
    ]);
  });

  it('takes a moment without an offset as UTC, the next second, and unknown fields', async () => {
    const id = await desk.submitted({ datetime_requested: '2023-03-14 09:30:01', nonsense: true });
    expect((await desk.get(`/${id}`)).body.datetime_requested).toBe('2023-03-14T09:30:01.000Z');
    const offset = await desk.submitted({ datetime_requested: '2023-03-14T12:00:00+02:00' });
    expect((await desk.get(`/${offset}`)).body.datetime_requested).toBe('2023-03-14T10:00:00.000Z');
    for (const one of [id, offset]) await desk.send('DELETE', `/${one}`);
  });

  it('takes the symbols of data sources', async () => {
    for (const symbol of ['EURUSD=X', '^GSPC', 'BRK.B', 'TRANSCRIPT'])
      expect([symbol, await priced({ symbol })]).toEqual([symbol, 5]);
  });

  it('prices by type, horizon, lookback, predictor and priority', async () => {
    expect(await priced({ prediction_type: 'long_term' })).toBe(12);
    expect(await priced({ prediction_type: 'custom' })).toBe(8);
    expect(await priced({ prediction_horizon: 11 })).toBe(6);
    expect(await priced({ lookback_ticks: 2001 })).toBe(5.5);
    expect(await priced({ prediction_horizon: 24, lookback_ticks: 5000, priority: 10 })).toBe(7.75);
  });

  it('prices by the provider who is named, and refuses one without a price', async () => {
    const price = { model_name: 'lstm_v3', price_per_request: 3.123456 };
    await desk.app.post('/api/v1/provider/pricing', price, { apiKey: 'provider_key' });
    const asked = { predictor_plugin: 'lstm_v3', custom_parameters: { provider: 'provider_user' } };
    const { body } = await desk.app.post('/api/v1/client/quote', desk.asked(asked), {
      apiKey: 'client1_key',
    });
    expect(body).toMatchObject({
      model_name: 'lstm_v3',
      provider_id: await desk.idOf('provider_user'),
      unit_price: 3.123456,
      estimated_cost: 3.12,
      estimated_cost_micros: 3_123_456,
    });
    // The price in cents is below this one: only the exact one can be named as the most to pay.
    expect(await desk.predict({ ...asked, max_cost: body.estimated_cost })).toMatchObject({
      status: 402,
      body: { detail: 'Estimated cost (3.123456) exceeds maximum (3.12)' },
    });
    const exact = body.estimated_cost_micros / 1_000_000;
    const taken = await desk.predict({ ...asked, max_cost: exact });
    expect(taken.status).toBe(200);
    expect((await desk.send('DELETE', `/${taken.body.id}`)).status).toBe(200);
    const shares = Object.values(body.shares as Record<string, number>);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(3_123_456);
    const refused = await desk.predict({ custom_parameters: { provider: 'provider_user' } });
    expect([refused.status, faultsOf(refused.body)]).toEqual([422, ['body.custom_parameters.provider']]);
  });

  it('takes a model only while an active provider offers it', async () => {
    const price = { model_name: 'lstm_v4', price_per_request: 9 };
    await desk.app.post('/api/v1/provider/pricing', price, { apiKey: 'provider_key' });
    expect(await priced({ predictor_plugin: 'lstm_v4' })).toBe(9);
    const change = (action: string) =>
      desk.app.post(`/api/v1/admin/users/provider_user/${action}`, undefined, { apiKey: 'admin_key' });
    expect((await change('deactivate')).status).toBe(200);
    const refused = await desk.predict({ predictor_plugin: 'lstm_v4' });
    expect([refused.status, faultsOf(refused.body)]).toEqual([422, ['body.predictor_plugin']]);
    expect((await change('activate')).status).toBe(200);
    expect(await priced({ predictor_plugin: 'lstm_v4' })).toBe(9);
  });

  it('is 402 with both amounts above the maximum, of which 0 is one', async () => {
    for (const max_cost of [4.99, 0]) {
      const refused = await desk.predict({ max_cost });
      expect(refused.status).toBe(402);
      const limit = max_cost === 0 ? '0.0' : String(max_cost);
      expect(refused.body.detail).toBe(`Estimated cost (5.0) exceeds maximum (${limit})`);
    }
    const id = await desk.submitted({ max_cost: 5 });
    expect((await desk.send('DELETE', `/${id}`)).status).toBe(200);
  });

  it('is 429 with the number at the limit of the tier, before 402; an ended order makes room', async () => {
    const ids = [];
    for (let taken = 0; taken < 5; taken += 1) ids.push(await desk.submitted({}, 'client2_key'));
    const refused = await desk.predict({ max_cost: 0 }, 'client2_key');
    expect(refused.status).toBe(429);
    expect(refused.body.detail).toMatch(/\b5\b/);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    await desk.complete(String(ids[0]));
    expect((await desk.predict({}, 'client2_key')).status).toBe(200);
    expect((await desk.predict({}, 'client2_key')).status).toBe(429);
    await desk.send('DELETE', `/${ids[1]}`, undefined, 'client2_key');
    expect((await desk.predict({}, 'client2_key')).status).toBe(200);
    const before = await desk.balance(await desk.idOf('client2'));
    const racing = await Promise.all([1, 2, 3].map(() => desk.predict({}, 'client2_key')));
    expect(racing.map(({ status }) => status)).toEqual([429, 429, 429]);
    expect(await desk.balance(await desk.idOf('client2'))).toEqual(before);
    expect(await desk.violations()).toEqual([]);
  });

  it('is for clients and administrators', async () => {
    for (const apiKey of ['provider_key', 'operator_key'] as const)
      expect((await desk.predict({}, apiKey)).status).toBe(403);
    expect((await desk.predict({}, 'admin_key')).status).toBe(200);
    expect((await desk.app.post('/api/v1/client/predict', desk.asked())).status).toBe(401);
    expect(desk.clock.now()).toBe(NOW);
  });
});
