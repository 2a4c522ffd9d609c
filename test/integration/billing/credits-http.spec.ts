import { FakeClock } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { BillingUpkeep } from '../../../src/billing/billing-upkeep.service.js';
import { BillingVerifier } from '../../../src/billing/billing.port.js';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { UsersModule } from '../../../src/users/users.module.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { seedOriginalAccounts } from '../../harness/original.js';

const START = Date.UTC(2026, 0, 5);
const DAY = 86_400_000;

describe.each(['sqlite', 'postgres'] as const)('credits over HTTP [%s]', (database: DatabaseKind) => {
  const clock = new FakeClock(START);
  let app: TestApp;
  let userId: number;
  beforeAll(async () => {
    app = await startTestApp({
      database,
      clock,
      domains: [UsersModule, AuditModule, BillingModule],
      seed: seedOriginalAccounts,
    });
    const { body } = await app.get('/api/v1/users/profile', { apiKey: 'client1_key' });
    userId = body.id;
  }, 60_000);
  afterAll(() => app.close());

  const topUp = (body: object, headers = {}) =>
    app.post('/api/v1/admin/credits', { user_id: userId, ...body }, { apiKey: ADMIN_KEY, headers });
  const own = async (path: string) =>
    (await app.get(`/api/v1/billing/${path}`, { apiKey: 'client1_key' })).body;
  const available = async (): Promise<number> => (await own('balance')).balances[0].available;

  it('are given once, however often and however much at once it is asked', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, () =>
        topUp({ amount: 20, payment_reference: 'TRX-1' }, { 'Idempotency-Key': 'transfer-1' }),
      ),
    );
    for (const { status } of answers) expect([201, 409]).toContain(status);
    expect(await own('credits')).toHaveLength(1);
    expect(await available()).toBe(20);
    const again = await topUp({ amount: 30 }, { 'Idempotency-Key': 'transfer-1' });
    expect(again).toMatchObject({ status: 422, body: { detail: [{ type: 'idempotency_key_reused' }] } });
  });

  it.each([
    [{ amount: true }, 'float_type'],
    [{ amount: '20' }, 'float_type'],
    [{ amount: 0.0000015 }, 'decimal_max_places'],
    [{ amount: 1.0000001 }, 'decimal_max_places'],
    [{ amount: 0 }, 'greater_than_equal'],
    [{ amount: 20, user_id: true }, 'int_type'],
    [{ amount: 20, user_id: '2' }, 'int_type'],
  ])('are not given for %j', async (body, type) => {
    const before = await own('credits');
    for (const path of ['credits', 'payouts']) {
      const answer = await app.post(
        `/api/v1/admin/${path}`,
        { user_id: userId, ...body },
        { apiKey: ADMIN_KEY },
      );
      expect([answer.status, answer.body.detail[0].type]).toEqual([422, type]);
    }
    expect(await own('credits')).toEqual(before);
  });

  it('that expire are taken back on their day, and say how much was used', async () => {
    const expires_at = new Date(START + 2 * DAY).toISOString();
    const given = await topUp({ amount: 7, credit_type: 'bonus', expires_at });
    expect(given).toMatchObject({ status: 201, body: { used_amount: 0, expires_at, credit_type: 'bonus' } });
    expect(await available()).toBe(27);
    clock.jump(2 * DAY);
    // Before they are swept up, too: what is shown is what can be spent.
    expect(await available()).toBe(20);
    const { body: listed } = await app.get('/api/v1/admin/users?search=client1', { apiKey: ADMIN_KEY });
    expect(listed.users[0]).toMatchObject({ available_credits: 20 });
    await app.app.get(BillingUpkeep, { strict: false }).run();
    expect(await available()).toBe(20);
    expect(await own('statement?limit=1')).toMatchObject([
      { transaction_type: 'expiry', account: 'available', amount: -7, description: expect.any(String) },
    ]);
    expect((await own('credits'))[0]).toMatchObject({ id: given.body.id, used_amount: 7 });
  });

  it.each([
    [{ amount: 0 }, 'amount'],
    [{ amount: -5 }, 'amount'],
    [{ amount: 'NaN' }, 'amount'],
    [{ amount: 1e12 }, 'amount'],
    [{ amount: 1, currency: 'usd' }, 'currency'],
    [{ amount: 1, credit_type: 'stolen' }, 'credit_type'],
    [{ amount: 1, expires_at: '2025-12-31T00:00:00Z' }, 'expires_at'],
    [{ amount: 1, expires_at: 'soon' }, 'expires_at'],
    [{ amount: 1, user_id: 0 }, 'user_id'],
    [{ amount: 1, user_id: 2 ** 31 }, 'user_id'],
  ])('are refused for %j, and nothing is booked', async (body, field) => {
    const before = await own('statement');
    const answer = await topUp(body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([expect.objectContaining({ loc: ['body', field] })]);
    expect(await own('statement')).toEqual(before);
  });

  it('can be made of earnings only, and not of more than there are', async () => {
    expect(await topUp({ amount: 1, credit_type: 'earned' })).toMatchObject({
      status: 409,
      body: { detail: 'Only 0.00 USD are earned and not paid out; 1.00 USD were requested' },
    });
    expect(await available()).toBe(20);
  });

  it('leave an audit row that names the administrator, and books that add up', async () => {
    const { body } = await app.get('/api/v1/admin/audit?endpoint=/admin/credits&limit=1', {
      apiKey: ADMIN_KEY,
    });
    expect(body.audit_logs).toMatchObject([{ method: 'POST', username: 'admin' }]);
    const verifier = app.app.get<BillingVerifier>(BillingVerifier, { strict: false });
    await expect(verifier.verify()).resolves.toMatchObject({ violations: [] });
  });
});
