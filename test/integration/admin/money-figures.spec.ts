import { TransactionRunner } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { FakeClock, tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Billing, Prices } from '../../../src/billing/billing.port.js';
import { asked } from '../billing/billing-bench.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const DAY = 86_400_000;
const LEASE_MS = 1_800_000;

describe.each(DATABASE_KINDS)('what administrators see of the money [%s]', (kind) => {
  /** 31 January, so that a day later is another month. */
  const clock = new FakeClock(Date.UTC(2026, 0, 31, 12));
  let app: TestApp;
  let client: number;
  let provider: number;
  beforeAll(async () => {
    app = await startTestApp({ database: kind, plugins: tinyPlugins, clock, config: { swagger: false } });
    client = await account('desk1', 'client', { initial_credits: 50.5, billing_address: { city: 'London' } });
    provider = await account('models', 'provider');
    for (const [model_name, price_per_request, currency] of [
      ['lstm', 4, 'USD'],
      ['euro', 2, 'EUR'],
    ]) {
      const answer = await app.post(
        '/api/v1/provider/pricing',
        { model_name, price_per_request, currency },
        admin,
      );
      expect(answer.status).toBe(201);
    }
    await app.post('/api/v1/admin/credits', { user_id: client, amount: 10, currency: 'EUR' }, admin);
  }, 60_000);
  afterAll(() => app.close());

  const admin = { apiKey: ADMIN_KEY };
  const get = async (path: string) => (await app.get(`/api/v1/admin/${path}`, admin)).body;

  async function account(username: string, role: string, more: object = {}): Promise<number> {
    const body = { username, email: `${username}@example.com`, role, password: 'long enough', ...more };
    const answer = await app.post('/api/v1/admin/users', body, admin);
    expect(answer.status).toBe(201);
    return answer.body.id as number;
  }

  /** An order of the client, held; `complete` settles it by the evaluator with the provider's id, as it may be. */
  async function order(
    modelName: string,
    outcome: 'completed' | 'open' | 'cancelled' = 'completed',
  ): Promise<void> {
    const billing = app.app.get<Billing>(Billing, { strict: false });
    const orderId = newUuid();
    await app.app.get(TransactionRunner, { strict: false }).run(async (tx) => {
      const quote = await app.app.get<Prices>(Prices, { strict: false }).quote(asked({ modelName }));
      await billing.hold(tx, { orderId, clientId: client, quote, description: 'EURUSD short_term' });
      if (outcome === 'cancelled') await billing.void(tx, orderId, 'cancelled by its client');
      if (outcome === 'completed')
        await billing.capture(tx, { orderId, evaluatorId: provider, workedMs: LEASE_MS, leaseMs: LEASE_MS });
    });
  }

  const listed = async (username: string) => (await get(`users?search=${username}`)).users[0];

  it('keeps tier, address, notes and first credits of an account', async () => {
    expect(await listed('desk1')).toMatchObject({
      subscription_tier: 'basic',
      available_credits: 50.5,
      total_spent: 0,
      billing_address: { city: 'London' },
      notes: null,
    });
    const change = {
      subscription_tier: 'premium',
      notes: 'Pays by quarter',
      billing_address: { street: '1 Market Street', city: 'London' },
    };
    const changed = await app.request('PUT', `/api/v1/admin/users/${client}`, { ...admin, body: change });
    expect(changed.status).toBe(200);
    expect(await listed('desk1')).toMatchObject(change);
    const lines = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`line${index}`, 'x']));
    const tooLong = await app.request('PUT', `/api/v1/admin/users/${client}`, {
      ...admin,
      body: { billing_address: lines },
    });
    const made = { username: 'long', email: 'long@example.com', billing_address: lines };
    expect((await app.post('/api/v1/admin/users', made, admin)).body.detail).toMatchObject([
      { type: 'value_error', loc: ['body', 'billing_address'] },
    ]);
    expect(tooLong).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'billing_address'] }] } });
    expect(await listed('desk1')).toMatchObject(change);
  });

  it('creates no account whose credits could not be granted', async () => {
    await app.database.run(async (tx) => {
      await tx.manager.query(
        kind === 'sqlite'
          ? `CREATE TRIGGER no_credits BEFORE INSERT ON credits BEGIN SELECT RAISE(ABORT, 'no'); END`
          : 'ALTER TABLE credits ADD CONSTRAINT no_credits CHECK (false) NOT VALID',
      );
    });
    const body = { username: 'half', email: 'half@example.com', initial_credits: 5 };
    const refused = await app.post('/api/v1/admin/users', body, admin);
    await app.database.run(async (tx) => {
      await tx.manager.query(
        kind === 'sqlite' ? 'DROP TRIGGER no_credits' : 'ALTER TABLE credits DROP CONSTRAINT no_credits',
      );
    });
    expect(refused.status).toBe(500);
    expect((await get('users?search=half')).users).toEqual([]);
  });

  it('adds up what was settled, earned and spent, by currency', async () => {
    await order('lstm');
    await order('euro');
    await order('lstm', 'open');
    await order('lstm', 'cancelled');
    expect((await get('stats')).financial_metrics).toEqual({
      revenue_today: 4,
      revenue_month: 4,
      // 70 % for the evaluator; the price is the administrator's
      pending_payouts: 3.8,
      average_request_value: 4,
      currencies: [
        {
          currency: 'EUR',
          revenue_today: 2,
          revenue_month: 2,
          pending_payouts: 1.9,
          average_request_value: 2,
        },
        {
          currency: 'USD',
          revenue_today: 4,
          revenue_month: 4,
          pending_payouts: 3.8,
          average_request_value: 4,
        },
      ],
      by_score: [],
    });
    expect(await listed('desk1')).toMatchObject({ total_spent: 4, available_credits: 42.5 });
    expect(await listed('models')).toMatchObject({ total_spent: 0, available_credits: 0 });
    expect(await get('usage/desk1')).toMatchObject({
      cost_estimate: 4,
      costs: [
        { currency: 'EUR', cost: 2, cost_micros: 2_000_000, requests: 1 },
        { currency: 'USD', cost: 4, cost_micros: 4_000_000, requests: 1 },
      ],
    });
  });

  it('begins days and months anew, and takes away what was paid out', async () => {
    clock.jump(DAY);
    await app.post('/api/v1/admin/payouts', { user_id: provider, amount: 2.8 }, admin);
    const { financial_metrics } = await get('stats');
    expect(financial_metrics).toMatchObject({
      revenue_today: 0,
      revenue_month: 0,
      pending_payouts: 1,
      average_request_value: 0,
    });
    await order('lstm');
    await order('lstm');
    expect((await get('stats')).financial_metrics).toMatchObject({
      revenue_today: 8,
      revenue_month: 8,
      average_request_value: 4,
    });
    expect(await listed('desk1')).toMatchObject({ total_spent: 12 });
    clock.jump(DAY);
    expect(await get('usage/desk1?days=1')).toMatchObject({ cost_estimate: 8 });
    expect((await get('stats')).financial_metrics).toMatchObject({ revenue_today: 0, revenue_month: 8 });
  });
});
