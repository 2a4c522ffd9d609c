import { Webhook } from 'standardwebhooks';
import { type Actor, newUuid } from '#libs/kernel';
import { eventually, FakeClock } from '#libs/testing';
import type { DeliveryDetailOut } from '../../../src/webhooks/delivery.dto.js';
import type { WebhookEvent } from '../../../src/webhooks/webhooks.port.js';
import type { Received } from './receiver.js';
import { type ServiceOptions, webhookService, type WebhookService } from './webhook-service.js';
import type { TestDatabase } from '../../harness/databases.js';

export const ADMIN: Actor = { userId: 1, username: 'admin', role: 'administrator' };
export const client = (userId: number): Actor => ({ userId, username: `client${userId}`, role: 'client' });

/** One spec's services on one database. */
export class WebhookBench {
  readonly clock = new FakeClock(Date.now());
  readonly #services: WebhookService[] = [];

  constructor(readonly test: TestDatabase) {}

  service(options: Partial<ServiceOptions> = {}): WebhookService {
    const { database, transactions } = this.test;
    const made = webhookService(database, transactions, { clock: this.clock, ...options });
    this.#services.push(made);
    return made;
  }

  async started(options: Partial<ServiceOptions> = {}): Promise<WebhookService> {
    const made = this.service(options);
    await made.engine.start();
    return made;
  }

  enqueue({ outbox }: WebhookService, url: string, event: Partial<WebhookEvent> = {}): Promise<string> {
    const whole: WebhookEvent = {
      type: 'prediction.completed',
      userId: 2,
      orderId: newUuid(),
      url,
      payload: { symbol: 'EURUSD' },
      ...event,
    };
    return this.test.run((tx) => outbox.enqueue(tx, whole));
  }

  /** Waits until the delivery is as asked. */
  async until(
    { log }: WebhookService,
    id: string,
    what: string,
    holds: (delivery: DeliveryDetailOut) => boolean,
  ): Promise<DeliveryDetailOut> {
    await eventually(what, async () => holds(await log.one(id, ADMIN)));
    return log.one(id, ADMIN);
  }

  untilAttempts(service: WebhookService, id: string, count: number): Promise<DeliveryDetailOut> {
    return this.until(service, id, `${count} attempts were made`, ({ attempts }) => attempts >= count);
  }

  /** Moves time to the next attempt's moment. */
  async toNextAttempt(service: WebhookService, id: string): Promise<void> {
    const { nextAttemptAt: next } = await service.log.one(id, ADMIN);
    if (next === null) throw new Error('no attempt is planned');
    this.clock.jump(next.getTime() - this.clock.now());
    await this.clock.advance(0);
  }

  /** Stops every service and empties the tables. */
  async clear(): Promise<void> {
    await Promise.all(this.#services.splice(0).map(({ engine }) => engine.stop(0)));
    await this.test.run(async ({ manager }) => {
      for (const table of ['webhook_attempts', 'webhook_deliveries', 'webhook_secrets', 'jobs']) {
        await manager.query(`DELETE FROM ${table}`);
      }
    });
  }
}

/** Whether one of a message's signatures was made with the secret, whatever the time. */
export function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const {
    'webhook-id': id = '',
    'webhook-timestamp': seconds = '',
    'webhook-signature': signatures = '',
  } = headers;
  const right = new Webhook(secret).sign(id, new Date(Number(seconds) * 1000), body);
  return signatures.split(' ').includes(right);
}
