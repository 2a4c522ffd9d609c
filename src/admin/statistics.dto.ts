import type { RowActivity } from '#libs/database';
import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  StringField,
  UNMEASURED,
} from '#libs/http';
import type { Micros } from '../billing/billing.port.js';
import { CurrencyByScore } from '../billing/money.fields.js';
import type { ScoreTotal } from '../billing/score-holds.port.js';
import { MeasuredReasonField, QUALITY } from '../marketplace/order.fields.js';

export const PERIODS = ['1d', '7d', '30d'] as const;
export type StatisticsPeriod = (typeof PERIODS)[number];

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));
const share = (value: number): number => rounded(value, 3);
const inSeconds = (ms: number): number => rounded(ms / 1000, 1);

/** Which figures to show. */
export class StatisticsQuery {
  @EnumField(PERIODS, {
    name: 'StatisticsPeriod',
    default: '7d',
    description: 'Period of the performance metrics, ending now; it begins at a full hour.',
    example: '7d',
  })
  period!: StatisticsPeriod;

  @BooleanField({ default: true, description: 'Accepted for compatibility; has no effect.', example: true })
  includeForecasts!: boolean;
}

/** Accounts, core predictions and orders of the marketplace. */
export class SystemOverview {
  @IntegerField({ wire: 'active_users', description: 'Number of active accounts.', example: 3 })
  active!: number;
  @IntegerField({ wire: 'total_users', description: 'Number of accounts, without deleted ones.', example: 4 })
  total!: number;
  @IntegerField({ wire: 'pending_requests', description: 'Pending predictions and orders.', example: 0 })
  pending!: number;
  @IntegerField({ wire: 'processing_requests', description: 'Running predictions and orders.', example: 1 })
  processing!: number;

  @IntegerField({
    wire: 'completed_today',
    description: 'Number of core predictions and orders completed since midnight UTC.',
    example: 120,
  })
  completed!: number;

  @IntegerField({
    wire: 'failed_today',
    description: 'Number of core predictions and orders that failed since midnight UTC.',
    example: 0,
  })
  failed!: number;

  @StringField({ description: '`overall_status` of the system health.', example: 'healthy' })
  systemHealth!: string;
  @NumberField(UNMEASURED) uptimePercentage?: null;
}

const RevenueTodayField = MoneyField({ description: 'Revenue settled since midnight UTC.', example: 62.5 });
const RevenueMonthField = MoneyField({
  description: 'Revenue settled since the first of the month (UTC).',
  example: 1250,
});
const PayoutsField = MoneyField({
  description: 'Unpaid earnings of providers and evaluators.',
  example: 980,
});
const MeanCostField = MoneyField({
  description: 'Mean cost of orders settled this month; 0 if none.',
  example: 6.25,
});

/** Money of the marketplace in one currency. */
export class CurrencyFinances {
  @StringField({ description: 'ISO 4217 currency code.', example: 'USD' }) currency!: string;
  @RevenueTodayField revenueToday!: Micros;
  @RevenueMonthField revenueMonth!: Micros;
  @PayoutsField pendingPayouts!: Micros;
  @MeanCostField averageRequestValue!: Micros;
}

/** Money of the marketplace, in USD. */
export class FinancialMetrics {
  @RevenueTodayField revenueToday!: Micros;
  @RevenueMonthField revenueMonth!: Micros;
  @PayoutsField pendingPayouts!: Micros;
  @MeanCostField averageRequestValue!: Micros;

  @ListField(NestedField(CurrencyFinances), { description: 'The same figures for each currency.' })
  currencies!: readonly CurrencyFinances[];

  @ListField(NestedField(CurrencyByScore), {
    description:
      'What is paid by score, for each currency that has any; earned and returned since the first of the month (UTC).',
  })
  byScore!: readonly ScoreTotal[];
}

/** How fast and how well predictions were answered within the period: a `RowActivity`. */
export class PerformanceMetrics {
  @NumberField({
    wire: 'average_processing_time',
    nullable: true,
    write: inSeconds,
    description: 'Mean time from start to completion, in seconds; null if nothing was completed.',
    example: 0.4,
  })
  meanProcessingMs!: number | null;

  @NumberField({
    wire: 'queue_wait_time',
    nullable: true,
    write: inSeconds,
    description: 'Mean time from submission to start, in seconds; null if nothing was completed.',
    example: 0,
  })
  meanWaitMs!: number | null;

  @NumberField({
    nullable: true,
    from: ({ created, createdAndCompleted }: RowActivity) =>
      created === 0 ? null : share(createdAndCompleted / created),
    description: 'Completed predictions and orders as a fraction of those submitted in the period.',
    example: 0.998,
  })
  successRate?: number | null;

  @NumberField(UNMEASURED) customerSatisfaction?: null;
}

/** What one evaluator did. */
export class EvaluatorPerformance {
  @StringField({
    write: String,
    description: 'Id of the account as text; `0` for the service itself.',
    example: '7',
  })
  evaluatorId!: number;

  @StringField({
    nullable: true,
    description: 'Name of the account; null for the service itself.',
    example: 'evaluator1',
  })
  username!: string | null;

  @IntegerField({
    wire: 'completed_today',
    description: 'Number of orders completed since midnight UTC.',
    example: 12,
  })
  completed!: number;

  @NumberField({
    nullable: true,
    write: share,
    description: 'Completed claims as a fraction of those that ended since midnight UTC.',
    example: 0.98,
  })
  successRate!: number | null;

  @NumberField({ ...QUALITY, wire: 'average_quality' }) quality!: number | null;

  @MoneyField({
    wire: 'earnings_today',
    description: 'Payments and bonuses since midnight UTC, in USD.',
    example: 42,
  })
  earnings!: Micros;

  @MeasuredReasonField('quality') reason?: string | null;
}

/** All predictions, counted. */
export class PredictionCounts {
  @MapField(IntegerField(), { description: 'Number of each type.', example: { short_term: 120 } })
  byType!: Readonly<Record<string, number>>;

  @MapField(IntegerField(), {
    description: 'Number with each status.',
    example: { completed: 119, processing: 1 },
  })
  byStatus!: Readonly<Record<string, number>>;
}

/** What this process and its machine use, in percent. */
export class ResourceUtilization {
  @NumberField({ nullable: true, description: 'CPU usage of this process, in percent.', example: 3.5 })
  cpuUsage!: number | null;
  @NumberField({ nullable: true, description: 'Memory usage of this process, in percent.', example: 1.2 })
  memoryUsage!: number | null;
  @NumberField({ nullable: true, description: 'Used space on the database disk, in percent.', example: 12.5 })
  storageUsage!: number | null;
  @StringField(UNMEASURED) networkThroughput?: null;
}

/** The figures of the service. */
export class StatisticsOut {
  @NestedField(SystemOverview, { description: 'Accounts, predictions and the state of the system.' })
  systemOverview!: SystemOverview;
  @NestedField(FinancialMetrics, { description: 'Revenue and payouts of the marketplace, in USD.' })
  financialMetrics!: FinancialMetrics;
  @NestedField(PerformanceMetrics, { description: 'Performance within `period`.' })
  performanceMetrics!: PerformanceMetrics;

  @ListField(NestedField(EvaluatorPerformance), {
    description:
      'Evaluators with a claim that ended since midnight UTC, sorted by completed orders, most first.',
  })
  evaluatorPerformance!: readonly EvaluatorPerformance[];

  @NestedField(PredictionCounts, { description: 'Number of predictions by type and status.' })
  predictions!: PredictionCounts;
  @NestedField(ResourceUtilization, { description: 'Resources that this process and its machine use.' })
  resourceUtilization!: ResourceUtilization;
}
