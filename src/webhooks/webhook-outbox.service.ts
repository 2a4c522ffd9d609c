import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { Clock, invalidField, newTimeOrderedUuid } from '#libs/kernel';
import { WEBHOOK_JOB } from './webhook.types.js';
import { TargetRules } from './target-rules.service.js';
import { WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import type { WebhookEvent, Webhooks } from './webhooks.port.js';

/** Takes messages for receivers, each in the transaction that it tells of. */
@Injectable()
export class WebhookOutbox implements Webhooks {
  constructor(
    private readonly rules: TargetRules,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly jobs: JobEngine,
    private readonly clock: Clock,
  ) {}

  checkTarget(url: string, field = 'notification_webhook'): void {
    const checked = this.rules.check(url);
    // the value is not echoed: it may carry a password
    if ('fault' in checked) throw invalidField(field, `${field} ${checked.fault}`);
  }

  async enqueue(tx: Transaction, event: WebhookEvent): Promise<string> {
    const now = this.clock.now();
    const id = newTimeOrderedUuid(now);
    await this.deliveries.add(tx, {
      id,
      userId: event.userId,
      orderId: event.orderId,
      eventType: event.type,
      url: event.url,
      body: bodyOf(event, now),
      createdAt: new Date(now),
    });
    await this.jobs.enqueue(tx, { kind: WEBHOOK_JOB, subject: id });
    return id;
  }
}

/** The payload of the Standard Webhooks specification. */
const bodyOf = ({ type, orderId, payload }: WebhookEvent, nowMs: number): string =>
  JSON.stringify({
    type,
    timestamp: new Date(nowMs).toISOString(),
    data: { ...payload, prediction_id: orderId },
  });
