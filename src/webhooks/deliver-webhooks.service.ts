import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { type Job, type JobDefinition, JobEngine, type JobRun } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { Telemetry } from '#libs/telemetry';
import { Webhook } from 'standardwebhooks';
import { DeliverySlots } from './delivery-slots.js';
import { retryDelayMs } from './retry-schedule.js';
import type { WebhookDeliveryEntity } from './webhook-delivery.entity.js';
import { type Consequence, WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { WebhookSecrets } from './webhook-secrets.service.js';
import { SEND_LIMIT_MS, WebhookSender } from './webhook-sender.js';
import { type AttemptError, type DeliveryAttempt, WEBHOOK_JOB } from './webhook.types.js';

/** A delivery that finds no free slot comes again after so long, and up to as much again. */
const CROWDED_MS = 3_000;
/** Trying again changes nothing about these. */
const FINAL: ReadonlySet<AttemptError | null> = new Set<AttemptError>(['gone', 'target_refused']);

/**
 * Calls receivers: each attempt is a job, and the job of the next attempt is enqueued together with the record of this
 * one. At least once: a process that is lost between a receiver's answer and its record calls again, under the same id.
 */
@Injectable()
export class DeliverWebhooks implements JobDefinition, OnModuleInit {
  readonly kind = WEBHOOK_JOB;
  readonly #logger = new Logger(DeliverWebhooks.name);
  readonly #slots: DeliverySlots;

  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly secrets: WebhookSecrets,
    private readonly sender: WebhookSender,
    private readonly jobs: JobEngine,
    private readonly clock: Clock,
    { job_concurrency }: AppConfig,
    private readonly telemetry: Telemetry,
  ) {
    this.#slots = new DeliverySlots(job_concurrency, clock);
  }

  onModuleInit(): void {
    this.jobs.register(this);
  }

  /** The sender ends by itself; this is for a database that hangs. */
  readonly timeLimitMs = (): number => 6 * SEND_LIMIT_MS;

  readonly claimed = (): Promise<void> => Promise.resolve();

  readonly run = async (run: JobRun): Promise<void> => {
    const delivery = await this.deliveries.find(run.job.subject, 'anybody');
    if (delivery?.status !== 'pending') return run.complete(() => Promise.resolve());
    const giveBack = await this.#slots.take(delivery.userId);
    if (giveBack === null) return this.#postpone(run, delivery);
    try {
      const attempt = await this.#attempt(delivery, run.signal);
      await run.complete((tx) => this.#record(tx, delivery, attempt));
    } finally {
      giveBack();
    }
  };

  /** The runs were lost or broke off: that was an attempt too, and the schedule goes on. */
  readonly failed = async (tx: Transaction, job: Job): Promise<void> => {
    const delivery = await this.deliveries.find(job.subject, 'anybody');
    if (delivery?.status === 'pending') await this.#record(tx, delivery, this.#without('interrupted'));
  };

  async #attempt(delivery: WebhookDeliveryEntity, stop: AbortSignal): Promise<DeliveryAttempt> {
    const { id, url, body, userId } = delivery;
    const secrets = await this.secrets.toSignWith(userId);
    if (secrets === null) {
      this.#logger.warn(`the webhook secret of user ${userId} was stored under another secret_key`);
      return this.#without('secret_unreadable');
    }
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'prediction-provider-webhooks',
      ...signedHeaders({ id, body }, secrets, this.clock.now()),
    };
    return this.sender.send({ url, headers, body }, stop);
  }

  async #record(tx: Transaction, delivery: WebhookDeliveryEntity, attempt: DeliveryAttempt): Promise<void> {
    const consequence = this.#consequenceOf(delivery, attempt);
    await this.deliveries.record(tx, delivery, attempt, consequence);
    const result = attempt.error ?? 'delivered';
    tx.afterCommit(() => this.telemetry.count('webhook_attempts_total', { result }));
    if (consequence.status === 'pending') await this.#plan(tx, delivery.id, consequence.nextAttemptAt);
  }

  #consequenceOf({ tries }: WebhookDeliveryEntity, { error, retryAfterMs }: DeliveryAttempt): Consequence {
    const now = this.clock.now();
    if (error === null) return { status: 'delivered', at: new Date(now) };
    const delayMs = FINAL.has(error) ? null : retryDelayMs(tries + 1, retryAfterMs, Math.random());
    return delayMs === null
      ? { status: 'failed', at: new Date(now) }
      : { status: 'pending', nextAttemptAt: new Date(now + delayMs) };
  }

  #postpone(run: JobRun, { id }: WebhookDeliveryEntity): Promise<void> {
    const at = new Date(this.clock.now() + Math.round(CROWDED_MS * (1 + Math.random())));
    return run.complete(async (tx) => {
      await this.deliveries.postpone(tx, id, at);
      await this.#plan(tx, id, at);
    });
  }

  async #plan(tx: Transaction, id: string, at: Date): Promise<void> {
    await this.jobs.enqueue(tx, { kind: WEBHOOK_JOB, subject: id, runAt: at.getTime() });
  }

  #without(error: AttemptError): DeliveryAttempt {
    const startedAt = new Date(this.clock.now());
    return { startedAt, durationMs: 0, responseStatus: null, error, retryAfterMs: null };
  }
}

/** A message before it is signed. */
interface UnsignedMessage {
  readonly id: string;
  readonly body: string;
}

/**
 * The headers of the Standard Webhooks specification (HMAC-SHA256, base64). With several secrets there are several
 * signatures; a receiver takes the message when any of them is right.
 * @param secrets `whsec_…`, the newest first
 */
export function signedHeaders(
  { id, body }: UnsignedMessage,
  secrets: readonly string[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const seconds = Math.floor(nowMs / 1000);
  const at = new Date(seconds * 1000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
