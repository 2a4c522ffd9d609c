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
    description: 'Window of the performance metrics, ending now.',
    example: '7d',
  })
  period!: Period;

  @BooleanField({
    default: true,
    description: 'Accepted; there are no forecasts to leave out.',
    example: true,
  })
  include_forecasts!: boolean;
}

/** Accounts, and requests of both kinds: core predictions and the marketplace's. */
export class SystemOverview {
  @IntegerField({ description: 'Active accounts.', example: 3 })
  active_users!: number;

  @IntegerField({ description: 'Accounts, without deleted ones.', example: 4 })
  total_users!: number;

  @IntegerField({ description: 'Predictions that wait.', example: 0 })
  pending_requests!: number;

  @IntegerField({ description: 'Predictions at work.', example: 1 })
  processing_requests!: number;

  @IntegerField({ description: 'Completed since midnight UTC.', example: 120 })
  completed_today!: number;

  @IntegerField({ description: 'Failed since midnight UTC.', example: 0 })
  failed_today!: number;

  @StringField({ description: '`overall_status` of the system health.', example: 'healthy' })
  system_health!: string;

  @NumberField({ nullable: true, description: 'Not measured, so null.', example: null })
  uptime_percentage!: number | null;
}

/** Money of the marketplace in one currency. */
export class CurrencyFinances {
  @StringField({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Settled since midnight UTC.', example: 62.5 })
  revenue_today!: number;

  @NumberField({ description: 'Settled since the first of the month, UTC.', example: 1250 })
  revenue_month!: number;

  @NumberField({ description: 'Earned by providers and evaluators and not paid out.', example: 980 })
  pending_payouts!: number;

  @NumberField({
    description: 'Mean cost of the requests settled this month; 0 when there were none.',
    example: 6.25,
  })
  average_request_value!: number;
}

/** Money of the marketplace. */
export class FinancialMetrics {
  @NumberField({ description: 'Settled since midnight UTC, USD.', example: 62.5 })
  revenue_today!: number;

  @NumberField({ description: 'Settled since the first of the month, UTC, USD.', example: 1250 })
  revenue_month!: number;

  @NumberField({ description: 'Earned by providers and evaluators and not paid out, USD.', example: 980 })
  pending_payouts!: number;

  @NumberField({
    description: 'Mean cost of the requests settled this month, USD; 0 when there were none.',
    example: 6.25,
  })
  average_request_value!: number;

  @ListField(NestedField(CurrencyFinances), { description: 'The same for each currency.' })
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
    description: 'Completed share of those submitted in the period.',
    example: 0.998,
  })
  success_rate!: number | null;

  @NumberField({ nullable: true, description: 'Not measured, so null.', example: null })
  customer_satisfaction!: number | null;
}

/** What one evaluator did. */
export class EvaluatorPerformance {
  @StringField({ description: 'Number of the account, as text; `0` for the service itself.', example: '7' })
  evaluator_id!: string;

  @StringField({
    nullable: true,
    description: 'Name of the account; null for the service itself.',
    example: 'evaluator1',
  })
  username!: string | null;

  @IntegerField({ description: 'Completed since midnight UTC.', example: 12 })
  completed_today!: number;

  @NumberField({
    nullable: true,
    description: 'Completed share of the claims that ended since midnight UTC.',
    example: 0.98,
  })
  success_rate!: number | null;

  @NumberField({ nullable: true, description: 'Null; see `reason`.', example: null })
  average_quality!: number | null;

  @NumberField({ description: 'Payments and bonuses since midnight UTC, USD.', example: 42 })
  earnings_today!: number;

  @StringField({ description: 'Why the quality is null.', example: 'needs realised outcomes' })
  reason!: string;
}

/** All predictions, counted. */
export class PredictionCounts {
  @MapField(IntegerField(), { description: 'By prediction type.', example: { short_term: 120 } })
  by_type!: Readonly<Record<string, number>>;

  @MapField(IntegerField(), { description: 'By status.', example: { completed: 119, processing: 1 } })
  by_status!: Readonly<Record<string, number>>;
}

/** What this process and its machine use, in percent. */
export class ResourceUtilization {
  @NumberField({ nullable: true, description: "This process's share of all processors.", example: 3.5 })
  cpu_usage!: number | null;

  @NumberField({ nullable: true, description: "This process's share of the memory.", example: 1.2 })
  memory_usage!: number | null;

  @NumberField({ nullable: true, description: 'Used space on the disk of the database.', example: 12.5 })
  storage_usage!: number | null;

  @StringField({ nullable: true, description: 'Not measured, so null.', example: null })
  network_throughput!: string | null;
}

/** The figures of the service. */
export class StatisticsOut {
  @NestedField(SystemOverview, { description: 'Accounts and requests.' })
  system_overview!: SystemOverview;

  @NestedField(FinancialMetrics, { description: 'Money of the marketplace.' })
  financial_metrics!: FinancialMetrics;

  @NestedField(PerformanceMetrics, { description: 'Within the period.' })
  performance_metrics!: PerformanceMetrics;

  @ListField(NestedField(EvaluatorPerformance), {
    description: 'Evaluators with a claim that ended since midnight UTC, those who completed most first.',
  })
  evaluator_performance!: readonly EvaluatorPerformance[];

  @NestedField(PredictionCounts, { description: 'All predictions, counted.' })
  predictions!: PredictionCounts;

  @NestedField(ResourceUtilization, { description: 'This process and its machine.' })
  resource_utilization!: ResourceUtilization;
}
