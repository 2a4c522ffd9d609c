import { Injectable } from '@nestjs/common';
import {
  type Count,
  countsOf,
  countUpTo,
  Database,
  entitiesInOrder,
  entitiesOf,
  entitiesOfLanes,
  inEach,
  KeptFigures,
  type LaneColumn,
  narrowedBy,
  rangeTerm,
  type Sorting,
  type Term,
  term,
} from '#libs/database';
import { LISTED_FIELDS, type OrderFilter, type OrderList, type OrderPage } from './client-orders.port.js';
import { heldOrder, ORDER_STATUSES, PREDICTION_TYPES } from './marketplace.port.js';
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
  readonly whose: Query;
  readonly symbol: Term | null;
  /** When they were created. */
  readonly dates: Term | null;
  readonly filter: OrderFilter;
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
    const view = this.#viewOf(clientId, filter);
    const [orders, count] = await Promise.all([
      by.sort === 'completed_at' ? this.#byEnd(view, by) : this.#pageOf(view, by),
      this.#countOf(view, clientId),
    ]);
    return { orders, ...count };
  }

  #viewOf(clientId: number | null, filter: OrderFilter): View {
    const symbol =
      filter.symbol === undefined ? null : term('o.symbol', '= :symbol', { symbol: filter.symbol });
    const dates = rangeTerm('o.created_at', filter.startDate?.toISOString(), filter.endDate?.toISOString());
    return { whose: having(this.#orders(), { clientId }), symbol, dates, filter };
  }

  /** Without a filter and by status from the kept figures, otherwise as far as that is quick. */
  async #countOf(view: View, clientId: number | null): Promise<Count> {
    const { symbol, dates, filter } = view;
    if (symbol !== null || dates !== null || isGiven(filter.predictionType))
      return countUpTo(this.database.readApart, matching(view));
    const kept = countsOf(await this.kept.standing('orders', clientId ?? undefined), 'status:');
    const total = filter.status === undefined ? sum(Object.values(kept)) : (kept[filter.status] ?? 0);
    return { total, isExact: true };
  }

  /** Those that have ended in the order of their ends, then those that have not: two ranges of one index. */
  async #byEnd(view: View, page: OrderPage): Promise<OrderEntity[]> {
    const first = await this.#pageOf(view, page, ENDED);
    if (first.length === page.limit) return first;
    const before =
      first.length > 0 || page.offset === 0
        ? page.offset + first.length
        : await this.#upTo(matching(view, ENDED), page.offset);
    const rest = await this.#pageOf(
      view,
      {
        sort: 'created_at',
        order: 'desc',
        limit: page.limit - first.length,
        offset: Math.max(0, page.offset - before),
      },
      NOT_ENDED,
    );
    return [...first, ...rest];
  }

  /** @param which of those that match */
  async #pageOf(view: View, page: OrderPage, which: Term | null = null): Promise<OrderEntity[]> {
    // the index of ends has those without one by their creation
    const sorting: Sorting = [
      ...(which === NOT_ENDED ? [['o.completed_at', 'DESC'] as const] : []),
      ...sortingOf(page),
    ];
    const sorted = { key: 'id', shown: LISTED_FIELDS, sorting, ...page } as const;
    const { symbol, dates, filter } = view;
    if (isPlain(view) && (dates === null || page.sort === 'created_at')) {
      const query = narrowedBy(view.whose.clone(), given(dates, which), given(dates, which));
      query.select(columns(LISTED_FIELDS)).limit(page.limit).offset(page.offset);
      for (const [column, order] of sorting) query.addOrderBy(column, order);
      return entitiesOf(query);
    }
    const byTime = which === NOT_ENDED || page.sort === 'created_at' || page.sort === 'priority';
    const laned = {
      rows: () => view.whose.clone(),
      columns:
        which === NOT_ENDED ? lanesOf(filter) : byTime ? [...lanesOf(filter), PRIORITIES] : lanesOf(filter),
      found: byTime && which !== NOT_ENDED ? given(symbol, dates) : given(which),
      looked: byTime && which !== NOT_ENDED ? given(which) : given(symbol, dates),
    };
    return (
      (await entitiesOfLanes(this.database.readApart, laned, sorted)) ??
      entitiesInOrder(this.database.readApart, matching(view, which), sorted)
    );
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

const ENDED: Term = term('o.completed_at', 'IS NOT NULL', {}, (column) => column);
const NOT_ENDED: Term = term('o.completed_at', 'IS NULL', {}, (column) => column);
/** From the lowest. */
export const PRIORITIES: LaneColumn = { column: 'o.priority', values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };

const isGiven = (value: unknown): boolean => value !== undefined;
const given = (...terms: readonly (Term | null)[]): Term[] => terms.filter((one) => one !== null);

/** No filter but that of time. */
const isPlain = ({ filter }: Pick<View, 'filter'>): boolean =>
  ![filter.status, filter.symbol, filter.predictionType].some(isGiven);

/** What each lane has one of. */
const lanesOf = ({ status, predictionType }: OrderFilter): LaneColumn[] => [
  { column: 'o.status', values: status === undefined ? ORDER_STATUSES : [status] },
  { column: 'o.prediction_type', values: predictionType === undefined ? PREDICTION_TYPES : [predictionType] },
];

/** All that match, in no order: every lane. */
function matching({ whose, symbol, dates, filter }: View, which: Term | null = null): Query {
  const terms = given(symbol, dates, which);
  const query = narrowedBy(whose.clone(), terms, terms);
  if (isPlain({ filter })) return query;
  return inEach(query, [...lanesOf(filter), ...(dates === null ? [] : [PRIORITIES])]);
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
