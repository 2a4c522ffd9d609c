import { Injectable } from '@nestjs/common';
import { Database, placeholders, runSql, type DatabaseScope, type Transaction } from '#libs/database';
import { And, type FindOptionsWhere, In, LessThan, MoreThanOrEqual } from 'typeorm';
import { BillingRecordEntity } from './billing-record.entity.js';
import type { BillingPeriod, BillingTotal, Settlement } from './billing.port.js';
import type { StoredHold } from './quote.repository.js';

export interface NewBillingRecord {
  readonly hold: StoredHold;
  readonly evaluatorId: number;
  readonly transactionId: number;
  readonly settlement: Settlement;
}

/** Whose records; absent means any. */
export interface RecordFilter extends BillingPeriod {
  readonly clientId?: number;
  readonly providerId?: number;
  readonly evaluatorId?: number;
}

/** Totals of one currency with how many took part. */
export interface RevenueTotal extends BillingTotal {
  readonly clients: number;
  readonly providers: number;
}

/** What is added up: the whole costs, or the shares of one side. */
export type SummedColumn = 'cost' | 'provider' | 'evaluator';

const SUMS: Readonly<Record<SummedColumn, string>> = {
  cost: 'r.costMicros',
  provider: 'r.providerMicros',
  evaluator: 'r.evaluatorMicros + r.bonusMicros',
};

interface TotalRow {
  readonly currency: string;
  readonly amount: number | string;
  readonly jobs: number | string;
}

const totalOf = ({ currency, amount, jobs }: TotalRow): BillingTotal => ({
  currency,
  amount: Number(amount),
  jobs: Number(jobs),
});

/** Settled jobs: added to and read, nothing else. */
@Injectable()
export class BillingRecordRepository {
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
        hold.jobId,
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

  findByJob(jobId: string, scope: DatabaseScope = this.database.read): Promise<BillingRecordEntity | null> {
    return scope.manager.findOneBy(BillingRecordEntity, { predictionId: jobId });
  }

  /** Newest first. */
  newest(
    filter: RecordFilter,
    { limit, offset }: { readonly limit: number; readonly offset: number },
  ): Promise<BillingRecordEntity[]> {
    return this.database.read.manager.find(BillingRecordEntity, {
      where: whereOf(filter),
      order: { timestamp: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
  }

  count(filter: RecordFilter): Promise<number> {
    return this.database.read.manager.countBy(BillingRecordEntity, whereOf(filter));
  }

  /** By currency. */
  async totals(filter: RecordFilter, summed: SummedColumn): Promise<BillingTotal[]> {
    const rows = await this.#grouped(filter)
      .select('r.currency', 'currency')
      .addSelect(`SUM(${SUMS[summed]})`, 'amount')
      .addSelect('COUNT(*)', 'jobs')
      .getRawMany<TotalRow>();
    return rows.map(totalOf);
  }

  /** Whole costs by currency, with the number of clients and providers. */
  async revenue(filter: RecordFilter): Promise<RevenueTotal[]> {
    const rows = await this.#grouped(filter)
      .select('r.currency', 'currency')
      .addSelect('SUM(r.costMicros)', 'amount')
      .addSelect('COUNT(*)', 'jobs')
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
    const rows = await this.database.read.manager
      .createQueryBuilder(BillingRecordEntity, 'r')
      .select('r.clientId', 'clientId')
      .addSelect('r.currency', 'currency')
      .addSelect('SUM(r.costMicros)', 'amount')
      .addSelect('COUNT(*)', 'jobs')
      .where({ clientId: In([...clientIds]) })
      .groupBy('r.clientId')
      .addGroupBy('r.currency')
      .orderBy('r.currency')
      .getRawMany<TotalRow & { clientId: number }>();
    const byClient = new Map<number, BillingTotal[]>();
    for (const row of rows) {
      byClient.set(row.clientId, [...(byClient.get(row.clientId) ?? []), totalOf(row)]);
    }
    return byClient;
  }

  #grouped(filter: RecordFilter) {
    return this.database.read.manager
      .createQueryBuilder(BillingRecordEntity, 'r')
      .where(whereOf(filter))
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
}: RecordFilter): FindOptionsWhere<BillingRecordEntity> {
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
