import { Injectable } from '@nestjs/common';
import {
  Database,
  type Figures,
  KeptFigures,
  type Later,
  placeholders,
  rowsOf,
  type Transaction,
  writeSql,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import { And, type FindOptionsWhere, LessThan, MoreThanOrEqual } from 'typeorm';
import { BillingRecordEntity } from './billing-record.entity.js';
import type { BillingTotal, SettledAmount, SettledFilter, Settlement, Turnover } from './billing.port.js';
import type { StoredHold } from './quote.repository.js';
import { ScoreHoldRepository } from './score-hold.repository.js';
import { type Hours, hoursOf } from './whole-hours.js';

export interface NewBillingRecord {
  readonly hold: StoredHold;
  readonly evaluatorId: number;
  readonly transactionId: Later;
  readonly settlement: Settlement;
}

/** Totals of one currency with how many took part. */
export interface RevenueTotal extends BillingTotal {
  readonly clients: number;
  readonly providers: number;
}

const SUMS: Readonly<Record<SettledAmount, string>> = {
  cost: 'r.costMicros',
  provider: 'r.providerMicros',
  evaluator: 'r.evaluatorMicros + r.bonusMicros',
};

interface TotalRow {
  readonly currency: string;
  readonly amount: number | string;
  readonly orders: number | string;
}

const totalOf = ({ currency, amount, orders }: TotalRow): BillingTotal => ({
  currency,
  amount: Number(amount),
  orders: Number(orders),
});

/** Settled orders: added to and read, nothing else. */
@Injectable()
export class BillingRecordRepository implements Turnover {
  constructor(
    private readonly database: Database,
    private readonly figures: KeptFigures,
    private readonly holds: ScoreHoldRepository,
  ) {}

  async add(tx: Transaction, { hold, evaluatorId, transactionId, settlement }: NewBillingRecord, now: Date) {
    writeSql(
      tx,
      `INSERT INTO billing_records (client_id, provider_id, evaluator_id, prediction_id, model_name, cost_micros,
         evaluator_micros, bonus_micros, provider_micros, platform_micros, currency, description, transaction_id, timestamp)
       VALUES (${placeholders(14)})`,
      [
        hold.clientId,
        hold.quote.providerId,
        evaluatorId,
        hold.orderId,
        hold.quote.modelName,
        settlement.total - settlement.staked,
        settlement.evaluator,
        settlement.bonus,
        settlement.provider,
        settlement.platform,
        settlement.currency,
        hold.description,
        transactionId,
        now.toISOString(),
      ],
    );
  }

  /** Newest first. */
  newest(filter: SettledFilter, { limit, offset }: PageWindow): Promise<BillingRecordEntity[]> {
    return rowsOf(this.database.readApart, BillingRecordEntity, {
      where: whereOf(filter),
      order: { timestamp: 'DESC', id: 'DESC' },
      limit,
      offset,
    });
  }

  /** How many there are. */
  async count(filter: SettledFilter): Promise<number> {
    const totals = await this.totals(filter, filter.providerId !== undefined ? 'provider' : 'cost');
    return totals.reduce((sum, { orders }) => sum + orders, 0);
  }

  /** By currency. Whole hours are kept as figures; what is left of the first and the last one is added up. */
  async totals(filter: SettledFilter, amount: SettledAmount): Promise<BillingTotal[]> {
    const { hours, edges } = hoursOf(filter);
    const owner = filter.clientId ?? filter.providerId ?? filter.evaluatorId;
    const parts = await Promise.all([
      hours === null ? [] : this.#kept(SOURCES[amount], hours, owner),
      ...edges.map((edge) => this.#addedUp({ ...filter, ...edge }, amount)),
    ]);
    const byCurrency = new Map<string, BillingTotal>();
    for (const total of parts.flat()) {
      const { amount: sum = 0, orders = 0 } = byCurrency.get(total.currency) ?? {};
      byCurrency.set(total.currency, {
        currency: total.currency,
        amount: sum + total.amount,
        orders: orders + total.orders,
      });
    }
    return [...byCurrency.values()].sort((one, other) => (one.currency < other.currency ? -1 : 1));
  }

  async #kept(source: string, { from, to }: Hours, owner: number | undefined): Promise<BillingTotal[]> {
    const figures = await this.figures.between(source, from, to, owner);
    return [...figures].map(([currency, { events, amount }]) => ({ currency, amount, orders: events }));
  }

  /** Whole costs by currency, with the number of clients and providers. */
  async revenue(filter: SettledFilter): Promise<RevenueTotal[]> {
    const totals = await this.totals(filter, 'cost');
    return Promise.all(
      totals.map(async (total) => ({
        ...total,
        clients: await this.#parties(filter, 'spent', 'client_id', total.currency),
        providers: await this.#parties(filter, 'provided', 'provider_id', total.currency),
      })),
    );
  }

  /** How many have any in a currency. */
  async #parties(filter: SettledFilter, source: string, column: string, currency: string): Promise<number> {
    const { hours, edges } = hoursOf(filter);
    const kept =
      hours === null ? [] : await this.figures.ownersBetween(source, currency, hours.from, hours.to);
    const added = await Promise.all(
      edges.map((edge) =>
        this.#settled(edge)
          .select(`r.${column}`, 'id')
          .andWhere('r.currency = :currency', { currency })
          .getRawMany<{ id: number }>(),
      ),
    );
    return new Set([...kept, ...added.flat().map(({ id }) => id)]).size;
  }

  /** Whole costs of several clients, by client and currency. */
  async spentBy(clientIds: readonly number[]): Promise<ReadonlyMap<number, readonly BillingTotal[]>> {
    return totalsOf(await this.figures.ofOwners('spent', clientIds));
  }

  /** What evaluators were paid since the beginning of an hour, by evaluator and currency. */
  async paidToEvaluators(moment: Date): Promise<ReadonlyMap<number, readonly BillingTotal[]>> {
    return totalsOf(await this.figures.byOwnerSince(SOURCES.evaluator, moment));
  }

  /** At most an hour of rows: what was paid at answers, and what scores earned of earlier ones. */
  async #addedUp(filter: SettledFilter, amount: SettledAmount): Promise<BillingTotal[]> {
    if (amount === 'evaluator') return this.#paidAtAnswer(filter, amount);
    const [paid, scored] = await Promise.all([
      this.#paidAtAnswer(filter, amount),
      this.holds.settledIn(filter, filter),
    ]);
    return [...paid, ...scored.map(({ currency, earned }) => ({ currency, amount: earned, orders: 0 }))];
  }

  async #paidAtAnswer(filter: SettledFilter, amount: SettledAmount): Promise<BillingTotal[]> {
    const rows = await this.#settled(filter)
      .select('r.currency', 'currency')
      .addSelect(`SUM(${SUMS[amount]})`, 'amount')
      .addSelect('COUNT(*)', 'orders')
      .groupBy('r.currency')
      .getRawMany<TotalRow>();
    return rows.map(totalOf);
  }

  #settled(filter: SettledFilter) {
    return this.database.readApart.manager
      .createQueryBuilder(BillingRecordEntity, 'r')
      .where(whereOf(filter));
  }
}

/** The figures that keep an amount. */
const SOURCES: Readonly<Record<SettledAmount, string>> = {
  cost: 'spent',
  provider: 'provided',
  evaluator: 'evaluated',
};

const totalsOf = (byOwner: ReadonlyMap<number, Figures>): ReadonlyMap<number, readonly BillingTotal[]> =>
  new Map(
    [...byOwner].map(([id, figures]) => [
      id,
      [...figures]
        .map(([currency, { events, amount }]) => ({ currency, amount, orders: events }))
        .sort((one, other) => (one.currency < other.currency ? -1 : 1)),
    ]),
  );

function whereOf({
  from,
  to,
  clientId,
  providerId,
  evaluatorId,
}: SettledFilter): FindOptionsWhere<BillingRecordEntity> {
  const bounds = [
    ...(from === undefined ? [] : [MoreThanOrEqual(from)]),
    ...(to === undefined ? [] : [LessThan(to)]),
  ];
  return {
    ...(clientId !== undefined && { clientId }),
    ...(providerId !== undefined && { providerId }),
    ...(evaluatorId !== undefined && { evaluatorId }),
    ...(bounds.length > 0 && { timestamp: And(...bounds) }),
  };
}
