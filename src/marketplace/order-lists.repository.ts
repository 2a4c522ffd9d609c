import { Injectable } from '@nestjs/common';
import { Database } from '#libs/database';
import type { SelectQueryBuilder } from 'typeorm';
import { HOME_CURRENCY, type Micros } from '../billing/billing.port.js';
import { LISTED_FIELDS, type OrderFilter, type OrderList, type OrderPage } from './client-orders.port.js';
import { heldOrder } from './marketplace.port.js';
import { OrderClaimEntity } from './order-claim.entity.js';
import {
  type AssignedFilter,
  type ClaimInForce,
  HELD_FIELDS,
  OFFERED_FIELDS,
  type PendingFilter,
  type PendingOrder,
  type PendingPage,
} from './order-queue.port.js';
import { OrderEntity } from './order.entity.js';

type Query = SelectQueryBuilder<OrderEntity>;

/** Who looks for work. */
export interface Claimant {
  readonly userId: number;
  /** Sees own orders and those just released too. */
  readonly seesAll: boolean;
  /** Releases after it count as just now. */
  readonly releasedAfter: Date;
}

export interface PendingFigures {
  readonly total: number;
  readonly range: { readonly min: Micros; readonly max: Micros; readonly average: Micros } | null;
}

/** Of an order in a list only what it says is read, for the rest of a row is large. */
const columns = (fields: readonly (keyof OrderEntity)[]) => fields.map((field) => `o.${field}`);

const CLIENT_COLUMNS: Readonly<Record<OrderPage['sort'], string>> = {
  created_at: 'o.createdAt',
  completed_at: 'o.completedAt',
  priority: 'o.priority',
  cost: 'o.estimatedCost',
};

const PENDING_COLUMNS: Readonly<Record<PendingPage['sort'], string>> = {
  priority: 'o.priority',
  created_at: 'o.createdAt',
  payment: 'o.estimatedPayment',
  effort: 'o.effort',
};

const direction = (order: 'asc' | 'desc') => (order === 'asc' ? 'ASC' : 'DESC');

/** Orders in lists: every filter, sorting and total in SQL. */
@Injectable()
export class OrderLists {
  constructor(private readonly database: Database) {}

  /** @param clientId whose; null for everybody's */
  async ofClient(clientId: number | null, filter: OrderFilter, page: OrderPage): Promise<OrderList> {
    const orders = await this.#ofClient(clientId, filter)
      .select(columns(LISTED_FIELDS))
      .orderBy(CLIENT_COLUMNS[page.sort], direction(page.order), 'NULLS LAST')
      .addOrderBy('o.createdAt', page.sort === 'created_at' ? direction(page.order) : 'DESC')
      .addOrderBy('o.id', 'ASC')
      .limit(page.limit)
      .offset(page.offset)
      .getMany();
    return { orders, total: await this.#ofClient(clientId, filter).getCount() };
  }

  async pending(
    claimant: Claimant,
    filter: PendingFilter,
    page: PendingPage,
    now: Date,
  ): Promise<PendingOrder[]> {
    return this.#pending(claimant, filter, now)
      .select(columns(OFFERED_FIELDS))
      .orderBy(PENDING_COLUMNS[page.sort], direction(page.order))
      .addOrderBy('o.priority', page.sort === 'priority' ? direction(page.order) : 'DESC')
      .addOrderBy('o.createdAt', page.sort === 'created_at' ? direction(page.order) : 'ASC')
      .addOrderBy('o.id', 'ASC')
      .limit(page.limit)
      .offset(page.offset ?? 0)
      .getMany();
  }

  async pendingFigures(claimant: Claimant, filter: PendingFilter, now: Date): Promise<PendingFigures> {
    const home = `CASE WHEN o.currency = '${HOME_CURRENCY}' THEN o.estimated_payment_micros END`;
    const row = await this.#pending(claimant, filter, now)
      .select('COUNT(*)', 'total')
      .addSelect(`MIN(${home})`, 'min')
      .addSelect(`MAX(${home})`, 'max')
      .addSelect(`AVG(${home})`, 'average')
      .getRawOne<Record<'total' | 'min' | 'max' | 'average', number | string | null>>();
    const total = Number(row?.total ?? 0);
    if (row?.min === null || row?.min === undefined) return { total, range: null };
    return {
      total,
      range: { min: Number(row.min), max: Number(row.max), average: Math.round(Number(row.average)) },
    };
  }

  /** @param evaluatorId whose claims; null for everybody's */
  async assigned(
    evaluatorId: number | null,
    { status, includeExpired, limit }: AssignedFilter,
    now: Date,
  ): Promise<ClaimInForce[]> {
    const query = this.#claimed(evaluatorId)
      .select(columns(HELD_FIELDS))
      .orderBy('o.claimedAt', 'ASC')
      .addOrderBy('o.id', 'ASC')
      .limit(limit);
    const moment = { now: now.toISOString() };
    if (status === 'overdue') query.andWhere('o.timeoutAt < :now', moment);
    else if (status === 'processing' || !includeExpired) query.andWhere('o.timeoutAt >= :now', moment);
    return (await query.getMany()).map(heldOrder);
  }

  async countAssigned(
    evaluatorId: number | null,
    now: Date,
  ): Promise<{ readonly processing: number; readonly overdue: number }> {
    const all = await this.#claimed(evaluatorId).getCount();
    const overdue = await this.#claimed(evaluatorId)
      .andWhere('o.timeoutAt < :now', { now: now.toISOString() })
      .getCount();
    return { processing: all - overdue, overdue };
  }

  #orders(): Query {
    return this.database.read.manager.createQueryBuilder(OrderEntity, 'o');
  }

  #claimed(evaluatorId: number | null): Query {
    return having(this.#orders().where(`o.status = 'processing'`), { evaluatorId });
  }

  #ofClient(clientId: number | null, filter: OrderFilter): Query {
    const { status, symbol, predictionType, startDate, endDate } = filter;
    const query = having(this.#orders(), { clientId, status, symbol, predictionType });
    return within(query, 'createdAt', startDate?.toISOString(), endDate?.toISOString());
  }

  #pending({ userId, seesAll, releasedAfter }: Claimant, filter: PendingFilter, now: Date): Query {
    const { predictionType, symbol, predictorPlugin, minPriority, maxPriority } = filter;
    const { minPayment, maxPayment } = filter;
    // amounts of two currencies can't be compared: bounds are of the home currency
    const currency = (minPayment ?? maxPayment) === undefined ? null : HOME_CURRENCY;
    const query = this.#orders()
      .where(`o.status = 'pending'`) // to the letter as in the index's condition
      .andWhere('o.expiresAt > :now', { now: now.toISOString() });
    having(query, { predictionType, symbol, predictorPlugin, currency });
    within(query, 'priority', minPriority, maxPriority);
    within(query, 'estimatedPayment', minPayment, maxPayment);
    return seesAll ? query : claimableBy(query, userId, releasedAfter);
  }
}

/** Orders with these values; null and undefined allow any. */
function having(
  query: Query,
  values: Partial<Record<keyof OrderEntity, string | number | null | undefined>>,
): Query {
  for (const [column, value] of Object.entries(values))
    if (value !== null && value !== undefined)
      query.andWhere(`o.${column} = :${column}`, { [column]: value });
  return query;
}

/** Orders between two values, both included; undefined is no limit. */
function within<T extends string | number>(query: Query, column: keyof OrderEntity, min?: T, max?: T): Query {
  if (min !== undefined) query.andWhere(`o.${column} >= :min_${column}`, { [`min_${column}`]: min });
  if (max !== undefined) query.andWhere(`o.${column} <= :max_${column}`, { [`max_${column}`]: max });
  return query;
}

function claimableBy(query: Query, userId: number, releasedAfter: Date): Query {
  const released = query
    .subQuery()
    .select('1')
    .from(OrderClaimEntity, 'c')
    .where('c.orderId = o.id AND c.evaluatorId = :userId AND c.releasedBy = :userId')
    .andWhere(`c.outcome = 'released' AND c.endedAt > :releasedAfter`)
    .getQuery();
  return query
    .andWhere('o.clientId <> :userId', { userId })
    .andWhere(`NOT EXISTS ${released}`, { releasedAfter: releasedAfter.toISOString() });
}
