import { Injectable } from '@nestjs/common';
import type { DatabaseScope } from '#libs/database';
import { Clock } from '#libs/kernel';
import type {
  Balance,
  BillingPeriod,
  BillingReports,
  BillingTotal,
  Hold,
  Money,
  Settlement,
} from './billing.port.js';
import type { BillingRecordEntity } from './billing-record.entity.js';
import { BillingRecordRepository } from './billing-record.repository.js';
import { LedgerRepository } from './ledger.repository.js';
import { QuoteRepository } from './quote.repository.js';

/** Reads of the money, for other domains. */
@Injectable()
export class ReadBilling implements BillingReports {
  constructor(
    private readonly records: BillingRecordRepository,
    private readonly quotes: QuoteRepository,
    private readonly ledger: LedgerRepository,
    private readonly clock: Clock,
  ) {}

  async holdOf(jobId: string, scope?: DatabaseScope): Promise<Hold | null> {
    return this.quotes.holdOf(jobId, scope);
  }

  async settlementOf(jobId: string, scope?: DatabaseScope): Promise<Settlement | null> {
    const record = await this.records.findByJob(jobId, scope);
    return record === null ? null : settlementOfRecord(record);
  }

  balances(userId: number): Promise<readonly Balance[]> {
    return this.ledger.balancesOf(userId, new Date(this.clock.now()));
  }

  availableOf(userIds: readonly number[]): Promise<ReadonlyMap<number, readonly Money[]>> {
    return this.ledger.availableOf(userIds, new Date(this.clock.now()));
  }

  spent(clientId: number, period: BillingPeriod): Promise<readonly BillingTotal[]> {
    return this.records.totals({ ...period, clientId }, 'cost');
  }

  spentBy(clientIds: readonly number[]): Promise<ReadonlyMap<number, readonly BillingTotal[]>> {
    return this.records.spentBy(clientIds);
  }

  earned(
    userId: number,
    as: 'provider' | 'evaluator',
    period: BillingPeriod,
  ): Promise<readonly BillingTotal[]> {
    const who = as === 'provider' ? { providerId: userId } : { evaluatorId: userId };
    return this.records.totals({ ...period, ...who }, as);
  }

  revenue(period: BillingPeriod): Promise<readonly BillingTotal[]> {
    return this.records.totals(period, 'cost');
  }

  pendingPayouts(): Promise<readonly Money[]> {
    return this.ledger.earnedByUsers();
  }
}

const settlementOfRecord = (record: BillingRecordEntity): Settlement => ({
  jobId: record.predictionId,
  currency: record.currency,
  total: record.costMicros,
  evaluator: record.evaluatorMicros,
  bonus: record.bonusMicros,
  provider: record.providerMicros,
  platform: record.platformMicros,
});
