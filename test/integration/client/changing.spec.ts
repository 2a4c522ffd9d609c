import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClientDesk, USD } from './client-desk.js';
import type { DatabaseKind } from '../../harness/databases.js';

describe.each(['sqlite', 'postgres'] as const)('changing an order [%s]', (database: DatabaseKind) => {
  let desk: ClientDesk;
  let client1: number;
  beforeAll(async () => {
    desk = await ClientDesk.start(database, { config: { credit_limit: 20 } });
    client1 = await desk.idOf('client1');
  }, 60_000);
  afterAll(() => desk.close());

  it('holds a higher price and gives a lower one back', async () => {
    const id = await desk.submitted({ max_cost: 6.25 });
    const dearer = await desk.send('PUT', `/${id}`, { priority: 8 });
    expect([dearer.status, dearer.body.priority, dearer.body.cost_info.estimated_cost]).toEqual([
      200, 8, 6.25,
    ]);
    expect((await desk.get(`/${id}`)).body).toEqual(dearer.body);
    expect((await desk.balance(client1)).held).toBe(6.25 * USD);
    const cheaper = await desk.send('PUT', `/${id}`, { priority: 7 });
    expect(cheaper.body.cost_info.estimated_cost).toBe(5);
    expect((await desk.balance(client1)).held).toBe(5 * USD);
    await desk.send('DELETE', `/${id}`);
  });

  it('is 402 with both amounts when the price is above the limit, and nothing changes', async () => {
    const id = await desk.submitted();
    const before = (await desk.get(`/${id}`)).body;
    for (const change of [{ max_cost: 4.99 }, { max_cost: 0 }, { priority: 8, max_cost: 6 }]) {
      const refused = await desk.send('PUT', `/${id}`, change);
      expect(refused.status).toBe(402);
      expect(refused.body.detail).toMatch(
        /^Estimated cost \((5\.0|6\.25)\) exceeds maximum \((4\.99|0\.0|6\.0)\)$/,
      );
    }
    expect((await desk.get(`/${id}`)).body).toEqual(before);
    const lifted = await desk.send('PUT', `/${id}`, { max_cost: 5 });
    expect(lifted.status).toBe(200);
    expect((await desk.send('PUT', `/${id}`, { priority: 8 })).status).toBe(402);
    expect((await desk.send('PUT', `/${id}`, { priority: 8, max_cost: null })).status).toBe(200);
    await desk.send('DELETE', `/${id}`);
    expect(await desk.balance(client1)).toEqual({ available: 0, held: 0 });
  });

  it('is refused with every fault of the body', async () => {
    const id = await desk.submitted();
    const refused = await desk.send('PUT', `/${id}`, {
      priority: null,
      max_cost: -1,
      notification_webhook: 7,
    });
    expect(refused.status).toBe(422);
    expect(refused.body.detail.map(({ loc }: { loc: string[] }) => loc.join('.'))).toEqual([
      'body.priority',
      'body.max_cost',
      'body.notification_webhook',
    ]);
    const inward = await desk.send('PUT', `/${id}`, { notification_webhook: 'https://127.0.0.1/hook' });
    expect([inward.status, inward.body.detail[0].loc]).toEqual([422, ['body', 'notification_webhook']]);
    const unchanged = await desk.send('PUT', `/${id}`, {});
    expect([unchanged.status, unchanged.body.priority]).toEqual([200, 5]);
    await desk.send('DELETE', `/${id}`);
  });

  it('is cancelled once, and the whole price goes back', async () => {
    const id = await desk.submitted({ priority: 8 });
    expect(await desk.balance(client1)).toEqual({ available: -6.25 * USD, held: 6.25 * USD });
    const cancelled = await desk.send('DELETE', `/${id}`);
    expect([cancelled.status, cancelled.body]).toEqual([
      200,
      { success: true, message: expect.any(String), refund_amount: 6.25, currency: 'USD' },
    ]);
    expect(await desk.balance(client1)).toEqual({ available: 0, held: 0 });
    const moment = new Date(desk.clock.now()).toISOString();
    expect((await desk.get(`/${id}`)).body).toMatchObject({
      status: 'cancelled',
      completed_at: moment,
      cancellation: { cancelled_by: client1, cancelled_at: moment, cancellation_reason: 'user_requested' },
    });
    expect((await desk.send('DELETE', `/${id}`)).status).toBe(409);
    expect((await desk.send('PUT', `/${id}`, { priority: 1 })).status).toBe(409);
    expect(await desk.balance(client1)).toEqual({ available: 0, held: 0 });
  });

  it('is 409 once an evaluator works on it, and possible again when it was released', async () => {
    const id = await desk.submitted();
    await desk.claim(id, 901);
    const [changed, cancelled] = [
      await desk.send('PUT', `/${id}`, { priority: 1 }),
      await desk.send('DELETE', `/${id}`),
    ];
    expect([changed.status, cancelled.status]).toEqual([409, 409]);
    const who = { userId: 901, username: 'evaluator 901', role: 'evaluator' };
    await desk.work.release(who, { orderId: id, leaseEpoch: 1, reason: 'other', details: null });
    expect((await desk.send('DELETE', `/${id}`)).status).toBe(200);
    expect(await desk.violations()).toEqual([]);
  });

  it('is for its client and administrators: others change nothing', async () => {
    const id = await desk.submitted();
    const before = (await desk.get(`/${id}`)).body;
    const refused = [
      await desk.send('PUT', `/${id}`, { priority: 1 }, 'client2_key'),
      await desk.send('DELETE', `/${id}`, undefined, 'client2_key'),
      await desk.send('PUT', `/${id}`, { priority: 1 }, 'operator_key'),
      await desk.send('DELETE', `/${id}`, undefined, 'provider_key'),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await desk.get(`/${id}`)).body).toEqual(before);
    expect((await desk.send('PUT', `/${id}`, { priority: 2 }, 'admin_key')).body.priority).toBe(2);
    expect((await desk.send('DELETE', `/${id}`, undefined, 'admin_key')).body.refund_amount).toBe(5);
    expect(await desk.balance(client1)).toEqual({ available: 0, held: 0 });
  });

  it('is 402 when the credits do not suffice, for a new one and for a dearer one', async () => {
    const ids = [
      await desk.submitted(),
      await desk.submitted(),
      await desk.submitted(),
      await desk.submitted(),
    ];
    const refused = await desk.predict();
    expect([refused.status, refused.body.code ?? refused.body.type]).toEqual([402, expect.anything()]);
    expect(refused.body.detail).toMatch(/5\.00 USD/);
    expect((await desk.send('PUT', `/${ids[0]}`, { priority: 8 })).status).toBe(402);
    expect(
      (await desk.get('/')).body.predictions.filter(({ status }: { status: string }) => status === 'pending'),
    ).toHaveLength(4);
    expect(await desk.balance(client1)).toEqual({ available: -20 * USD, held: 20 * USD });
    for (const id of ids) await desk.send('DELETE', `/${id}`);
    expect(await desk.violations()).toEqual([]);
  });
});
