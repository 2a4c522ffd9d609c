import type { Database, TransactionRunner } from '#libs/database';
import { EmbeddedJobEngine } from '#libs/jobs';
import type { Clock } from '#libs/kernel';
import { Telemetry } from '#libs/telemetry';
import { DeliverWebhooks } from '../../../src/webhooks/deliver-webhooks.service.js';
import { DeliveryLog } from '../../../src/webhooks/delivery-log.service.js';
import { TargetRules } from '../../../src/webhooks/target-rules.service.js';
import { WebhookDeliveryRepository } from '../../../src/webhooks/webhook-delivery.repository.js';
import { WebhookUpkeep } from '../../../src/webhooks/webhook-upkeep.service.js';
import { WebhookOutbox } from '../../../src/webhooks/webhook-outbox.service.js';
import { WebhookSecretRepository } from '../../../src/webhooks/webhook-secret.repository.js';
import { WebhookSecrets } from '../../../src/webhooks/webhook-secrets.service.js';
import { WebhookSender } from '../../../src/webhooks/webhook-sender.js';
import { unknownHosts, webhookConfig } from './sending.js';

export const LEASE_MS = 30_000;

export interface ServiceOptions {
  readonly clock: Clock;
  /** Settings, as if given by flags. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** The webhooks of one process, put together as its module does. */
export function webhookService(database: Database, transactions: TransactionRunner, options: ServiceOptions) {
  const { clock } = options;
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
  const delivering = new DeliverWebhooks(deliveries, secrets, sender, engine, clock, config, new Telemetry());
  delivering.onModuleInit();
  return {
    engine,
    secrets,
    failures,
    outbox: new WebhookOutbox(rules, deliveries, engine, clock),
    log: new DeliveryLog(deliveries, transactions, engine, clock),
    history: new WebhookUpkeep(deliveries, transactions, config, clock),
  };
}

export type WebhookService = ReturnType<typeof webhookService>;
