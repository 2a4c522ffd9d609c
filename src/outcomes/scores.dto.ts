import {
  DateTimeField,
  datesInOrder,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  StringField,
} from '#libs/http';
import { INTERVALS } from '#libs/timeseries';
import { SCORE_PICTURES, type ScorePicture } from './score-pictures.js';
import { PartyStandingOut, StandingOut } from './standing.fields.js';

const nullable = { nullable: true } as const;

export class ModelName {
  @StringField({ minLength: 1, maxLength: 100, description: 'Model.', example: 'random_walk_predictor' })
  model!: string;
}

/** A picture of a model's scores. */
export class ScorecardPicture extends ModelName {
  @EnumField(SCORE_PICTURES, {
    name: 'ScorePicture',
    description: 'What is drawn, and as what.',
    example: 'pit.svg',
  })
  picture!: ScorePicture;
}

/** Which outcomes count; by default all of the last 365 days. */
@Rule<ScorecardQuery>(datesInOrder)
export class ScorecardQuery {
  @StringField({ optional: true, maxLength: 32, description: 'Only this symbol.' }) symbol?: string;
  @EnumField(INTERVALS, { optional: true, name: 'BarInterval', description: 'Only bars of this length.' })
  interval?: string;
  @IntegerField({ optional: true, min: 1, max: 1_000, description: 'Only so many bars ahead.' })
  horizon?: number;
  @DateTimeField({ wire: 'start_date', optional: true, description: 'Only bars of this UTC day or later.' })
  from?: Date;
  @DateTimeField({ wire: 'end_date', optional: true, description: 'Only bars of this UTC day or earlier.' })
  to?: Date;
}

export class ScoreboardQuery {
  @LimitField({ default: 50, max: 200 }) limit!: number;
}

/** A share with its 95 % interval by Wilson. */
export class ShareOut {
  @NumberField({ ...nullable, description: 'The share; null of nothing.', example: 0.89 })
  share!: number | null;
  @NumberField({ description: 'Lower end of its 95 % interval (Wilson).', example: 0.85 }) lower!: number;
  @NumberField({ description: 'Upper end.', example: 0.92 }) upper!: number;
  @IntegerField({ description: 'Number of outcomes.', example: 240 }) count!: number;
}

export class CoverageOut extends ShareOut {
  @NumberField({ description: 'Coverage that the intervals claim.', example: 0.9 }) level!: number;
}

export class PitOut {
  @ListField(IntegerField({ example: 24 }), {
    description: 'Probability integral transforms in ten bins from 0 to 1; equal for a calibrated model.',
  })
  counts!: readonly number[];
  @NumberField({ ...nullable, description: 'Chi-square statistic against equal counts.', example: 7.2 })
  chiSquare!: number | null;
  @NumberField({
    ...nullable,
    description: 'Its p-value with 9 degrees of freedom; overlapping horizons make it too small.',
    example: 0.62,
  })
  pValue!: number | null;
}

export class ScoreDayOut {
  @StringField({ description: 'UTC day of the bars.', example: '2026-01-30' }) day!: string;
  @IntegerField({ description: 'Number of outcomes.', example: 12 }) outcomes!: number;
  @NumberField({ ...nullable, description: 'Skill of that day.', example: 0.03 }) skill!: number | null;
}

/** Where a model stands. */
class ModelStandingOut extends StandingOut {
  @StringField({ description: 'Model.', example: 'random_walk_predictor' }) model!: string;
}

export class ScoreboardEntryOut extends ModelStandingOut {
  @DateTimeField({ description: 'When it was last judged.' }) updatedAt!: Date;
}

export class ScorecardOut extends ModelStandingOut {
  @StringField({ ...nullable, description: 'Symbol that was asked for.', example: null })
  symbol!: string | null;
  @StringField({ ...nullable, description: 'Interval that was asked for.', example: null })
  interval!: string | null;
  @IntegerField({ ...nullable, description: 'Horizon that was asked for.', example: null })
  horizon!: number | null;
  @StringField({ wire: 'start_date', description: 'First UTC day.', example: '2025-01-30' }) from!: string;
  @StringField({ wire: 'end_date', description: 'Last UTC day.', example: '2026-01-30' }) to!: string;
  @NumberField({ ...nullable, description: 'Upper 90 % bound of the skill.', example: 0.13 })
  skillUpper!: number | null;
  @IntegerField({ description: 'Number of targets whose outcome cannot be known.', example: 2 })
  unresolvable!: number;
  @NumberField({ ...nullable, description: 'Mean loss (CRPS).', example: 15.2 }) loss!: number | null;
  @NumberField({ ...nullable, description: 'Mean loss of the random walk.', example: 16.5 })
  baselineLoss!: number | null;
  @NumberField({ ...nullable, description: 'Mean absolute error.', example: 20.7 }) mae!: number | null;
  @NumberField({ ...nullable, description: 'Root mean squared error.', example: 29.3 }) rmse!: number | null;
  @NumberField({
    ...nullable,
    description: 'Mean absolute error over the naive one-bar error known at issue.',
    example: 1.08,
  })
  mase!: number | null;
  @NestedField(ShareOut, { description: 'How often the direction was foretold, of those that have one.' })
  directionalAccuracy!: ShareOut;
  @ListField(NestedField(CoverageOut), {
    description: 'How often intervals of 50, 80, 90 and 95 % held, as the model made them.',
  })
  coverage!: readonly CoverageOut[];
  @ListField(NestedField(CoverageOut), {
    description:
      'The same of the calibrated intervals, of the outcomes of forecasts that were issued with them (`calibrate`).',
  })
  calibratedCoverage!: readonly CoverageOut[];
  @NestedField(PitOut, { description: 'Whether the probabilities mean what they say.' }) pit!: PitOut;
  @ListField(NestedField(ScoreDayOut), { description: 'Skill over time, oldest day first.' })
  days!: readonly ScoreDayOut[];
}

/** What became of orders. */
export class DeliveriesOut {
  @IntegerField({ description: 'Number of answered orders.', example: 118 }) completed!: number;
  @IntegerField({
    description:
      'Number of orders that nobody answered in time; without those that abstained, as their clients wished.',
    example: 2,
  })
  failed!: number;
}

/** A provider's own standing. */
export class ProviderStatsOut extends PartyStandingOut {
  @NestedField(DeliveriesOut, { description: 'Orders at your prices that ended in the last 365 days.' })
  deliveries!: DeliveriesOut;
}
