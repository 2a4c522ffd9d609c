import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  MoneyField,
  NestedField,
  NumberField,
} from '#libs/http';
import { moneyOf } from '#libs/kernel';
import {
  CurrencyField,
  UnmeasuredField,
  UnmeasuredRankField,
  UnmeasuredReasonField,
  UnmeasuredTextField,
} from '../marketplace/order.fields.js';

export const STATS_PERIODS = ['7d', '30d', '90d'] as const;
export type StatsPeriod = (typeof STATS_PERIODS)[number];

/** Which figures to show. */
export class StatsQuery {
  @EnumField(STATS_PERIODS, {
    name: 'EvaluatorStatsPeriod',
    default: '7d',
    description: 'Window that ends now.',
    example: '7d',
  })
  period!: StatsPeriod;

  @BooleanField({ default: true, description: 'Places among the evaluators, too.', example: true })
  includeRankings!: boolean;
}

const MINUTE_MS = 60_000;
const DAYS_A_WEEK = 7;

/** Earnings in one currency. */
export class EvaluatorCurrencyEarnings {
  @CurrencyField currency!: string;

  @MoneyField({ wire: 'total_earnings', description: 'Payments with bonuses.', example: 43.12 })
  amount!: number;

  @IntegerField({
    wire: 'total_earnings_micros',
    from: ({ amount }: EvaluatorCurrencyEarnings) => amount,
    description: 'The same, exactly: 1 is a millionth.',
    example: 43_120_000,
  })
  amountMicros?: number;

  @IntegerField({ wire: 'total_requests', description: 'Answers that were paid.', example: 12 })
  orders!: number;
}

/** What was done within the period. */
export class PerformanceSummary {
  @IntegerField({ wire: 'total_completed', description: 'Answers that were taken.', example: 12 })
  completed!: number;

  @IntegerField({ wire: 'total_released', description: 'Claims that were given back.', example: 1 })
  released!: number;

  @IntegerField({ wire: 'total_timed_out', description: 'Claims that ran out.', example: 0 })
  timedOut!: number;

  @NumberField({
    nullable: true,
    write: (rate: number) => Number(rate.toFixed(3)),
    description: 'Completed among all claims that ended; null without any.',
    example: 0.923,
  })
  successRate!: number | null;

  @NumberField({
    wire: 'average_processing_time',
    nullable: true,
    write: (ms: number) => Number((ms / MINUTE_MS).toFixed(1)),
    description: 'From claim to submission, minutes; null without any.',
    example: 4.5,
  })
  meanProcessingMs!: number | null;

  @UnmeasuredField averageQualityScore?: null;

  @MoneyField({ wire: 'total_earnings', description: 'Payments with bonuses, USD.', example: 43.12 })
  earnings!: number;

  @ListField(NestedField(EvaluatorCurrencyEarnings), { description: 'In every currency, by currency.' })
  currencies!: readonly EvaluatorCurrencyEarnings[];

  @UnmeasuredField currentReputation?: null;
  @UnmeasuredReasonField reason?: string;
}

/** What was done in the last seven days. */
export class LastWeek {
  @IntegerField({ wire: 'requests_completed', example: 12 }) completed!: number;

  @MoneyField({
    wire: 'average_daily_earnings',
    write: (micros: number) => moneyOf(micros / DAYS_A_WEEK),
    description: 'Earnings of the seven days by 7, USD.',
    example: 6.16,
  })
  earnings!: number;

  @UnmeasuredTextField qualityTrend?: null;
  @UnmeasuredReasonField reason?: string;
}

/** What was done lately. */
export class RecentActivity {
  @NestedField(LastWeek, { wire: 'last_7_days', description: 'Whatever the period.' }) lastWeek!: LastWeek;
}

const rank = (wire: string, by: string) =>
  IntegerField({
    wire,
    nullable: true,
    description: `${by}, 1 is best; null for one who completed nothing in the period.`,
    example: 2,
  });

/** Places among the evaluators who completed anything in the period. */
export class Rankings {
  @UnmeasuredRankField qualityRank?: null;
  @rank('speed_rank', 'By the mean time from claim to submission') speed!: number | null;

  @rank('reliability_rank', 'By the success rate, equal ones by what they completed')
  reliability!: number | null;

  @IntegerField({ wire: 'total_evaluators', description: 'How many there are.', example: 5 })
  evaluators!: number;

  @UnmeasuredReasonField reason?: string;
}

/** An evaluator's own figures, counted from its claims. Nothing that it says of itself counts. */
export class EvaluatorStatsOut {
  @NestedField(PerformanceSummary, { description: 'Within the period.' })
  performanceSummary!: PerformanceSummary;

  @NestedField(RecentActivity, { description: 'Lately.' }) recentActivity!: RecentActivity;

  @NestedField(Rankings, { nullable: true, description: 'Null when not asked for.' })
  rankings!: Rankings | null;
}
