import { Injectable } from '@nestjs/common';
import {
  type Count,
  countOf,
  Database,
  entitiesOf,
  KeptFigures,
  LARGEST_COUNT,
  runSql,
} from '#libs/database';
import { HOME_CURRENCY, type Micros } from '../billing/billing.port.js';
import { OrderClaimEntity } from './order-claim.entity.js';
import {
  columns,
  direction,
  having,
  unsought,
  type OrderQueryBuilder as Query,
  sum,
  between,
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

export interface PendingFigures extends Count {
  /** In the home currency, of the orders that were counted. */
  readonly range: { readonly min: Micros; readonly max: Micros; readonly average: Micros } | null;
}

const PENDING_COLUMNS: Readonly<Record<PendingPage['sort'], string>> = {
  priority: 'o.priority',
  created_at: 'o.createdAt',
  payment: 'o.estimatedPayment',
  effort: 'o.effort',
};

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

  async list(
    claimant: Claimant,
    filter: PendingFilter,
    page: PendingPage,
    now: Date,
  ): Promise<PendingOrder[]> {
    const query = this.#pending(claimant, filter, now)
      .select(columns(OFFERED_FIELDS))
      .orderBy(PENDING_COLUMNS[page.sort], direction(page.order))
      .addOrderBy('o.priority', page.sort === 'priority' ? direction(page.order) : 'DESC')
      .addOrderBy('o.createdAt', page.sort === 'created_at' ? direction(page.order) : 'ASC')
      .addOrderBy('o.id', 'ASC')
      .limit(page.limit)
      .offset(page.offset ?? 0);
    return entitiesOf(query);
  }

  async figures(claimant: Claimant, filter: PendingFilter, now: Date): Promise<PendingFigures> {
    const { predictionType, symbol, predictorPlugin, minPriority, maxPriority, minPayment, maxPayment } =
      filter;
    const terms = [predictionType, symbol, predictorPlugin, minPriority, maxPriority, minPayment, maxPayment];
    return terms.some((value) => value !== undefined)
      ? this.#matchingFigures(claimant, filter, now)
      : this.#allFigures(claimant, now);
  }

  /** Of what matches, counted as far as that is quick. */
  async #matchingFigures(claimant: Claimant, filter: PendingFilter, now: Date): Promise<PendingFigures> {
    const some = this.#pending(claimant, filter, now)
      .select(`CASE WHEN o.currency = '${HOME_CURRENCY}' THEN o.estimated_payment_micros END`, 'home')
      .limit(LARGEST_COUNT + 1);
    const row = await this.database.readApart.manager
      .createQueryBuilder()
      .select('COUNT(*)', 'total')
      .addSelect('MIN(home)', 'min')
      .addSelect('MAX(home)', 'max')
      .addSelect('AVG(home)', 'average')
      .from(`(${some.getQuery()})`, 'some')
      .setParameters(some.getParameters())
      .getRawOne<Record<'total' | 'min' | 'max' | 'average', number | string | null>>();
    const count = countOf(Number(row?.total ?? 0));
    if (row?.min === null || row?.min === undefined) return { ...count, range: null };
    const average = Math.round(Number(row.average));
    return { ...count, range: { min: Number(row.min), max: Number(row.max), average } };
  }

  /** Of the whole queue: the kept figures, without what this claimant can't have. */
  async #allFigures(claimant: Claimant, now: Date): Promise<PendingFigures> {
    const own = claimant.seesAll ? null : await this.kept.standing('orders', claimant.userId);
    const all = await this.kept.standing('orders');
    const hidden = await this.#hidden(claimant, now);
    const [waiting, offered] = ['status:pending', `offered:${HOME_CURRENCY}`].map((name) => ({
      events: (all.get(name)?.events ?? 0) - (own?.get(name)?.events ?? 0),
      amount: (all.get(name)?.amount ?? 0) - (own?.get(name)?.amount ?? 0),
    }));
    const total = (waiting?.events ?? 0) - hidden.length;
    const atHome = hidden.filter(({ currency }) => currency === HOME_CURRENCY);
    const priced = (offered?.events ?? 0) - atHome.length;
    if (priced <= 0) return { total, isExact: true, range: null };
    const amount = (offered?.amount ?? 0) - sum(atHome.map(({ payment }) => Number(payment)));
    const [min, max] = [
      await this.#extreme(claimant, now, 'ASC'),
      await this.#extreme(claimant, now, 'DESC'),
    ];
    return { total, isExact: true, range: { min, max, average: Math.round(amount / priced) } };
  }

  /** Pending orders of others that the claimant can't have all the same: too old, or just released by itself. Few. */
  async #hidden({ userId, seesAll, releasedAfter }: Claimant, now: Date): Promise<HiddenRow[]> {
    const shown = 'o.id AS id, o.currency AS currency, o.estimated_payment_micros AS payment';
    const ofOthers = seesAll ? '' : ` AND o.user_id <> ${userId}`;
    const tooOld = `SELECT ${shown} FROM prediction_jobs o WHERE o.status = 'pending' AND o.expires_at <= ?${ofOthers}`;
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

  async #extreme(claimant: Claimant, now: Date, order: 'ASC' | 'DESC'): Promise<Micros> {
    const row = await this.#pending(claimant, {}, now)
      .andWhere(`o.currency = '${HOME_CURRENCY}'`)
      .select('o.estimated_payment_micros', 'payment')
      .orderBy('o.estimatedPayment', order)
      .limit(1)
      .getRawOne<{ payment: number | string }>();
    return Number(row?.payment ?? 0);
  }

  #pending({ userId, seesAll, releasedAfter }: Claimant, filter: PendingFilter, now: Date): Query {
    const { predictionType, symbol, predictorPlugin, minPriority, maxPriority } = filter;
    const { minPayment, maxPayment } = filter;
    // amounts of two currencies can't be compared: bounds are of the home currency
    const currency = (minPayment ?? maxPayment) === undefined ? null : HOME_CURRENCY;
    const query = this.database.readApart.manager
      .createQueryBuilder(OrderEntity, 'o')
      .where(`o.status = 'pending'`) // to the letter as in the index's condition
      .andWhere(`${unsought('o.expires_at')} > :now`, { now: now.toISOString() });
    having(query, { predictionType, symbol, predictorPlugin, currency });
    between(query, 'priority', minPriority, maxPriority);
    // compared only, see `unsought`
    if (minPayment !== undefined)
      query.andWhere('o.estimated_payment_micros + 0 >= :minPayment', { minPayment });
    if (maxPayment !== undefined)
      query.andWhere('o.estimated_payment_micros + 0 <= :maxPayment', { maxPayment });
    return seesAll ? query : claimableBy(query, userId, releasedAfter);
  }
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
