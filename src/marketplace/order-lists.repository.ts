import { Injectable } from '@nestjs/common';
import {
  type Count,
  countNarrowed,
  countsOf,
  Database,
  entitiesInOrder,
  entitiesOf,
  isFew,
  KeptFigures,
  lookedText,
  narrowedBy,
  rangeTerm,
  type Sorting,
  type Term,
  term,
} from '#libs/database';
import { LISTED_FIELDS, type OrderFilter, type OrderList, type OrderPage } from './client-orders.port.js';
import { heldOrder } from './marketplace.port.js';
import { type AssignedFilter, type ClaimInForce, HELD_FIELDS } from './order-queue.port.js';
import type { SelectQueryBuilder } from 'typeorm';
import { OrderEntity } from './order.entity.js';

const CLIENT_COLUMNS: Readonly<Record<OrderPage['sort'], string>> = {
  created_at: 'o.created_at',
  completed_at: 'o.completed_at',
  priority: 'o.priority',
  cost: 'o.estimated_cost_micros',
};

export type OrderQueryBuilder = SelectQueryBuilder<OrderEntity>;
type Query = OrderQueryBuilder;

/** Orders that a client's list is about. */
interface View {
  readonly rows: () => Query;
  /** Few, so that all of them are sorted; otherwise they are read in the order of the list. */
  readonly areFew: boolean;
  readonly count: Count;
}

/** Orders in lists: every filter, sorting and total in SQL. */
@Injectable()
export class OrderLists {
  constructor(
    private readonly database: Database,
    private readonly kept: KeptFigures,
  ) {}

  /** @param clientId whose; null for everybody's */
  async ofClient(clientId: number | null, filter: OrderFilter, page: OrderPage): Promise<OrderList> {
    // what is open has no end to be sorted by
    const isOpen = filter.status === 'pending' || filter.status === 'processing';
    const by: OrderPage =
      isOpen && page.sort === 'completed_at' ? { ...page, sort: 'created_at', order: 'desc' } : page;
    const view = await this.#viewOf(clientId, filter, by);
    const orders = await (by.sort === 'completed_at'
      ? this.#byEnd(view, by)
      : this.#pageOf(view.rows(), view, by));
    return { orders, ...view.count };
  }

  async #viewOf(clientId: number | null, filter: OrderFilter, page: OrderPage): Promise<View> {
    const { words, dates } = termsOf(filter);
    const whose = (): Query => having(this.#orders(), { clientId });
    const kept = countsOf(await this.kept.standing('orders', clientId ?? undefined), 'status:');
    const all = sum(Object.values(kept));
    const terms = [...words, ...dates];
    if (terms.length === 0) return { rows: whose, areFew: false, count: { total: all, isExact: true } };
    // the indexes of words go on with the moment of creation
    const within = (): Query => (words.length === 0 ? whose() : narrowedBy(whose(), dates, dates));
    const { count, best } = await countNarrowed(this.database.readApart, {
      rows: within,
      terms: words.length === 0 ? dates : words,
    });
    const { status } = filter;
    const exact =
      status !== undefined && terms.length === 1 ? { total: kept[status] ?? 0, isExact: true } : count;
    const areFew = page.sort !== 'created_at' && isFew(exact, all, page);
    const found = areFew || page.sort === 'created_at' ? [...dates, ...(best === null ? [] : [best])] : [];
    return { rows: () => narrowedBy(whose(), terms, found), areFew, count: exact };
  }

  /** Those that have ended in the order of their ends, then those that have not: two ranges of one index. */
  async #byEnd(view: View, page: OrderPage): Promise<OrderEntity[]> {
    const ends = view.areFew ? `${lookedText('o.completed_at')} <> ''` : 'o.completed_at IS NOT NULL';
    const ended = (): Query => view.rows().andWhere(ends);
    const first = await this.#pageOf(ended(), view, page);
    if (first.length === page.limit) return first;
    const before =
      first.length > 0 || page.offset === 0
        ? page.offset + first.length
        : await this.#upTo(ended(), page.offset);
    const open = view
      .rows()
      .andWhere(view.areFew ? `${lookedText('o.completed_at')} = ''` : 'o.completed_at IS NULL');
    const rest = await this.#pageOf(open, view, {
      sort: 'created_at',
      order: 'desc',
      limit: page.limit - first.length,
      offset: Math.max(0, page.offset - before),
    });
    return [...first, ...rest];
  }

  #pageOf(query: Query, { areFew }: View, page: OrderPage): Promise<OrderEntity[]> {
    const sorting = sortingOf(page);
    if (areFew)
      return entitiesInOrder(this.database.readApart, query, {
        key: 'id',
        shown: LISTED_FIELDS,
        sorting,
        ...page,
      });
    query.select(columns(LISTED_FIELDS)).limit(page.limit).offset(page.offset);
    for (const [column, order] of sorting) query.addOrderBy(column, order);
    return entitiesOf(query);
  }

  /** Rows of a query, at most so many. */
  async #upTo(query: Query, most: number): Promise<number> {
    const rows = await query.select('o.id', 'id').limit(most).getRawMany();
    return rows.length;
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
}

/** What a client's list is narrowed to: words, each of which an index finds, and a time. */
function termsOf({ status, symbol, predictionType, startDate, endDate }: OrderFilter) {
  const dates = rangeTerm('o.created_at', startDate?.toISOString(), endDate?.toISOString());
  return {
    words: [
      // a word of a closed list, to the letter as in the conditions of the indexes
      status === undefined ? null : term('o.status', `= '${status}'`, {}),
      symbol === undefined ? null : term('o.symbol', '= :symbol', { symbol }),
      predictionType === undefined
        ? null
        : term('o.prediction_type', '= :predictionType', { predictionType }),
    ].filter((one): one is Term => one !== null),
    dates: dates === null ? [] : [dates],
  };
}

/** Ties: by creation, in the same direction. */
const sortingOf = ({ sort, order }: OrderPage): Sorting => [
  [CLIENT_COLUMNS[sort], direction(order)],
  ['o.created_at', direction(order)],
  ['o.id', 'ASC'],
];

/** Of an order in a list only what it says is read, for the rest of a row is large. */
export const columns = (fields: readonly (keyof OrderEntity)[]) => fields.map((field) => `o.${field}`);

export const direction = (order: 'asc' | 'desc') => (order === 'asc' ? 'ASC' : 'DESC');

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

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
