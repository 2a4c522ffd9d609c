import { Injectable } from '@nestjs/common';
import {
  type Count,
  countNarrowed,
  Database,
  entitiesOf,
  insertRow,
  narrowedBy,
  rangeTerm,
  runSql,
  type Term,
  term,
  type Transaction,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import { In, LessThan, Not, type SelectQueryBuilder } from 'typeorm';
import { WebhookAttemptEntity, WebhookDeliveryEntity } from './webhook-delivery.entity.js';
import type { DeliveryAttempt, DeliveryStatus, WebhookEventType } from './webhook.types.js';

/** Whose deliveries a caller reaches. */
export type DeliveryOwner = { readonly userId: number } | 'anybody';

/** What a listing is narrowed to; absent means any. */
export interface DeliveryFilter {
  readonly userId?: number;
  readonly status?: DeliveryStatus;
  readonly eventType?: WebhookEventType;
  readonly orderId?: string;
  readonly from?: Date;
  readonly to?: Date;
}

/** What an attempt leads to. */
export type Consequence =
  | { readonly status: 'delivered' | 'failed'; readonly at: Date }
  | { readonly status: 'pending'; readonly nextAttemptAt: Date };

/** Of one delivery so many attempts are kept, the newest ones. */
export const KEPT_ATTEMPTS = 50;

/** Deliveries and the attempts at them. */
@Injectable()
export class WebhookDeliveryRepository {
  constructor(private readonly database: Database) {}

  async add(
    tx: Transaction,
    row: Pick<
      WebhookDeliveryEntity,
      'id' | 'userId' | 'orderId' | 'eventType' | 'url' | 'body' | 'createdAt'
    >,
  ): Promise<void> {
    const state = { status: 'pending' as const, attempts: 0, tries: 0, nextAttemptAt: row.createdAt };
    insertRow(tx, WebhookDeliveryEntity, { ...row, ...state });
  }

  /** Null for an unknown id, and for a delivery of somebody else. */
  find(id: string, owner: DeliveryOwner): Promise<WebhookDeliveryEntity | null> {
    return this.database.read.manager.findOneBy(WebhookDeliveryEntity, {
      id,
      ...(owner !== 'anybody' && { userId: owner.userId }),
    });
  }

  /** Newest first. */
  attemptsOf(deliveryId: string): Promise<WebhookAttemptEntity[]> {
    return this.database.read.manager.find(WebhookAttemptEntity, {
      where: { deliveryId },
      order: { number: 'DESC' },
    });
  }

  /** Newest first. */
  async list(
    filter: DeliveryFilter,
    { limit, offset }: PageWindow,
  ): Promise<{ readonly rows: WebhookDeliveryEntity[]; readonly more: boolean; readonly count: Count }> {
    const { terms, dates, looked } = termsOf(filter);
    const { userId } = filter;
    const rows = (): SelectQueryBuilder<WebhookDeliveryEntity> => {
      const query = this.database.readApart.manager.createQueryBuilder(WebhookDeliveryEntity, 'd');
      return narrowedBy(
        userId === undefined ? query : query.where('d.user_id = :userId', { userId }),
        dates,
        dates,
      );
    };
    const { count, best } = await countNarrowed(this.database.readApart, { rows, terms, looked });
    const page = narrowedBy(rows(), [...terms, ...looked], best === null ? [] : [best])
      .orderBy('d.createdAt', 'DESC')
      .addOrderBy('d.id', 'DESC')
      .limit(limit + 1)
      .offset(offset);
    const found = await entitiesOf(page);
    return { rows: found.slice(0, limit), more: found.length > limit, count };
  }

  /** Writes down an attempt and what follows from it. */
  async record(
    tx: Transaction,
    delivery: Pick<WebhookDeliveryEntity, 'id' | 'attempts' | 'tries'>,
    { startedAt, durationMs, responseStatus, error }: DeliveryAttempt,
    consequence: Consequence,
  ): Promise<void> {
    const { id: deliveryId } = delivery;
    const number = delivery.attempts + 1;
    await tx.manager.insert(WebhookAttemptEntity, {
      deliveryId,
      number,
      startedAt,
      durationMs,
      responseStatus,
      error,
    });
    await tx.manager.update(
      WebhookDeliveryEntity,
      { id: deliveryId },
      {
        status: consequence.status,
        attempts: number,
        tries: delivery.tries + 1,
        nextAttemptAt: consequence.status === 'pending' ? consequence.nextAttemptAt : null,
        lastResponseStatus: responseStatus,
        lastError: error,
        finishedAt: consequence.status === 'pending' ? null : consequence.at,
      },
    );
    if (number <= KEPT_ATTEMPTS) return;
    await tx.manager.delete(WebhookAttemptEntity, {
      deliveryId,
      number: LessThan(number - KEPT_ATTEMPTS + 1),
    });
  }

  /** Plans the next attempt at another moment, without an attempt in between. */
  async postpone(tx: Transaction, id: string, nextAttemptAt: Date): Promise<void> {
    await tx.manager.update(WebhookDeliveryEntity, { id }, { nextAttemptAt });
  }

  /** Begins anew: pending, the retry schedule at its start. The attempts so far stay. */
  async restart(tx: Transaction, id: string, now: Date): Promise<void> {
    await tx.manager.update(
      WebhookDeliveryEntity,
      { id },
      { status: 'pending', tries: 0, nextAttemptAt: now, finishedAt: null },
    );
  }

  /** Ids of deliveries that ended before the moment. */
  async finishedBefore(moment: Date, limit: number): Promise<string[]> {
    const rows = await runSql<{ id: string }>(
      this.database.read,
      'SELECT id FROM webhook_deliveries WHERE finished_at IS NOT NULL AND finished_at < ? LIMIT ?',
      [moment.toISOString(), limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Deletes ended deliveries with their attempts; one that was begun anew meanwhile stays. Returns how many went. */
  async delete(tx: Transaction, ids: readonly string[]): Promise<number> {
    const ended = await tx.manager.find(WebhookDeliveryEntity, {
      where: { id: In([...ids]), status: Not('pending') },
      select: { id: true },
      ...(this.database.kind === 'postgres' && { lock: { mode: 'pessimistic_write' as const } }),
    });
    const gone = In(ended.map(({ id }) => id));
    await tx.manager.delete(WebhookAttemptEntity, { deliveryId: gone });
    await tx.manager.delete(WebhookDeliveryEntity, { id: gone });
    return ended.length;
  }
}

/** What a list is narrowed to: what an index finds, the time, and what is looked at in each row. */
function termsOf({ status, eventType, orderId, from, to }: DeliveryFilter) {
  const dates = rangeTerm('d.created_at', from?.toISOString(), to?.toISOString());
  return {
    terms: [
      orderId === undefined ? null : term('d.prediction_id', '= :orderId', { orderId }),
      status === undefined ? null : term('d.status', '= :status', { status }),
    ].filter((one): one is Term => one !== null),
    dates: dates === null ? [] : [dates],
    looked: eventType === undefined ? [] : [term('d.event_type', '= :eventType', { eventType })],
  };
}
