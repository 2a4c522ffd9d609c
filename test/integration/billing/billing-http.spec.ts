import { FakeClock } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TransactionRunner } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { Billing, Prices, BillingVerifier } from '../../../src/billing/billing.port.js';
import { BillingUpkeep } from '../../../src/billing/billing-upkeep.service.js';
import { UsersModule } from '../../../src/users/users.module.js';
import { asked } from './billing-bench.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { seedOriginalAccounts } from '../../harness/original.js';

/** Monday, 5 January 2026. */
const JANUARY = Date.UTC(2026, 0, 5);
const DAY = 86_400_000;

describe.each(['sqlite', 'postgres'] as const)('billing over HTTP [%s]', (database: DatabaseKind) => {
  const clock = new FakeClock(JANUARY);
  let app: TestApp;
  let clientId: number;

  beforeAll(async () => {
    app = await startTestApp({
      database,
      clock,
      config: { database_pool_size: 4, database_max_overflow: 0 },
      domains: [UsersModule, BillingModule],
      seed: seedOriginalAccounts,
    });
    clientId = await idOf('client1');
  }, 60_000);
  afterAll(() => app.close());

  const idOf = async (username: string): Promise<number> => {
    const rows = await app.database.query<{ id: number; username: string }>('SELECT id, username FROM users');
    return rows.find((row) => row.username === username)?.id ?? 0;
  };
  const get = (path: string, apiKey: string) => app.get(`/api/v1${path}`, { apiKey });
  const post = (path: string, body: unknown, apiKey: string, headers = {}) =>
    app.post(`/api/v1${path}`, body, { apiKey, headers });

  /** A settled order of client1. */
  const settle = async (modelName = 'default_predictor'): Promise<string> => {
    const billing = app.app.get<Billing>(Billing, { strict: false });
    const orderId = newUuid();
    await app.app.get(TransactionRunner, { strict: false }).run(async (tx) => {
      const quote = await app.app.get<Prices>(Prices, { strict: false }).quote(asked({ modelName }));
      await billing.hold(tx, { orderId, clientId, quote, description: 'EURUSD short_term' });
      await billing.capture(tx, { orderId, evaluatorId: 0, workedMs: 1_800_000, leaseMs: 1_800_000 });
    });
    return orderId;
  };

  it('sets, replaces and lists prices', async () => {
    const first = await post(
      '/provider/pricing',
      { model_name: 'm', price_per_request: '3.50', score_share: 0.4 },
      'provider_key',
    );
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.any(Number),
      provider_id: await idOf('provider_user'),
      model_name: 'm',
      price_per_request: 3.5,
      currency: 'USD',
      score_share: 0.4,
      is_active: true,
      created_at: new Date(JANUARY).toISOString(),
      replaced_at: null,
    });
    const second = await post(
      '/provider/pricing/',
      { model_name: 'm', price_per_request: 0.123457, currency: 'EUR' },
      'provider_key',
    );
    expect(second.body).toMatchObject({ price_per_request: 0.123457, currency: 'EUR' });
    await expect(get('/provider/pricing', 'provider_key')).resolves.toMatchObject({ body: [second.body] });
    await expect(get('/admin/pricing', 'admin_key')).resolves.toMatchObject({ body: [second.body] });
    await expect(get('/provider/pricing', 'admin_key')).resolves.toMatchObject({ status: 200, body: [] });
  });

  it.each<[unknown, string]>([
    [0, 'should be greater than or equal to 0.000001'],
    [-0.4, 'should be greater than or equal to 0.000001'],
    [0.000_000_1, 'should be greater than or equal to 0.000001'],
    [1.000_001, 'should be less than or equal to 1'],
    [0.123_456_7, 'should have no more than 6 decimal places'],
    ['half', 'should be a valid number'],
    [true, 'should be a valid number'],
    [[0.5], 'should be a valid number'],
  ])('refuses a share of %p with the field and what is allowed', async (share, allowed) => {
    const price = { model_name: 'refused', price_per_request: 1, score_share: share };
    const { status, body } = await post('/provider/pricing', price, 'provider_key');
    expect([status, body.detail]).toEqual([
      422,
      [expect.objectContaining({ loc: ['body', 'score_share'], msg: expect.stringContaining(allowed) })],
    ]);
    const prices = await get('/provider/pricing', 'provider_key');
    expect(JSON.stringify(prices.body)).not.toContain('refused');
  });

  it('gives credits once, whatever is repeated', async () => {
    const body = { user_id: clientId, amount: 12.5, payment_reference: 'TRX-1' };
    const key = { 'Idempotency-Key': 'top-up-1' };
    const first = await post('/admin/credits', body, ADMIN_KEY, key);
    expect(first).toMatchObject({ status: 201, body: { amount: 12.5, credit_type: 'purchased' } });
    await expect(post('/admin/credits', body, ADMIN_KEY, key)).resolves.toMatchObject({ body: first.body });
    await expect(get('/billing/balance', 'client1_key')).resolves.toMatchObject({
      body: {
        billing_mode: 'postpaid',
        balances: [{ currency: 'USD', available: 12.5, held: 0, earned: 0, credit_limit: 1000 }],
      },
    });
    await expect(get(`/admin/billing/balances/${clientId}`, 'admin_key')).resolves.toMatchObject({
      body: { balances: [{ available_micros: 12_500_000 }] },
    });
    expect((await get('/admin/billing/balances/99999', 'admin_key')).status).toBe(404);
    await expect(get('/billing/credits', 'client1_key')).resolves.toMatchObject({ body: [first.body] });
    await expect(post('/admin/credits', { user_id: 99_999, amount: 1 }, ADMIN_KEY)).resolves.toMatchObject({
      status: 404,
      body: { detail: 'User not found' },
    });
  });

  it('tells client, provider and administrator the same of a settled order', async () => {
    await post('/provider/pricing', { model_name: 'lstm', price_per_request: 4 }, 'provider_key');
    const orderId = await settle('lstm');
    const spend = await get('/client/spend?days=1', 'client1_key');
    expect(spend.body).toMatchObject({
      total_spent: 4,
      currency: 'USD',
      total_requests: 1,
      period_days: 1,
      currencies: [{ currency: 'USD', total_spent: 4, total_spent_micros: 4_000_000, total_requests: 1 }],
    });
    await expect(get('/provider/earnings', 'provider_key')).resolves.toMatchObject({
      body: { total_earnings: 1, currency: 'USD', total_requests: 1, period_days: 30 },
    });
    const bill = await get('/client/billing', 'client1_key');
    expect(bill.body).toEqual([
      {
        id: expect.any(Number),
        client_id: clientId,
        provider_id: await idOf('provider_user'),
        prediction_id: orderId,
        cost: 4,
        cost_micros: 4_000_000,
        currency: 'USD',
        description: 'EURUSD short_term',
        timestamp: new Date(JANUARY).toISOString(),
      },
    ]);
    await expect(get('/admin/billing', 'admin_key')).resolves.toMatchObject({ body: bill.body });
    await expect(get('/admin/billing/summary', 'admin_key')).resolves.toMatchObject({
      body: {
        total_revenue: 4,
        total_transactions: 1,
        unique_clients: 1,
        unique_providers: 1,
        currency: 'USD',
      },
    });
    await expect(get('/client/billing', 'client2_key')).resolves.toMatchObject({ body: [] });
    await expect(get('/client/spend', 'test_key')).resolves.toMatchObject({
      body: { total_spent: 0, total_requests: 0, currencies: [] },
    });
    const statement = await get('/billing/statement?limit=3', 'client1_key');
    expect(
      statement.body.map((line: { account: string; amount: number }) => [line.account, line.amount]),
    ).toEqual([
      ['held', -4],
      ['available', -4],
      ['held', 4],
    ]);
    const texts = new Set(statement.body.map((line: { description: string | null }) => line.description));
    expect([...texts]).toEqual([expect.any(String)]);
    expect(statement.headers.get('link')).toContain('rel="next"');
  });

  it('keeps currencies apart', async () => {
    await post(
      '/provider/pricing',
      { model_name: 'euro', price_per_request: 2, currency: 'EUR' },
      'provider_key',
    );
    await expect(settle('euro')).rejects.toMatchObject({ kind: 'payment_required' });
    await post('/admin/credits', { user_id: clientId, amount: 10, currency: 'EUR' }, ADMIN_KEY);
    await settle('euro');
    const { body } = await get('/client/spend', 'client1_key');
    expect(body.total_spent).toBe(4);
    expect(body.currencies).toEqual([
      { currency: 'EUR', total_spent: 2, total_spent_micros: 2_000_000, total_requests: 1 },
      { currency: 'USD', total_spent: 4, total_spent_micros: 4_000_000, total_requests: 1 },
    ]);
  });

  it('adds up and lists within a period', async () => {
    clock.jump(10 * DAY);
    await settle('lstm');
    const spent = async (query: string) =>
      (await get(`/client/spend?${query}`, 'client1_key')).body.total_spent as number;
    expect(await spent('days=5')).toBe(4);
    expect(await spent('days=30')).toBe(8);
    expect(await spent('from=2026-01-05&to=2026-01-06')).toBe(4);
    expect(await spent('from=2026-01-06T00:00:00Z')).toBe(4);
    expect(await spent('to=2026-01-05T00:00:00Z')).toBe(0);
    for (const wrong of ['spend?from=2026-01-06&to=2026-01-05', 'spend?days=366', 'billing?limit=501'])
      expect((await get(`/client/${wrong}`, 'client1_key')).status).toBe(422);
    const page = await get('/admin/billing?limit=1&offset=1', 'admin_key');
    expect([page.body.length, page.headers.get('x-total-count')]).toEqual([1, '3']);
    expect((await get('/admin/billing?from=2026-01-10', 'admin_key')).body).toHaveLength(1);
  });

  it('invoices a month when it is over, once', async () => {
    expect((await post('/admin/invoices', { month: '2026-01' }, ADMIN_KEY)).status).toBe(409);
    clock.jump(20 * DAY);
    await app.app.get(BillingUpkeep, { strict: false }).run();
    await expect(post('/admin/invoices', { month: '2026-01' }, ADMIN_KEY)).resolves.toMatchObject({
      status: 200,
      body: { month: '2026-01', issued: 0 },
    });
    const { body: invoices } = await get('/client/invoices', 'client1_key');
    expect(invoices).toMatchObject([
      { invoice_number: 'INV-202601-000002', currency: 'USD', total_amount: 8, tax_amount: 0 },
      { invoice_number: 'INV-202601-000001', currency: 'EUR', total_amount: 2 },
    ]);
    const path = `/client/invoices/${invoices[0].id}`;
    const { body: detail } = await get(path, 'client1_key');
    expect(detail.recipient).toEqual({ name: 'client1', address: [] });
    expect(detail.lines).toEqual([
      { position: 1, description: 'EURUSD short_term, model lstm', quantity: 2, unit_price: 4, amount: 8 },
    ]);
    const html = await get(`${path}/invoice.html`, 'client1_key');
    expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html.text).toContain('8.00 USD');
    const pdf = await get(`${path}/invoice.pdf`, 'client1_key');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(pdf.headers.get('content-disposition')).toBe('attachment; filename="INV-202601-000002.pdf"');
    expect(pdf.text.slice(0, 5)).toBe('%PDF-');
    expect((await get(path, 'client2_key')).status).toBe(404);
    expect((await get(path, 'admin_key')).status).toBe(200);
  });

  it('pays earnings out, but not more than was earned', async () => {
    const provider = await idOf('provider_user');
    const refused = await post('/admin/payouts', { user_id: provider, amount: 3 }, ADMIN_KEY);
    expect(refused).toMatchObject({
      status: 409,
      body: { detail: 'Only 2.00 USD are earned and not paid out; 3.00 USD were requested' },
    });
    const body = { user_id: provider, amount: 1.5, payment_reference: 'SEPA-9' };
    expect((await post('/admin/payouts', body, ADMIN_KEY)).status).toBe(201);
    await expect(get('/billing/balance', 'provider_key')).resolves.toMatchObject({
      body: { balances: [{ currency: 'EUR' }, { currency: 'USD', earned: 0.5, earned_micros: 500_000 }] },
    });
  });

  it('gives new accounts their credits', async () => {
    const account = { username: 'rich', email: 'rich@example.com', role: 'client', initial_credits: 7 };
    const { body } = await post('/admin/users', account, ADMIN_KEY);
    await post('/admin/users/rich/activate', undefined, ADMIN_KEY);
    await expect(get('/billing/balance', body.api_key)).resolves.toMatchObject({
      body: { balances: [{ available: 7 }] },
    });
  });

  it('prices and settles more orders at a time than the database has connections', async () => {
    const settled = await Promise.all(Array.from({ length: 16 }, () => settle('lstm')));
    expect(new Set(settled).size).toBe(16);
  });

  it('adds up after all of that', async () => {
    const records = await app.database.query<{ prediction_id: string }>(
      'SELECT prediction_id FROM billing_records ORDER BY prediction_id',
    );
    const orders = records.map((record) => ({ orderId: record.prediction_id, state: 'completed' as const }));
    const verifier = app.app.get<BillingVerifier>(BillingVerifier, { strict: false });
    await expect(verifier.verify({ list: async () => orders })).resolves.toMatchObject({
      orders: 19,
      violations: [],
    });
  });
});
