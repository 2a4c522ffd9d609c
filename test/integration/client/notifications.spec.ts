import { afterEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { DATABASE_KINDS } from '#libs/testing';
import { HOUR, ClientDesk } from './client-desk.js';
import { Receiver } from '../webhooks/receiver.js';

/** The library checks the age of a message by the machine's clock, so that only the signature itself is compared here. */
function signedBy(check: Webhook, body: string, headers: Readonly<Record<string, string>>): boolean {
  const { 'webhook-id': id = '', 'webhook-timestamp': seconds = '', 'webhook-signature': given } = headers;
  return check.sign(id, new Date(Number(seconds) * 1000), body) === given;
}

describe.each(DATABASE_KINDS)('the receiver that a client names [%s]', (kind) => {
  let desk: ClientDesk | null = null;
  let receiver: Receiver | null = null;
  afterEach(async () => {
    await desk?.close();
    await receiver?.close();
    desk = receiver = null;
  });
  const open = async () => {
    const listening = (receiver = await Receiver.listen());
    const here = (desk = await ClientDesk.start(kind, {
      config: { webhook_allowed_networks: ['127.0.0.1/32'] },
    }));
    const url = listening.url();
    return { here, listening, asked: { notification_webhook: url } };
  };

  it('is told once how each request ended, in a message that it can check', async () => {
    const { here, listening, asked } = await open();
    const secret = await here.app.post('/api/v1/client/webhooks/secret', {}, { apiKey: 'client1_key' });
    const [done, cancelled, late] = [
      await here.submitted(asked),
      await here.submitted(asked),
      await here.submitted(asked),
    ];
    await here.complete(done);
    await here.send('DELETE', `/${cancelled}`);
    await here.clock.advance(25 * HOUR);
    const messages = await listening.until(3);
    const bodies = messages.map(
      ({ body }) => JSON.parse(body) as { type: string; data: Record<string, unknown> },
    );
    const typeOf = new Map(bodies.map(({ type, data }) => [data['prediction_id'], type]));
    expect(typeOf.get(done)).toBe('prediction.completed');
    expect(typeOf.get(cancelled)).toBe('prediction.cancelled');
    expect(typeOf.get(late)).toBe('prediction.expired');
    const about = bodies.find(({ data }) => data['prediction_id'] === done)?.data;
    expect(about).toMatchObject({
      status: 'completed',
      actual_cost: 5,
      currency: 'USD',
      result_path: `/api/v1/client/predictions/${done}`,
    });
    const check = new Webhook(String(secret.body.secret));
    for (const { body, headers } of messages) expect(signedBy(check, body, headers)).toBe(true);
  });

  it('hears nothing of requests that named none, nor of what did not happen', async () => {
    const { here, listening, asked } = await open();
    const [silent, taken] = [await here.submitted(), await here.submitted(asked)];
    await here.complete(silent);
    await here.claim(taken);
    expect((await here.send('DELETE', `/${taken}`)).status).toBe(409);
    const last = await here.submitted(asked);
    await here.send('DELETE', `/${last}`);
    const messages = await listening.until(1);
    expect(messages.map(({ body }) => (JSON.parse(body) as { data: object }).data)).toEqual([
      expect.objectContaining({ prediction_id: last, status: 'cancelled' }),
    ]);
  });
});
