import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  MoneyField,
  NestedField,
  NumberField,
} from '#libs/http';
import { MINUTE_MS, moneyOf } from '#libs/kernel';
import { ExactOf } from '../billing/money.fields.js';
import { type Trend, TRENDS } from '../outcomes/standings.port.js';
import { MeasuredReasonField, OrderCurrencyField, QUALITY, REPUTATION } from '../marketplace/order.fields.js';

export const STATS_PERIODS = ['7d', '30d', '90d'] as const;
export type StatsPeriod = (typeof STATS_PERIODS)[number];

/** Which figures to show. */
export class StatsQuery {
  @EnumField(STATS_PERIODS, {
    name: 'EvaluatorStatsPeriod',
    default: '7d',
    description: 'Length of the period, which ends now and begins at a full hour.',
    example: '7d',
  })
  period!: StatsPeriod;

  @BooleanField({ default: true, description: 'Whether to include the rankings.', example: true })
  includeRankings!: boolean;
}

const DAYS_A_WEEK = 7;

/** Earnings in one currency. */
export class EvaluatorCurrencyEarnings {
  @OrderCurrencyField currency!: string;

  @MoneyField({ wire: 'total_earnings', description: 'Total of payments and bonuses.', example: 43.12 })
  amount!: number;

  @ExactOf('amount', { wire: 'total_earnings_micros', of: 'total_earnings', example: 43_120_000 })
  amountMicros?: number;

  @IntegerField({ wire: 'total_requests', description: 'Number of paid answers.', example: 12 })
  orders!: number;
}

/** What was done within the period. */
export class PerformanceSummary {
  @IntegerField({ wire: 'total_completed', description: 'Number of accepted answers.', example: 12 })
  completed!: number;

  @IntegerField({ wire: 'total_released', description: 'Number of released claims.', example: 1 })
  released!: number;

  @IntegerField({ wire: 'total_timed_out', description: 'Number of expired claims.', example: 0 })
  timedOut!: number;

  @NumberField({
    nullable: true,
    write: (rate: number) => Number(rate.toFixed(3)),
    description: 'Completed claims as a fraction of all ended claims; null if none has ended.',
    example: 0.923,
  })
  successRate!: number | null;

  @NumberField({
    wire: 'average_processing_time',
    nullable: true,
    write: (ms: number) => Number((ms / MINUTE_MS).toFixed(1)),
    description: 'Mean time from claim to submission, in minutes; null if nothing was completed.',
    example: 4.5,
  })
  meanProcessingMs!: number | null;

  @NumberField({ ...QUALITY, wire: 'average_quality_score' }) quality!: number | null;

  @MoneyField({
    wire: 'total_earnings',
    description: 'Total of payments and bonuses, in USD.',
    example: 43.12,
  })
  earnings!: number;

  @ListField(NestedField(EvaluatorCurrencyEarnings), { description: 'Earnings in each currency.' })
  currencies!: readonly EvaluatorCurrencyEarnings[];

  @NumberField({ ...REPUTATION, wire: 'current_reputation' }) reputation!: number | null;
  @MeasuredReasonField('quality') reason?: string | null;
}

/** What was done in the last seven days. */
export class LastWeek {
  @IntegerField({ wire: 'requests_completed', example: 12 }) completed!: number;

  @MoneyField({
    wire: 'average_daily_earnings',
    write: (micros: number) => moneyOf(micros / DAYS_A_WEEK),
    description: 'Mean earnings per day over the last seven days, in USD.',
    example: 6.16,
  })
  earnings!: number;

  @EnumField(TRENDS, {
    wire: 'quality_trend',
    nullable: true,
    name: 'QualityTrend',
    description:
      'Whether the skill of these days lies above or below all before by more than its bounds; null where that cannot be told.',
    example: 'stable',
  })
  trend!: Trend | null;

  @MeasuredReasonField('trend') reason?: string | null;
}

/** What was done lately. */
export class RecentActivity {
  @NestedField(LastWeek, { wire: 'last_7_days', description: 'The last seven days, regardless of `period`.' })
  lastWeek!: LastWeek;
}

const rank = (wire: string, by: string) =>
  IntegerField({
    wire,
    nullable: true,
    description: `Rank ${by}; 1 is best. Null if nothing was completed in the period${by === 'by quality' ? ', or while that is null' : ''}.`,
    example: 2,
  });

/** Places among the evaluators who completed anything in the period. */
export class Rankings {
  @rank('quality_rank', 'by quality') quality!: number | null;
  @rank('speed_rank', 'by the mean time from claim to submission') speed!: number | null;

  @rank('reliability_rank', 'by success rate; ties are ranked by the number of completed orders')
  reliability!: number | null;

  @IntegerField({ wire: 'total_evaluators', description: 'Number of ranked evaluators.', example: 5 })
  evaluators!: number;

  @MeasuredReasonField('quality') reason?: string | null;
}

/** An evaluator's own figures, from its claims and the outcomes of its answers. Nothing that it says of itself counts. */
export class EvaluatorStatsOut {
  @NestedField(PerformanceSummary, { description: 'Results within `period`.' })
  performanceSummary!: PerformanceSummary;

  @NestedField(RecentActivity, { description: 'Activity of the last days.' }) recentActivity!: RecentActivity;

  @NestedField(Rankings, { nullable: true, description: 'Rankings; null if `include_rankings` is false.' })
  rankings!: Rankings | null;
}
