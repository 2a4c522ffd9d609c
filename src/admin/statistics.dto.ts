import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';

export const PERIODS = ['1d', '7d', '30d'] as const;
export type Period = (typeof PERIODS)[number];

/** Which figures to show. */
export class StatisticsQuery {
  @EnumField(PERIODS, {
    name: 'StatisticsPeriod',
    default: '7d',
    description: 'Period of the performance metrics, ending now.',
    example: '7d',
  })
  period!: Period;

  @BooleanField({ default: true, description: 'Accepted for compatibility; has no effect.', example: true })
  include_forecasts!: boolean;
}

/** Accounts, core predictions and orders of the marketplace. */
export class SystemOverview {
  @IntegerField({ description: 'Number of active accounts.', example: 3 })
  active_users!: number;

  @IntegerField({ description: 'Number of accounts, without deleted ones.', example: 4 })
  total_users!: number;

  @IntegerField({ description: 'Number of waiting predictions.', example: 0 })
  pending_requests!: number;

  @IntegerField({ description: 'Number of running predictions.', example: 1 })
  processing_requests!: number;

  @IntegerField({ description: 'Number of predictions completed since midnight UTC.', example: 120 })
  completed_today!: number;

  @IntegerField({ description: 'Number of predictions that failed since midnight UTC.', example: 0 })
  failed_today!: number;

  @StringField({ description: '`overall_status` of the system health.', example: 'healthy' })
  system_health!: string;

  @NumberField({ nullable: true, description: 'Always null: not measured.', example: null })
  uptime_percentage!: number | null;
}

/** Money of the marketplace in one currency. */
export class CurrencyFinances {
  @StringField({ description: 'ISO 4217 currency code.', example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Revenue settled since midnight UTC.', example: 62.5 })
  revenue_today!: number;

  @NumberField({ description: 'Revenue settled since the first of the month (UTC).', example: 1250 })
  revenue_month!: number;

  @NumberField({ description: 'Unpaid earnings of providers and evaluators.', example: 980 })
  pending_payouts!: number;

  @NumberField({ description: 'Mean cost of orders settled this month; 0 if none.', example: 6.25 })
  average_request_value!: number;
}

/** Money of the marketplace. */
export class FinancialMetrics {
  @NumberField({ description: 'Revenue settled since midnight UTC, in USD.', example: 62.5 })
  revenue_today!: number;

  @NumberField({ description: 'Revenue settled since the first of the month (UTC), in USD.', example: 1250 })
  revenue_month!: number;

  @NumberField({ description: 'Unpaid earnings of providers and evaluators, in USD.', example: 980 })
  pending_payouts!: number;

  @NumberField({ description: 'Mean cost of orders settled this month, in USD; 0 if none.', example: 6.25 })
  average_request_value!: number;

  @ListField(NestedField(CurrencyFinances), { description: 'The same figures for each currency.' })
  currencies!: readonly CurrencyFinances[];
}

/** How fast and how well predictions were answered within the period. */
export class PerformanceMetrics {
  @NumberField({ nullable: true, description: 'Mean seconds from start to completion.', example: 0.4 })
  average_processing_time!: number | null;

  @NumberField({ nullable: true, description: 'Mean seconds from submission to start.', example: 0 })
  queue_wait_time!: number | null;

  @NumberField({
    nullable: true,
    description: 'Share of the predictions submitted in the period that were completed, from 0 to 1.',
    example: 0.998,
  })
  success_rate!: number | null;

  @NumberField({ nullable: true, description: 'Always null: not measured.', example: null })
  customer_satisfaction!: number | null;
}

/** What one evaluator did. */
export class EvaluatorPerformance {
  @StringField({ description: 'Id of the account as text; `0` for the service itself.', example: '7' })
  evaluator_id!: string;

  @StringField({
    nullable: true,
    description: 'Name of the account; null for the service itself.',
    example: 'evaluator1',
  })
  username!: string | null;

  @IntegerField({ description: 'Number of orders completed since midnight UTC.', example: 12 })
  completed_today!: number;

  @NumberField({
    nullable: true,
    description: 'Share of the claims that ended since midnight UTC and were completed, from 0 to 1.',
    example: 0.98,
  })
  success_rate!: number | null;

  @NumberField({ nullable: true, description: 'Always null; see `reason`.', example: null })
  average_quality!: number | null;

  @NumberField({ description: 'Payments and bonuses since midnight UTC, in USD.', example: 42 })
  earnings_today!: number;

  @StringField({ description: 'Why `average_quality` is null.', example: 'needs realised outcomes' })
  reason!: string;
}

/** All predictions, counted. */
export class PredictionCounts {
  @MapField(IntegerField(), { description: 'Predictions by type.', example: { short_term: 120 } })
  by_type!: Readonly<Record<string, number>>;

  @MapField(IntegerField(), {
    description: 'Predictions by status.',
    example: { completed: 119, processing: 1 },
  })
  by_status!: Readonly<Record<string, number>>;
}

/** What this process and its machine use, in percent. */
export class ResourceUtilization {
  @NumberField({ nullable: true, description: 'CPU usage of this process, in percent.', example: 3.5 })
  cpu_usage!: number | null;

  @NumberField({ nullable: true, description: 'Memory usage of this process, in percent.', example: 1.2 })
  memory_usage!: number | null;

  @NumberField({ nullable: true, description: 'Used space on the database disk, in percent.', example: 12.5 })
  storage_usage!: number | null;

  @StringField({ nullable: true, description: 'Always null: not measured.', example: null })
  network_throughput!: string | null;
}

/** The figures of the service. */
export class StatisticsOut {
  @NestedField(SystemOverview, { description: 'Accounts, predictions and the state of the system.' })
  system_overview!: SystemOverview;

  @NestedField(FinancialMetrics, { description: 'Revenue and payouts of the marketplace.' })
  financial_metrics!: FinancialMetrics;

  @NestedField(PerformanceMetrics, { description: 'Performance within the period.' })
  performance_metrics!: PerformanceMetrics;

  @ListField(NestedField(EvaluatorPerformance), {
    description:
      'Evaluators with a claim that ended since midnight UTC, sorted by completed orders, most first.',
  })
  evaluator_performance!: readonly EvaluatorPerformance[];

  @NestedField(PredictionCounts, { description: 'Number of predictions by type and status.' })
  predictions!: PredictionCounts;

  @NestedField(ResourceUtilization, { description: 'Resources that this process and its machine use.' })
  resource_utilization!: ResourceUtilization;
}
