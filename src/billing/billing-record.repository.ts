import { Injectable } from '@nestjs/common';
import { Database, placeholders, runSql, type Transaction } from '#libs/database';
import type { PageWindow } from '#libs/http';
import { And, type FindOptionsWhere, In, LessThan, MoreThanOrEqual } from 'typeorm';
import { BillingRecordEntity } from './billing-record.entity.js';
import type { BillingTotal, SettledAmount, SettledFilter, Settlement, Turnover } from './billing.port.js';
import type { StoredHold } from './quote.repository.js';

export interface NewBillingRecord {
  readonly hold: StoredHold;
  readonly evaluatorId: number;
  readonly transactionId: number;
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
  constructor(private readonly database: Database) {}

  async add(tx: Transaction, { hold, evaluatorId, transactionId, settlement }: NewBillingRecord, now: Date) {
    await runSql(
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
        settlement.total,
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
    return this.database.read.manager.find(BillingRecordEntity, {
      where: whereOf(filter),
      order: { timestamp: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
  }

  count(filter: SettledFilter): Promise<number> {
    return this.database.read.manager.countBy(BillingRecordEntity, whereOf(filter));
  }

  /** By currency. */
  async totals(filter: SettledFilter, amount: SettledAmount): Promise<BillingTotal[]> {
    const rows = await this.#totals(whereOf(filter), amount).getRawMany<TotalRow>();
    return rows.map(totalOf);
  }

  /** Whole costs by currency, with the number of clients and providers. */
  async revenue(filter: SettledFilter): Promise<RevenueTotal[]> {
    const rows = await this.#totals(whereOf(filter), 'cost')
      .addSelect('COUNT(DISTINCT r.clientId)', 'clients')
      .addSelect('COUNT(DISTINCT r.providerId)', 'providers')
      .getRawMany<TotalRow & { clients: number | string; providers: number | string }>();
    return rows.map((row) => ({
      ...totalOf(row),
      clients: Number(row.clients),
      providers: Number(row.providers),
    }));
  }

  /** Whole costs of several clients, by client and currency. */
  async spentBy(clientIds: readonly number[]): Promise<ReadonlyMap<number, readonly BillingTotal[]>> {
    const rows = await this.#totals({ clientId: In([...clientIds]) }, 'cost')
      .addSelect('r.clientId', 'clientId')
      .addGroupBy('r.clientId')
      .getRawMany<TotalRow & { clientId: number }>();
    const byClient = new Map<number, BillingTotal[]>();
    for (const row of rows) {
      byClient.set(row.clientId, [...(byClient.get(row.clientId) ?? []), totalOf(row)]);
    }
    return byClient;
  }

  #totals(where: FindOptionsWhere<BillingRecordEntity>, amount: SettledAmount) {
    return this.database.read.manager
      .createQueryBuilder(BillingRecordEntity, 'r')
      .select('r.currency', 'currency')
      .addSelect(`SUM(${SUMS[amount]})`, 'amount')
      .addSelect('COUNT(*)', 'orders')
      .where(where)
      .groupBy('r.currency')
      .orderBy('r.currency');
  }
}

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
