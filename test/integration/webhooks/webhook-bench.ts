import { Webhook } from 'standardwebhooks';
import type { Database, TransactionRunner } from '#libs/database';
import { EmbeddedJobEngine } from '#libs/jobs';
import { type Actor, type Clock, newUuid } from '#libs/kernel';
import { eventually, FakeClock, type TestDatabase } from '#libs/testing';
import { DeliverWebhooks } from '../../../src/webhooks/deliver-webhooks.service.js';
import { DeliveryLog } from '../../../src/webhooks/delivery-log.service.js';
import type { DeliveryDetailOut } from '../../../src/webhooks/delivery.dto.js';
import { TargetRules } from '../../../src/webhooks/target-rules.service.js';
import { WebhookDeliveryRepository } from '../../../src/webhooks/webhook-delivery.repository.js';
import { WebhookHistory } from '../../../src/webhooks/webhook-history.service.js';
import { WebhookOutbox } from '../../../src/webhooks/webhook-outbox.service.js';
import { WebhookSecretRepository } from '../../../src/webhooks/webhook-secret.repository.js';
import { WebhookSecrets } from '../../../src/webhooks/webhook-secrets.service.js';
import { WebhookSender } from '../../../src/webhooks/webhook-sender.js';
import type { WebhookEvent } from '../../../src/webhooks/webhooks.port.js';
import type { Received } from './receiver.js';
import { unknownHosts, webhookConfig } from './sending.js';

export const LEASE_MS = 30_000;
export const ADMIN: Actor = { userId: 1, username: 'admin', role: 'administrator' };
export const client = (userId: number): Actor => ({ userId, username: `client${userId}`, role: 'client' });

export interface ServiceOptions {
  readonly clock?: Clock;
  /** Settings, as if given by flags. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The webhooks of one process, put together as its module does. */
export function webhookService(database: Database, transactions: TransactionRunner, options: ServiceOptions) {
  const clock = options.clock ?? new FakeClock();
  const config = webhookConfig({ webhook_allowed_networks: ['127.0.0.0/8'], ...options.flags });
  const failures: unknown[] = [];
  const engine = new EmbeddedJobEngine(database, transactions, {
    clock,
    concurrency: () => config.job_concurrency,
    leaseMs: LEASE_MS,
    listener: { failed: (_activity, error) => failures.push(error) },
  });
  const rules = new TargetRules(config);
  const deliveries = new WebhookDeliveryRepository(database);
  const keys = new WebhookSecretRepository(database);
  const secrets = new WebhookSecrets(keys, transactions, clock, config);
  const sender = new WebhookSender(rules, unknownHosts(), clock);
  const delivering = new DeliverWebhooks(deliveries, secrets, sender, engine, clock, config);
  delivering.onModuleInit();
  return {
    engine,
    secrets,
    failures,
    outbox: new WebhookOutbox(rules, deliveries, engine, clock),
    log: new DeliveryLog(deliveries, transactions, engine, clock),
    history: new WebhookHistory(deliveries, transactions, config, clock),
  };
}

export type WebhookService = ReturnType<typeof webhookService>;

/** One spec's services on one database. */
export class WebhookBench {
  readonly clock = new FakeClock(Date.now());
  readonly #services: WebhookService[] = [];

  constructor(readonly test: TestDatabase) {}

  service(options: ServiceOptions = {}): WebhookService {
    const { database, transactions } = this.test;
    const made = webhookService(database, transactions, { clock: this.clock, ...options });
    this.#services.push(made);
    return made;
  }

  async started(options: ServiceOptions = {}): Promise<WebhookService> {
    const made = this.service(options);
    await made.engine.start();
    return made;
  }

  enqueue({ outbox }: WebhookService, url: string, event: Partial<WebhookEvent> = {}): Promise<string> {
    const whole: WebhookEvent = {
      type: 'prediction.completed',
      userId: 2,
      predictionId: newUuid(),
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
    const { next_attempt_at: next } = await service.log.one(id, ADMIN);
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
