import { Injectable } from '@nestjs/common';
import {
  bestOf,
  type Count,
  Database,
  entitiesInOrder,
  entitiesOf,
  entitiesOfLanes,
  inEach,
  KeptFigures,
  type LaneColumn,
  LARGEST_COUNT,
  lookedText,
  meets,
  MOST_LOOKED_AT,
  narrowedBy,
  rangeTerm,
  runSql,
  type Sorting,
  type Term,
  term,
} from '#libs/database';
import { HOME_CURRENCY, type Micros } from '../billing/billing.port.js';
import { EFFORTS, PREDICTION_TYPES } from './marketplace.port.js';
import {
  columns,
  direction,
  type OrderQueryBuilder as Query,
  PRIORITIES,
  sum,
} from './order-lists.repository.js';
import {
  OFFERED_FIELDS,
  type PendingFilter,
  type PendingOrder,
  type PendingPage,
} from './order-queue.port.js';
import { OrderEntity } from './order.entity.js';

/** Who looks for work. */
export interface Claimant {
  readonly userId: number;
  /** Sees own orders and those just released too. */
  readonly seesAll: boolean;
  /** Releases after it count as just now. */
  readonly releasedAfter: Date;
}

interface PendingFigures extends Count {
  /** In the home currency, of the orders that were counted. */
  readonly range: { readonly min: Micros; readonly max: Micros; readonly average: Micros } | null;
}

const PENDING_COLUMNS: Readonly<Record<PendingPage['sort'], string>> = {
  priority: 'o.priority',
  created_at: 'o.created_at',
  payment: 'o.estimated_payment_micros',
  effort: 'o.effort',
};

/** A caller may pass a question as a whole, with its page. */
const FILTERS = [
  'predictionType',
  'symbol',
  'minPriority',
  'maxPriority',
  'minPayment',
  'maxPayment',
  'predictorPlugin',
] as const satisfies readonly (keyof PendingFilter)[];

/** A page, and figures of all pages. */
interface PendingFound extends PendingFigures {
  readonly orders: readonly PendingOrder[];
}

interface HiddenRow {
  readonly id: string;
  readonly currency: string;
  readonly payment: number | string;
}

/** Orders that wait, as those see them who look for work. */
@Injectable()
export class PendingOrders {
  constructor(
    private readonly database: Database,
    private readonly kept: KeptFigures,
  ) {}

  async list(claimant: Claimant, filter: PendingFilter, page: PendingPage, now: Date): Promise<PendingFound> {
    const released = await this.#releasedBy(claimant);
    const rows = (): Query => this.#pending(claimant, released, now);
    if (FILTERS.every((name) => filter[name] === undefined)) {
      const [orders, figures] = await Promise.all([
        entitiesOf(pageOf(rows(), page)),
        this.#allFigures(claimant, now, rows),
      ]);
      return { orders, ...figures };
    }
    const terms = termsOf(filter);
    // every word of a closed list is spelled out: an index has the others behind them
    const inLanes = (): Query => inEach(rows(), lanesOf(filter));
    const best = this.#bestOf(inLanes, terms);
    const figures = best.then((found) =>
      this.#matchingFigures(
        narrowedBy(inLanes(), found, found),
        terms.filter((one) => !found.includes(one)),
      ),
    );
    const found = terms.filter((one) => isInLanes(one, page, terms));
    const looked = terms.filter((one) => !found.includes(one));
    // what is looked at may lie far down: not read for nothing
    const isNone = (): Promise<boolean> => figures.then(({ total, isExact }) => total === 0 && isExact);
    const each = [...lanesOf(filter), ...(page.sort === 'payment' ? [] : [EACH_EFFORT])];
    const sorted = { key: 'id', shown: OFFERED_FIELDS, sorting: sortingOf(page), ...page } as const;
    const [laned, counted] = await Promise.all([
      entitiesOfLanes(this.database.readApart, { rows, columns: each, found, looked, isNone }, sorted),
      figures,
    ]);
    const inOrder = async (): Promise<OrderEntity[]> =>
      entitiesInOrder(this.database.readApart, narrowedBy(inLanes(), terms, await best), sorted);
    return { orders: laned ?? (await inOrder()), ...counted };
  }

  async #bestOf(rows: () => Query, [first, ...rest]: readonly Term[]): Promise<Term[]> {
    return first === undefined ? [] : [await bestOf(this.database.readApart, rows, [first, ...rest])];
  }

  /** Of what matches, counted as far as that is quick. @param found by the best term */
  async #matchingFigures(found: Query, others: readonly Term[]): Promise<PendingFigures> {
    const most = others.length === 0 ? LARGEST_COUNT : MOST_LOOKED_AT;
    for (const { values } of others) found.setParameters(values);
    const some = found
      .select(meets(others), 'hit')
      .addSelect(
        `CASE WHEN ${meets(others)} = 1 AND o.currency = '${HOME_CURRENCY}' THEN o.estimated_payment_micros END`,
        'home',
      )
      .limit(most + 1);
    const row = await this.database.readApart.manager
      .createQueryBuilder()
      .select('COUNT(*)', 'looked')
      .addSelect('SUM(hit)', 'hits')
      .addSelect('MIN(home)', 'min')
      .addSelect('MAX(home)', 'max')
      .addSelect('AVG(home)', 'average')
      .from(`(${some.getQuery()})`, 'some')
      .setParameters(some.getParameters())
      .getRawOne<Record<'looked' | 'hits' | 'min' | 'max' | 'average', number | string | null>>();
    const hits = Number(row?.hits ?? 0);
    const isExact = Number(row?.looked ?? 0) <= most && hits <= LARGEST_COUNT;
    const count = { total: Math.min(hits, LARGEST_COUNT), isExact };
    if (row?.min === null || row?.min === undefined) return { ...count, range: null };
    const average = Math.round(Number(row.average));
    return { ...count, range: { min: Number(row.min), max: Number(row.max), average } };
  }

  /** Of the whole queue: the kept figures, without what this claimant can't have. */
  async #allFigures(claimant: Claimant, now: Date, rows: () => Query): Promise<PendingFigures> {
    const [own, all, hidden, { min, max }] = await Promise.all([
      claimant.seesAll ? null : this.kept.standing('orders', claimant.userId),
      this.kept.standing('orders'),
      this.#hidden(claimant, now),
      this.#extremes(rows),
    ]);
    const [waiting, offered] = ['status:pending', `offered:${HOME_CURRENCY}`].map((name) => ({
      events: (all.get(name)?.events ?? 0) - (own?.get(name)?.events ?? 0),
      amount: (all.get(name)?.amount ?? 0) - (own?.get(name)?.amount ?? 0),
    }));
    const total = (waiting?.events ?? 0) - hidden.length;
    const atHome = hidden.filter(({ currency }) => currency === HOME_CURRENCY);
    const priced = (offered?.events ?? 0) - atHome.length;
    if (priced <= 0) return { total, isExact: true, range: null };
    const amount = (offered?.amount ?? 0) - sum(atHome.map(({ payment }) => Number(payment)));
    return { total, isExact: true, range: { min, max, average: Math.round(amount / priced) } };
  }

  /** Pending orders of others that the claimant can't have all the same: too old, or just released by itself. Few. */
  async #hidden({ userId, seesAll, releasedAfter }: Claimant, now: Date): Promise<HiddenRow[]> {
    const shown = 'o.id AS id, o.currency AS currency, o.estimated_payment_micros AS payment';
    const ofOthers = seesAll ? '' : ` AND o.user_id <> ${userId}`;
    // by their age, or PostgreSQL goes through all that wait in an index that has the age behind other columns
    const tooOld = `SELECT id, currency, payment FROM (
      SELECT ${shown} FROM prediction_jobs o WHERE o.status = 'pending' AND o.expires_at <= ?${ofOthers}
        ORDER BY o.expires_at LIMIT ${LARGEST_COUNT}) AS outdated`;
    const released = `SELECT ${shown} FROM prediction_claims c JOIN prediction_jobs o ON o.id = c.prediction_id
      WHERE c.evaluator_id = ? AND c.released_by = ? AND c.outcome = 'released' AND c.ended_at > ?
        AND o.status = 'pending'${ofOthers}`;
    const rows = await runSql<HiddenRow>(
      this.database.readApart,
      seesAll ? tooOld : `${tooOld} UNION ALL ${released}`,
      [now.toISOString(), ...(seesAll ? [] : [userId, userId, releasedAfter.toISOString()])],
    );
    return [...new Map(rows.map((row) => [row.id, row])).values()];
  }

  async #extremes(rows: () => Query): Promise<{ readonly min: Micros; readonly max: Micros }> {
    const first = (order: 'ASC' | 'DESC'): Query =>
      rows()
        .andWhere(`o.currency = '${HOME_CURRENCY}'`)
        .select('o.estimated_payment_micros', 'payment')
        .orderBy('o.estimatedPayment', order)
        .limit(1);
    const least = first('ASC');
    const row = await this.database.readApart.manager
      .createQueryBuilder()
      .select('MIN(payment)', 'min')
      .addSelect(`(${first('DESC').getQuery()})`, 'max')
      .from(`(${least.getQuery()})`, 'least')
      .setParameters(least.getParameters())
      .getRawOne<Record<'min' | 'max', number | string | null>>();
    return { min: Number(row?.min ?? 0), max: Number(row?.max ?? 0) };
  }

  #orders(): Query {
    return this.database.readApart.manager.createQueryBuilder(OrderEntity, 'o');
  }

  #pending({ userId, seesAll }: Claimant, released: readonly string[], now: Date): Query {
    const query = this.#orders()
      .where(`o.status = 'pending'`) // to the letter as in the index's condition
      // nearly all that waits is younger than its end: no index is to be taken for that
      .andWhere(`${lookedText('o.expires_at')} > :now`, { now: now.toISOString() });
    if (!seesAll) query.andWhere('o.user_id <> :userId', { userId });
    return released.length === 0 ? query : query.andWhere('o.id NOT IN (:...released)', { released });
  }

  /** What the claimant gave back just now; few, so that no row of a list is asked for it. */
  async #releasedBy({ userId, seesAll, releasedAfter }: Claimant): Promise<string[]> {
    if (seesAll) return [];
    const rows = await runSql<{ id: string }>(
      this.database.read,
      `SELECT DISTINCT prediction_id AS id FROM prediction_claims
         WHERE evaluator_id = ? AND released_by = ? AND outcome = 'released' AND ended_at > ?`,
      [userId, userId, releasedAfter.toISOString()],
    );
    return rows.map(({ id }) => id);
  }
}

const PAYMENT = 'o.estimated_payment_micros';

/** What the filter asks for beside words of closed lists. Amounts of two currencies can't be compared: bounds are of the home currency. */
function termsOf({ symbol, predictorPlugin, minPayment, maxPayment }: PendingFilter): Term[] {
  const payment = rangeTerm(PAYMENT, minPayment, maxPayment);
  const atHome = ` AND o.currency = '${HOME_CURRENCY}'`;
  return [
    symbol === undefined ? null : term('o.symbol', '= :symbol', { symbol }),
    predictorPlugin === undefined
      ? null
      : term('o.predictor_plugin', '= :predictorPlugin', { predictorPlugin }),
    payment && { ...payment, found: payment.found + atHome, looked: payment.looked + atHome },
  ].filter((one) => one !== null);
}

/** Whether the index of lanes finds by a term: it begins with a symbol or, where it is not sorted by payment, with a predictor. */
function isInLanes(one: Term, { sort }: PendingPage, terms: readonly Term[]): boolean {
  if ('symbol' in one.values) return true;
  if ('predictorPlugin' in one.values)
    return sort !== 'payment' && !terms.some(({ values }) => 'symbol' in values);
  return sort === 'payment';
}

const EACH_EFFORT: LaneColumn = { column: 'o.effort', values: EFFORTS.map((_, index) => index + 1) };

/** What each lane of the queue has one of. */
const lanesOf = ({ predictionType, minPriority = 1, maxPriority = 10 }: PendingFilter): LaneColumn[] => [
  { column: 'o.prediction_type', values: predictionType === undefined ? PREDICTION_TYPES : [predictionType] },
  {
    ...PRIORITIES,
    values: PRIORITIES.values.filter((one) => Number(one) >= minPriority && Number(one) <= maxPriority),
  },
];

const sortingOf = ({ sort, order }: PendingPage): Sorting => [
  [PENDING_COLUMNS[sort], direction(order)],
  ['o.priority', sort === 'priority' ? direction(order) : 'DESC'],
  ['o.created_at', sort === 'created_at' ? direction(order) : 'ASC'],
  ['o.id', 'ASC'],
];

function pageOf(query: Query, page: PendingPage): Query {
  query
    .select(columns(OFFERED_FIELDS))
    .limit(page.limit)
    .offset(page.offset ?? 0);
  for (const [column, order] of sortingOf(page)) query.addOrderBy(column, order);
  return query;
}
