import { Injectable } from '@nestjs/common';
import { Database } from '#libs/database';
import type { SelectQueryBuilder } from 'typeorm';
import { HOME_CURRENCY, type Micros } from '../billing/billing.port.js';
import type { JobFilter, JobPage } from './client-requests.port.js';
import type { AssignedFilter, PendingFilter, PendingPage } from './evaluator-queue.port.js';
import { PredictionClaimEntity } from './prediction-claim.entity.js';
import { PredictionJobEntity } from './prediction-job.entity.js';

type Query = SelectQueryBuilder<PredictionJobEntity>;

/** Who looks for work. */
export interface Claimant {
  readonly userId: number;
  /** Sees own requests and those just released too. */
  readonly seesAll: boolean;
  /** Releases after it count as just now. */
  readonly releasedAfter: Date;
}

export interface PendingFigures {
  readonly total: number;
  readonly range: { readonly min: Micros; readonly max: Micros; readonly average: Micros } | null;
}

/** The columns of a list, without what is large. */
const LISTED = [
  'id',
  'taskId',
  'userId',
  'status',
  'symbol',
  'predictionType',
  'priority',
  'currency',
  'estimatedCostMicros',
  'actualCostMicros',
  'createdAt',
  'completedAt',
].map((column) => `j.${column}`);

const CLIENT_SORTS = {
  created_at: 'j.createdAt',
  completed_at: 'j.completedAt',
  priority: 'j.priority',
  cost: 'j.estimatedCostMicros',
} as const;

const PENDING_SORTS = {
  priority: 'j.priority',
  created_at: 'j.createdAt',
  payment: 'j.estimatedPaymentMicros',
  effort: 'j.effort',
} as const;

const direction = (order: 'asc' | 'desc') => (order === 'asc' ? 'ASC' : 'DESC');

/** Requests in lists: every filter, order and total in SQL. */
@Injectable()
export class JobLists {
  constructor(private readonly database: Database) {}

  /** @param userId whose; null for everybody's */
  async ofClient(
    userId: number | null,
    filter: JobFilter,
    page: JobPage,
  ): Promise<{ readonly rows: PredictionJobEntity[]; readonly total: number }> {
    const rows = await this.#ofClient(userId, filter)
      .select(LISTED)
      .orderBy(CLIENT_SORTS[page.sort], direction(page.order), 'NULLS LAST')
      .addOrderBy('j.createdAt', page.sort === 'created_at' ? direction(page.order) : 'DESC')
      .addOrderBy('j.id', 'ASC')
      .limit(page.limit)
      .offset(page.offset)
      .getMany();
    return { rows, total: await this.#ofClient(userId, filter).getCount() };
  }

  async pending(
    claimant: Claimant,
    filter: PendingFilter,
    page: PendingPage,
    now: Date,
  ): Promise<PredictionJobEntity[]> {
    return this.#pending(claimant, filter, now)
      .orderBy(PENDING_SORTS[page.sort], direction(page.order))
      .addOrderBy('j.priority', page.sort === 'priority' ? direction(page.order) : 'DESC')
      .addOrderBy('j.createdAt', page.sort === 'created_at' ? direction(page.order) : 'ASC')
      .addOrderBy('j.id', 'ASC')
      .limit(page.limit)
      .offset(page.offset ?? 0)
      .getMany();
  }

  async pendingFigures(claimant: Claimant, filter: PendingFilter, now: Date): Promise<PendingFigures> {
    const home = `CASE WHEN j.currency = '${HOME_CURRENCY}' THEN j.estimated_payment_micros END`;
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
  assigned(
    evaluatorId: number | null,
    { status, includeExpired, limit }: AssignedFilter,
    now: Date,
  ): Promise<PredictionJobEntity[]> {
    const query = this.#claimed(evaluatorId)
      .orderBy('j.claimedAt', 'ASC')
      .addOrderBy('j.id', 'ASC')
      .limit(limit);
    const moment = { now: now.toISOString() };
    if (status === 'overdue') query.andWhere('j.timeoutAt < :now', moment);
    else if (status === 'processing' || !includeExpired) query.andWhere('j.timeoutAt >= :now', moment);
    return query.getMany();
  }

  async countAssigned(
    evaluatorId: number | null,
    now: Date,
  ): Promise<{ readonly processing: number; readonly overdue: number }> {
    const all = await this.#claimed(evaluatorId).getCount();
    const overdue = await this.#claimed(evaluatorId)
      .andWhere('j.timeoutAt < :now', { now: now.toISOString() })
      .getCount();
    return { processing: all - overdue, overdue };
  }

  #jobs(): Query {
    return this.database.read.manager.createQueryBuilder(PredictionJobEntity, 'j');
  }

  #claimed(evaluatorId: number | null): Query {
    const query = this.#jobs().where(`j.status = 'processing'`);
    return evaluatorId === null ? query : query.andWhere('j.claimedBy = :evaluatorId', { evaluatorId });
  }

  #ofClient(userId: number | null, filter: JobFilter): Query {
    const query = this.#jobs().where('1 = 1');
    const { status, symbol, predictionType, startDate, endDate } = filter;
    if (userId !== null) query.andWhere('j.userId = :userId', { userId });
    if (status !== undefined) query.andWhere('j.status = :status', { status });
    if (symbol !== undefined) query.andWhere('j.symbol = :symbol', { symbol });
    if (predictionType !== undefined)
      query.andWhere('j.predictionType = :predictionType', { predictionType });
    if (startDate !== undefined)
      query.andWhere('j.createdAt >= :startDate', { startDate: startDate.toISOString() });
    if (endDate !== undefined) query.andWhere('j.createdAt <= :endDate', { endDate: endDate.toISOString() });
    return query;
  }

  #pending({ userId, seesAll, releasedAfter }: Claimant, filter: PendingFilter, now: Date): Query {
    const query = this.#jobs()
      .where(`j.status = 'pending'`)
      .andWhere('j.expiresAt > :now', { now: now.toISOString() });
    const { predictionType, symbol, predictorPlugin, minPriority, maxPriority } = filter;
    if (predictionType !== undefined)
      query.andWhere('j.predictionType = :predictionType', { predictionType });
    if (symbol !== undefined) query.andWhere('j.symbol = :symbol', { symbol });
    if (predictorPlugin !== undefined)
      query.andWhere('j.predictorPlugin = :predictorPlugin', { predictorPlugin });
    if (minPriority !== undefined) query.andWhere('j.priority >= :minPriority', { minPriority });
    if (maxPriority !== undefined) query.andWhere('j.priority <= :maxPriority', { maxPriority });
    paidBetween(query, filter);
    return seesAll ? query : claimableBy(query, userId, releasedAfter);
  }
}

/** Amounts of two currencies can't be compared: bounds are of the home currency. */
function paidBetween(query: Query, { minPayment, maxPayment }: PendingFilter): void {
  if (minPayment === undefined && maxPayment === undefined) return;
  query.andWhere('j.currency = :home', { home: HOME_CURRENCY });
  if (minPayment !== undefined) query.andWhere('j.estimatedPaymentMicros >= :minPayment', { minPayment });
  if (maxPayment !== undefined) query.andWhere('j.estimatedPaymentMicros <= :maxPayment', { maxPayment });
}

function claimableBy(query: Query, userId: number, releasedAfter: Date): Query {
  const released = query
    .subQuery()
    .select('1')
    .from(PredictionClaimEntity, 'c')
    .where('c.predictionId = j.id AND c.evaluatorId = :userId AND c.releasedBy = :userId')
    .andWhere(`c.outcome = 'released' AND c.endedAt > :releasedAfter`)
    .getQuery();
  return query
    .andWhere('j.userId <> :userId', { userId })
    .andWhere(`NOT EXISTS ${released}`, { releasedAfter: releasedAfter.toISOString() });
}
