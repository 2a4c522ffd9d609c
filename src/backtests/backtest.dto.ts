import {
  DateTimeField,
  datesInOrder,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  StringField,
} from '#libs/http';
import { INTERVALS } from '#libs/timeseries';
import { BACKTEST_STATUSES, type BacktestStatus } from './backtest.entity.js';

const nullable = { nullable: true } as const;

/** What is forecast again and again. */
@Rule<CreateBacktest>(datesInOrder)
export class CreateBacktest {
  @StringField({
    optional: true,
    minLength: 1,
    maxLength: 100,
    description: 'Model or predictor plugin; that of forecasts which name none if absent.',
    example: 'random_walk_predictor',
  })
  model?: string;
  @StringField({ minLength: 1, maxLength: 32, description: 'Symbol.', example: 'SP500' }) symbol!: string;
  @EnumField(INTERVALS, {
    optional: true,
    name: 'BarInterval',
    description: 'Length of the bars; that of the source if absent.',
  })
  interval?: string;
  @DateTimeField({ wire: 'start_date', optional: true, description: 'First bar to forecast from.' })
  from?: Date;
  @DateTimeField({ wire: 'end_date', optional: true, description: 'Last bar to forecast from.' }) to?: Date;
  @IntegerField({
    optional: true,
    default: 1,
    min: 1,
    max: 1_000_000,
    description: 'Number of bars from one forecast to the next.',
    example: 5,
  })
  stride!: number;
  @ListField(IntegerField({ min: 1, max: 1_000, example: 1 }), {
    optional: true,
    minItems: 1,
    maxItems: 50,
    description: 'Bars ahead; those of the model if absent.',
  })
  horizons?: number[];
  @IntegerField({
    optional: true,
    min: 0,
    max: 10_000,
    description: 'Number of random passes for each forecast; that of the predictor if absent.',
    example: 100,
  })
  samples?: number;
  @IntegerField({
    optional: true,
    default: 0,
    min: 0,
    max: 4_294_967_295,
    description: 'Seed of everything random; the same seed gives the same forecasts.',
    example: 7,
  })
  seed!: number;
}

export class BacktestId {
  @StringField({ minLength: 1, maxLength: 36, description: 'Id of the back-test.' }) id!: string;
}

class BacktestFailureOut {
  @StringField({ description: 'Stable code.', example: 'looks_ahead' }) code!: string;
  @StringField({ description: 'What went wrong.' }) message!: string;
}

class BacktestCoverageOut {
  @NumberField({ description: 'Coverage that the intervals claim.', example: 0.9 }) level!: number;
  @NumberField({ ...nullable, description: 'Share that held.', example: 0.89 }) share!: number | null;
  @NumberField({ description: 'Lower end of its 95 % interval (Wilson).', example: 0.85 }) lower!: number;
  @NumberField({ description: 'Upper end.', example: 0.92 }) upper!: number;
  @IntegerField({ description: 'Number of outcomes.', example: 240 }) count!: number;
}

class BacktestScoreOut {
  @IntegerField({ ...nullable, description: 'Bars ahead; null for all together.', example: 1 })
  horizon!: number | null;
  @IntegerField({ description: 'Number of forecasts whose bar came.', example: 252 }) outcomes!: number;
  @IntegerField({ description: 'Number of forecasts whose bar did not.', example: 0 }) unresolvable!: number;
  @NumberField({ ...nullable, description: 'Mean loss (CRPS).', example: 10.7 }) loss!: number | null;
  @NumberField({ ...nullable, description: 'Mean loss of the random walk.', example: 10.8 })
  baselineLoss!: number | null;
  @NumberField({ ...nullable, description: '1 − loss / loss of the random walk.', example: 0.012 })
  skill!: number | null;
  @NumberField({ ...nullable, description: 'Lower 90 % bound of the skill.', example: -0.004 })
  skillLower!: number | null;
  @NumberField({ ...nullable, description: 'Upper 90 % bound of the skill.', example: 0.027 })
  skillUpper!: number | null;
  @NumberField({ ...nullable, description: 'Mean absolute error.', example: 14.9 }) mae!: number | null;
  @NumberField({ ...nullable, description: 'That of the random walk.', example: 14.8 })
  baselineMae!: number | null;
  @NumberField({ ...nullable, description: 'Root mean squared error.', example: 20.1 }) rmse!: number | null;
  @NumberField({ ...nullable, description: 'That of the random walk.', example: 20.2 })
  baselineRmse!: number | null;
  @NumberField({ ...nullable, description: 'MAE over the naive one-bar error.', example: 1.23 })
  mase!: number | null;
  @NumberField({
    ...nullable,
    description: 'p-value of Diebold and Mariano against the random walk.',
    example: 0.32,
  })
  pValue!: number | null;
  @ListField(NestedField(BacktestCoverageOut), { description: 'How often intervals held.' })
  coverage!: readonly BacktestCoverageOut[];
}

export class BacktestOut {
  @StringField({ description: 'Id.' }) id!: string;
  @EnumField(BACKTEST_STATUSES, { name: 'BacktestStatus', description: 'State.', example: 'completed' })
  status!: BacktestStatus;
  @StringField({ description: 'Model that was asked for.', example: 'random_walk_predictor' }) model!: string;
  @StringField({ description: 'Symbol.', example: 'SP500' }) symbol!: string;
  @IntegerField({ description: 'Number of forecasts made so far.', example: 252 }) done!: number;
  @IntegerField({ description: 'Number of forecasts to be made; 0 before it is known.', example: 252 })
  total!: number;
  @NestedField(BacktestFailureOut, { ...nullable, description: 'Why it failed.' })
  error!: BacktestFailureOut | null;
  @StringField({ ...nullable, description: 'SHA-256 of the model file.' }) modelSha256!: string | null;
  @StringField({ ...nullable, description: 'Column that was forecast.', example: 'CLOSE' })
  targetColumn!: string | null;
  @IntegerField({ ...nullable, description: 'Number of forecasts that the predictor refused.', example: 0 })
  refused!: number | null;
  @IntegerField({
    ...nullable,
    description:
      'Number of forecasts that were made again with all later bars changed; none of them differed.',
    example: 12,
  })
  checkedForLeaks!: number | null;
  @ListField(NestedField(BacktestScoreOut), {
    description: 'All horizons together, then each; empty until completed.',
  })
  scores!: readonly BacktestScoreOut[];
  @DateTimeField({ description: 'When it was asked for.' }) createdAt!: Date;
  @DateTimeField({ ...nullable, description: 'When it ended.' }) finishedAt!: Date | null;
}
