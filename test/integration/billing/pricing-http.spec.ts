import { FakeClock } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { UsersModule } from '../../../src/users/users.module.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { seedOriginalAccounts } from '../../harness/original.js';
import { startTestApp, type TestApp } from '../../harness/app.js';

const START = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;
const AT_ONCE = 12;

interface Price {
  readonly id: number;
  readonly model_name: string;
  readonly price_per_request: number;
  readonly is_active: boolean;
  readonly created_at: string;
  readonly replaced_at: string | null;
}

describe.each(['sqlite', 'postgres'] as const)('prices over HTTP [%s]', (database: DatabaseKind) => {
  const clock = new FakeClock(START);
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      database,
      clock,
      domains: [UsersModule, BillingModule],
      seed: seedOriginalAccounts,
    });
  }, 60_000);
  afterAll(() => app.close());

  const set = (model_name: string, price_per_request: number, apiKey = 'provider_key') =>
    app.post('/api/v1/provider/pricing', { model_name, price_per_request }, { apiKey });
  const list = async (path: string, apiKey = 'provider_key'): Promise<Price[]> =>
    (await app.get(`/api/v1/${path}`, { apiKey })).body;

  it('have one active version a provider and model, however many are set at the same time', async () => {
    await set('raced', 100);
    const seen: Promise<Price[]>[] = [];
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => {
        const answer = set('raced', index);
        seen.push(list('admin/pricing', 'admin_key'));
        return answer;
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: AT_ONCE }, () => 201));
    // whoever looks meanwhile sees one of them, never none and never two
    for (const prices of await Promise.all(seen)) expect(prices).toHaveLength(1);
    const versions = await list('provider/pricing?history=true');
    expect(versions).toHaveLength(AT_ONCE + 1);
    expect(versions.filter((one) => one.is_active)).toEqual(await list('provider/pricing'));
  });

  it('of two providers do not replace each other', async () => {
    await Promise.all([set('shared', 1), set('shared', 2, 'admin_key')]);
    const shared = (await list('admin/pricing', 'admin_key')).filter((one) => one.model_name === 'shared');
    expect(shared.map((one) => one.price_per_request).sort()).toEqual([1, 2]);
  });

  it('keep every version with the time that it was in force', async () => {
    await set('kept', 3);
    clock.jump(HOUR);
    await set('kept', 4);
    const kept = (await list('provider/pricing?history=true')).filter((one) => one.model_name === 'kept');
    const [first, second] = kept as [Price, Price];
    expect(kept).toHaveLength(2);
    expect(first).toMatchObject({
      price_per_request: 3,
      is_active: false,
      created_at: new Date(START).toISOString(),
      replaced_at: second.created_at,
    });
    expect(second).toMatchObject({ price_per_request: 4, is_active: true, replaced_at: null });
    expect(second.created_at).toBe(new Date(START + HOUR).toISOString());
  });

  it('come in pages', async () => {
    const page = await app.get('/api/v1/provider/pricing?limit=2', { apiKey: 'provider_key' });
    expect(page.body.map((one: Price) => one.model_name)).toEqual(['kept', 'raced']);
    expect(page.headers.get('x-total-count')).toBe('3');
    expect(page.headers.get('link')).toBe('</api/v1/provider/pricing?limit=2&offset=2>; rel="next"');
    const rest = await list('provider/pricing?limit=2&offset=2');
    expect(rest.map((one) => one.model_name)).toEqual(['shared']);
    const whole = await app.get('/api/v1/provider/pricing', { apiKey: 'provider_key' });
    expect([whole.body.length, whole.headers.get('link')]).toEqual([3, null]);
    for (const wrong of ['limit=0', 'limit=1001', 'offset=-1', 'history=perhaps'])
      expect((await app.get(`/api/v1/admin/pricing?${wrong}`, { apiKey: 'admin_key' })).status).toBe(422);
  });
});
