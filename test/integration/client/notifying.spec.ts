import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MarketplaceUpkeep } from '../../../src/marketplace/marketplace-upkeep.service.js';
import { Receiver } from '../webhooks/receiver.js';
import { ClientDesk, HOUR, ROOT } from './client-desk.js';
import type { DatabaseKind } from '../../harness/databases.js';

describe.each(['sqlite', 'postgres'] as const)('the end of an order [%s]', (database: DatabaseKind) => {
  let desk: ClientDesk;
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await Receiver.listen();
    desk = await ClientDesk.start(database, { config: { webhook_allowed_networks: ['127.0.0.0/8'] } });
  }, 60_000);
  afterAll(async () => {
    await desk.close();
    await receiver.close();
  });

  it('is told to the receiver that the client named, once, whatever the end', async () => {
    const notification_webhook = receiver.url();
    const completed = await desk.completed({ notification_webhook });
    const cancelled = await desk.submitted({ symbol: 'EURUSD' });
    await desk.send('PUT', `/${cancelled}`, { notification_webhook });
    await desk.send('DELETE', `/${cancelled}`);
    const silent = await desk.submitted({ notification_webhook });
    await desk.send('PUT', `/${silent}`, { notification_webhook: null });
    await desk.send('DELETE', `/${silent}`);
    const expired = await desk.submitted({ notification_webhook });
    desk.clock.jump(25 * HOUR);
    await desk.app.app.get(MarketplaceUpkeep, { strict: false }).sweep();

    const messages = (await receiver.until(3)).map(({ body }) => JSON.parse(body));
    const told = new Map(messages.map(({ type, data }) => [data.prediction_id, [type, data.status]]));
    expect(told).toEqual(
      new Map([
        [completed, ['prediction.completed', 'completed']],
        [cancelled, ['prediction.cancelled', 'cancelled']],
        [expired, ['prediction.expired', 'failed']],
      ]),
    );
    expect(messages.find(({ data }) => data.prediction_id === completed)?.data).toMatchObject({
      actual_cost: 5,
      currency: 'USD',
      failure_reason: null,
      result_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      path: `${ROOT}/${completed}`,
    });
    const deliveries = await desk.app.get('/api/v1/client/webhooks/deliveries', { apiKey: 'client1_key' });
    expect(deliveries.body).toHaveLength(3);
  });

  it('is told to nobody when it did not happen', async () => {
    const id = await desk.submitted({ notification_webhook: receiver.url() }, 'client2_key');
    await desk.claim(id);
    expect((await desk.send('DELETE', `/${id}`, undefined, 'client2_key')).status).toBe(409);
    const deliveries = await desk.app.get('/api/v1/client/webhooks/deliveries', { apiKey: 'client2_key' });
    expect(deliveries.body).toEqual([]);
  });
});
