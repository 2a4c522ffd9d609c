import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';

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
  include_rankings!: boolean;
}

const unmeasured = { nullable: true, description: 'Null; see `reason`.', example: null } as const;
const reason = StringField({
  description: 'Why something here is null.',
  example: 'needs realised outcomes',
});

/** Earnings in one currency. */
export class EvaluatorCurrencyEarnings {
  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Payments with bonuses.', example: 43.12 })
  total_earnings!: number;

  @IntegerField({ description: 'The same, exactly: 1 is a millionth.', example: 43_120_000 })
  total_earnings_micros!: number;

  @IntegerField({ description: 'Answers that were paid.', example: 12 })
  total_requests!: number;
}

/** What was done within the period. */
export class PerformanceSummary {
  @IntegerField({ description: 'Answers that were taken.', example: 12 })
  total_completed!: number;

  @IntegerField({ description: 'Claims that were given back.', example: 1 })
  total_released!: number;

  @IntegerField({ description: 'Claims that ran out.', example: 0 })
  total_timed_out!: number;

  @NumberField({
    nullable: true,
    description: 'Completed among all claims that ended; null without any.',
    example: 0.923,
  })
  success_rate!: number | null;

  @NumberField({
    nullable: true,
    description: 'From claim to submission, minutes; null without any.',
    example: 4.5,
  })
  average_processing_time!: number | null;

  @NumberField(unmeasured)
  average_quality_score!: number | null;

  @NumberField({ description: 'Payments with bonuses, USD.', example: 43.12 })
  total_earnings!: number;

  @ListField(NestedField(EvaluatorCurrencyEarnings), { description: 'In every currency, by currency.' })
  currencies!: readonly EvaluatorCurrencyEarnings[];

  @NumberField(unmeasured)
  current_reputation!: number | null;

  @reason
  reason!: string;
}

/** What was done in the last seven days. */
export class LastWeek {
  @IntegerField({ example: 12 })
  requests_completed!: number;

  @NumberField({ description: 'Earnings of the seven days by 7, USD.', example: 6.16 })
  average_daily_earnings!: number;

  @StringField(unmeasured)
  quality_trend!: string | null;

  @reason
  reason!: string;
}

/** What was done lately. */
export class RecentActivity {
  @NestedField(LastWeek, { description: 'Whatever the period.' })
  last_7_days!: LastWeek;
}

const rank = (by: string) =>
  IntegerField({
    nullable: true,
    description: `${by}, 1 is best; null for one who completed nothing in the period.`,
    example: 2,
  });

/** Places among the evaluators who completed anything in the period. */
export class Rankings {
  @IntegerField(unmeasured)
  quality_rank!: number | null;

  @rank('By the mean time from claim to submission')
  speed_rank!: number | null;

  @rank('By the success rate, equal ones by what they completed')
  reliability_rank!: number | null;

  @IntegerField({ description: 'How many there are.', example: 5 })
  total_evaluators!: number;

  @reason
  reason!: string;
}

/** An evaluator's own figures, counted from its claims. Nothing that it says of itself counts. */
export class EvaluatorStatsOut {
  @NestedField(PerformanceSummary, { description: 'Within the period.' })
  performance_summary!: PerformanceSummary;

  @NestedField(RecentActivity, { description: 'Lately.' })
  recent_activity!: RecentActivity;

  @NestedField(Rankings, { nullable: true, description: 'Null when not asked for.' })
  rankings!: Rankings | null;
}
