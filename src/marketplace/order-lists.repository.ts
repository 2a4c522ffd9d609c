import { Injectable } from '@nestjs/common';
import { type Count, countsOf, countUpTo, Database, entitiesOf, KeptFigures } from '#libs/database';
import { LISTED_FIELDS, type OrderFilter, type OrderList, type OrderPage } from './client-orders.port.js';
import { heldOrder } from './marketplace.port.js';
import { type AssignedFilter, type ClaimInForce, HELD_FIELDS } from './order-queue.port.js';
import type { SelectQueryBuilder } from 'typeorm';
import { OrderEntity } from './order.entity.js';

const CLIENT_COLUMNS: Readonly<Record<OrderPage['sort'], string>> = {
  created_at: 'o.createdAt',
  completed_at: 'o.completedAt',
  priority: 'o.priority',
  cost: 'o.estimatedCost',
};

export type OrderQueryBuilder = SelectQueryBuilder<OrderEntity>;
type Query = OrderQueryBuilder;

/** Orders in lists: every filter, sorting and total in SQL. */
@Injectable()
export class OrderLists {
  constructor(
    private readonly database: Database,
    private readonly kept: KeptFigures,
  ) {}

  /** @param clientId whose; null for everybody's */
  async ofClient(clientId: number | null, filter: OrderFilter, page: OrderPage): Promise<OrderList> {
    const orders = await (page.sort === 'completed_at'
      ? this.#byEnd(clientId, filter, page)
      : entitiesOf(inOrder(this.#ofClient(clientId, filter), page)));
    return { orders, ...(await this.#countOfClient(clientId, filter)) };
  }

  /** Those that have ended in the order of their ends, then those that have not: two ranges of one index. */
  async #byEnd(clientId: number | null, filter: OrderFilter, page: OrderPage): Promise<OrderEntity[]> {
    const ended = (): Query => this.#ofClient(clientId, filter).andWhere('o.completedAt IS NOT NULL');
    const first = await entitiesOf(inOrder(ended(), page));
    if (first.length === page.limit) return first;
    const before =
      first.length > 0 || page.offset === 0
        ? page.offset + first.length
        : await this.#upTo(ended(), page.offset);
    const open = this.#ofClient(clientId, filter).andWhere('o.completedAt IS NULL');
    const rest = await entitiesOf(
      inOrder(open, {
        sort: 'created_at',
        order: 'desc',
        limit: page.limit - first.length,
        offset: Math.max(0, page.offset - before),
      }),
    );
    return [...first, ...rest];
  }

  /** Rows of a query, at most so many. */
  async #upTo(query: Query, most: number): Promise<number> {
    const rows = await query.select('o.id', 'id').limit(most).getRawMany();
    return rows.length;
  }

  /** All of a client's orders are kept as figures; narrower ones are counted as far as that is quick. */
  async #countOfClient(clientId: number | null, filter: OrderFilter): Promise<Count> {
    const { status, ...others } = filter;
    if (
      [others.symbol, others.predictionType, others.startDate, others.endDate].some(
        (value) => value !== undefined,
      )
    )
      return countUpTo(this.database.readApart, this.#ofClient(clientId, filter));
    const byStatus = countsOf(await this.kept.standing('orders', clientId ?? undefined), 'status:');
    const total = status === undefined ? sum(Object.values(byStatus)) : (byStatus[status] ?? 0);
    return { total, isExact: true };
  }

  /** A client's orders that are in archives, in no list any more. @param clientId whose; null for everybody's */
  async countArchived(clientId: number | null): Promise<number> {
    const byStatus = countsOf(await this.kept.standing('orders', clientId ?? undefined), 'archived:');
    return sum(Object.values(byStatus));
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
    return (await entitiesOf(query)).map(heldOrder);
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
    return this.database.readApart.manager.createQueryBuilder(OrderEntity, 'o');
  }

  #claimed(evaluatorId: number | null): Query {
    return having(this.#orders().where(`o.status = 'processing'`), { evaluatorId });
  }

  #ofClient(clientId: number | null, filter: OrderFilter): Query {
    const { status, symbol, predictionType, startDate, endDate } = filter;
    const query = having(this.#orders(), { clientId, symbol, predictionType });
    // a word of a closed list, to the letter as in the conditions of the indexes
    if (status !== undefined) query.andWhere(`o.status = '${status}'`);
    return between(query, 'createdAt', startDate?.toISOString(), endDate?.toISOString());
  }
}

/** A page of a client's list. Ties: by creation, in the same direction. */
function inOrder(query: Query, page: OrderPage): Query {
  return query
    .select(columns(LISTED_FIELDS))
    .orderBy(CLIENT_COLUMNS[page.sort], direction(page.order))
    .addOrderBy('o.createdAt', direction(page.order))
    .addOrderBy('o.id', 'ASC')
    .limit(page.limit)
    .offset(page.offset);
}

/** Of an order in a list only what it says is read, for the rest of a row is large. */
export const columns = (fields: readonly (keyof OrderEntity)[]) => fields.map((field) => `o.${field}`);

export const direction = (order: 'asc' | 'desc') => (order === 'asc' ? 'ASC' : 'DESC');

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Orders with these values; null and undefined allow any. */
export function having(
  query: Query,
  values: Partial<Record<keyof OrderEntity, string | number | null | undefined>>,
): Query {
  for (const [column, value] of Object.entries(values))
    if (value !== null && value !== undefined)
      query.andWhere(`o.${column} = :${column}`, { [column]: value });
  return query;
}

/** Orders between two values, both included; undefined is no limit. */
export function between<T extends string | number>(
  query: Query,
  column: keyof OrderEntity,
  min?: T,
  max?: T,
): Query {
  if (min !== undefined) query.andWhere(`o.${column} >= :min_${column}`, { [`min_${column}`]: min });
  if (max !== undefined) query.andWhere(`o.${column} <= :max_${column}`, { [`max_${column}`]: max });
  return query;
}

/**
 * A column that is compared but not looked up by: nearly all that waits is younger than its end, and a planner without
 * statistics would take the index of ends and sort the whole queue.
 */
export const unsought = (column: string): string => `COALESCE(${column}, '')`;
