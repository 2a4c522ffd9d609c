import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { UsersModule } from '../../../src/users/users.module.js';
import { seedOriginalAccounts } from '../../harness/original.js';
import { startTestApp, type TestApp } from '../../harness/app.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ domains: [UsersModule, BillingModule], seed: seedOriginalAccounts });
}, 60_000);
afterAll(() => app.close());

it.each([
  [{ price_per_request: 1 }, 'model_name'],
  [{ model_name: 'm', price_per_request: -1 }, 'price_per_request'],
  [{ model_name: 'm', price_per_request: 1, currency: 'usd' }, 'currency'],
  [{ model_name: 'm', price_per_request: 'NaN' }, 'price_per_request'],
])('billing refuses the price %j', async (body, field) => {
  const answer = await app.post('/api/v1/provider/pricing', body, { apiKey: 'provider_key' });
  expect(answer.status).toBe(422);
  expect(answer.body.detail[0].loc).toEqual(['body', field]);
});

it.each([
  ['GET', '/provider/pricing', ['provider', 'administrator', 'admin']],
  ['POST', '/provider/pricing', ['provider', 'administrator', 'admin']],
  ['GET', '/provider/earnings', ['provider', 'administrator', 'admin']],
  ['GET', '/provider/stats', ['provider', 'administrator', 'admin']],
  ['GET', '/client/spend', ['client', 'administrator', 'admin']],
  ['GET', '/client/billing', ['client', 'administrator', 'admin']],
  ['GET', '/client/invoices', ['client', 'administrator', 'admin']],
  ['GET', '/admin/billing', ['administrator', 'admin']],
  ['GET', '/admin/billing/summary', ['administrator', 'admin']],
  ['GET', '/admin/pricing', ['administrator', 'admin']],
  ['GET', '/admin/billing/balances/1', ['administrator', 'admin']],
  ['POST', '/admin/credits', ['administrator', 'admin']],
  ['POST', '/admin/payouts', ['administrator', 'admin']],
  ['POST', '/admin/invoices', ['administrator', 'admin']],
])('billing keeps %s %s for its roles', async (method, path, roles) => {
  const statusFor = async (apiKey?: string) =>
    (await app.request(method, `/api/v1${path}`, apiKey === undefined ? {} : { apiKey })).status;
  expect(await statusFor()).toBe(401);
  expect(await statusFor('operator_key')).toBe(403);
  expect((await statusFor('client_key')) === 403).toBe(!roles.includes('client'));
  expect((await statusFor('provider_key')) === 403).toBe(!roles.includes('provider'));
  expect([200, 422]).toContain(await statusFor('admin_key'));
});
