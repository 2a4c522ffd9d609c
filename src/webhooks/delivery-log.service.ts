import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { isAdministrator, Page } from '#libs/http';
import { JobEngine } from '#libs/jobs';
import { type Actor, AppError, Clock } from '#libs/kernel';
import type { DeliveriesQuery, DeliveryDetailOut, DeliveryOut } from './delivery.dto.js';
import type { WebhookAttemptEntity, WebhookDeliveryEntity } from './webhook-delivery.entity.js';
import {
  type DeliveryFilter,
  type DeliveryOwner,
  WebhookDeliveryRepository,
} from './webhook-delivery.repository.js';
import { WEBHOOK_JOB } from './webhook.types.js';

/** The delivery log, for the clients whose messages they are and for administrators. */
@Injectable()
export class DeliveryLog {
  constructor(
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly transactions: TransactionRunner,
    private readonly jobs: JobEngine,
    private readonly clock: Clock,
  ) {}

  async list(query: DeliveriesQuery, caller: Actor): Promise<Page<DeliveryOut>> {
    const filter: DeliveryFilter = isAdministrator(caller) ? query : { ...query, userId: caller.userId };
    const { rows, more, count } = await this.deliveries.list(filter, query);
    return new Page(rows, query, more, count.total, count.isExact);
  }

  /** @throws AppError `not_found`, also for a delivery of somebody else */
  async one(id: string, caller: Actor): Promise<DeliveryDetailOut> {
    const delivery = await this.#find(id, caller);
    return detailOf(delivery, await this.deliveries.attemptsOf(id));
  }

  /**
   * Sends the message again, at once and under its old id, whatever became of it; the retry schedule begins anew.
   * @throws AppError as {@link one}
   */
  async replay(id: string, caller: Actor): Promise<DeliveryDetailOut> {
    return this.transactions.run(async (tx) => {
      const { id: found } = await this.#find(id, caller);
      await this.jobs.cancel(tx, WEBHOOK_JOB, found);
      await this.deliveries.restart(tx, found, new Date(this.clock.now()));
      await this.jobs.enqueue(tx, { kind: WEBHOOK_JOB, subject: found });
      return detailOf(await this.#find(found, caller), await this.deliveries.attemptsOf(found));
    });
  }

  async #find(id: string, caller: Actor): Promise<WebhookDeliveryEntity> {
    const delivery = await this.deliveries.find(id, reachOf(caller));
    if (delivery !== null) return delivery;
    throw new AppError('not_found', 'Webhook delivery not found', { code: 'webhook_delivery_not_found' });
  }
}

const reachOf = (caller: Actor): DeliveryOwner =>
  isAdministrator(caller) ? 'anybody' : { userId: caller.userId };

const detailOf = (
  delivery: WebhookDeliveryEntity,
  attemptLog: readonly WebhookAttemptEntity[],
): DeliveryDetailOut => ({
  ...delivery,
  message: JSON.parse(delivery.body) as DeliveryDetailOut['message'],
  attemptLog,
});
