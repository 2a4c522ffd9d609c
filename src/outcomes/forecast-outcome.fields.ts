import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';
import {
  BASELINE_REASONS,
  type BaselineReason,
  type ForecastOutcome,
  ISSUED_INTERVALS,
  PIN_STANDINGS,
  type PinStanding,
  type RevisedOutcome,
  TARGET_STATUSES,
  type TargetOutcome,
  UNRESOLVABLE_REASONS,
  type UnresolvableReason,
} from './outcomes.port.js';

const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const nullable = { nullable: true } as const;

export class RevisedOutcomeOut implements RevisedOutcome {
  @NumberField({ ...nullable, description: 'Value that the source gave later.', example: 2636.1 })
  value!: number | null;
  @NumberField({ ...nullable, description: 'As in the outcome, of this value.', example: null })
  rescaledBy!: number | null;
  @DateTimeField({ ...nullable, description: 'Label of the bar.' }) barAt!: Date | null;
  @StringField({
    ...nullable,
    wire: 'data_sha256',
    description: 'SHA-256 of the bar as it was then.',
    example: DIGEST,
  })
  dataSha256!: string | null;
  @DateTimeField({ description: 'When the service saw it.' }) resolvedAt!: Date;
}

export class TargetOutcomeOut implements TargetOutcome {
  @IntegerField({ description: 'Number of bars ahead.', example: 1 }) horizon!: number;
  @DateTimeField({ ...nullable, description: 'Label of the bar that was forecast.' }) targetAt!: Date | null;
  @DateTimeField({ ...nullable, description: 'When that bar is complete, and its outcome looked for.' })
  closesAt!: Date | null;
  @EnumField(TARGET_STATUSES, {
    name: 'ForecastTargetStatus',
    description:
      '`pending`: its time has not come or its bar is not there yet; `unresolvable`: see `reason`; `not_resolved`: the forecast is excluded, see `standing`.',
    example: 'resolved',
  })
  status!: TargetOutcome['status'];
  @EnumField(UNRESOLVABLE_REASONS, {
    ...nullable,
    name: 'UnresolvableReason',
    description:
      '`no_bar_within_limit`: the source goes on, but has no bar within `outcome_limit_bars`; `no_data`: none came within `outcome_wait_days`; `no_baseline`: the source adjusts its prices for splits and dividends, and for as long did not tell the bar that shows by how much; `known_at_issue`: the bar had closed when the forecast was made.',
    example: null,
  })
  reason!: UnresolvableReason | null;
  @NumberField({ ...nullable, description: 'Value that was forecast.', example: 2610.3 })
  point!: number | null;
  @NumberField({ ...nullable, description: 'Standard deviation that was stated.', example: 28.4 })
  deviation!: number | null;
  @NumberField({
    ...nullable,
    description: 'Realised value, on the scale of the forecast: see `rescaled_by`.',
    example: 2616.1,
  })
  value!: number | null;
  @NumberField({
    ...nullable,
    description:
      'What the price of the source was multiplied by to give `value`, because a split or a dividend had adjusted its prices since the forecast was made: the pinned baseline value divided by what the source says of that bar now. Null where nothing was multiplied.',
    example: null,
  })
  rescaledBy!: number | null;
  @NumberField({ ...nullable, description: '`value` minus `point`.', example: 5.8 }) error!: number | null;
  @DateTimeField({
    ...nullable,
    description: 'Label of the bar whose value it is: that of the target, or the next one after a holiday.',
  })
  barAt!: Date | null;
  @StringField({
    ...nullable,
    description: 'Where the value came from: the data source, or who reported it.',
    example: 'file',
  })
  source!: string | null;
  @StringField({
    ...nullable,
    wire: 'data_sha256',
    description: 'SHA-256 of the bar, in the form of `window_sha256`.',
    example: DIGEST,
  })
  dataSha256!: string | null;
  @DateTimeField({ ...nullable, description: 'When the outcome was written. It is never changed.' })
  resolvedAt!: Date | null;
  @StringField({
    ...nullable,
    description:
      'Loss of the forecast: `crps_norm` by its deviation, `crps_quantile` by its quantiles, `absolute_error` where no spread was stated.',
    example: 'crps_norm',
  })
  lossKind!: string | null;
  @NumberField({
    ...nullable,
    description: 'The loss, in the unit of the value; smaller is better.',
    example: 6.7,
  })
  loss!: number | null;
  @NumberField({
    ...nullable,
    description: 'The same of the random walk from the last closed bar.',
    example: 7.1,
  })
  baselineLoss!: number | null;
  @NumberField({
    ...nullable,
    description: '1 − `loss` / `baseline_loss`; above 0 is better.',
    example: 0.056,
  })
  skill!: number | null;
  @NumberField({
    ...nullable,
    description: 'Probability integral transform of the value, 0 to 1; uniform for a calibrated forecaster.',
    example: 0.58,
  })
  pit!: number | null;
  @MapField(BooleanField(), {
    sparse: true,
    description: 'Whether the interval of 50, 80, 90 and 95 % held the value; null where none was stated.',
    example: { '50': true, '80': true, '90': true, '95': true },
  })
  covered!: Readonly<Record<string, boolean | null>>;
  @MapField(BooleanField(), {
    sparse: true,
    description: 'The same of the calibrated intervals; null where none were issued.',
    example: { '50': true, '80': true, '90': true, '95': true },
  })
  calibratedCovered!: Readonly<Record<string, boolean | null>>;
  @ListField(NestedField(RevisedOutcomeOut), {
    description: 'What the source said later, where it differs. It changes no score.',
  })
  revisions!: readonly RevisedOutcome[];
}

/** A forecast as it was pinned, and what became of it. */
export class ForecastOutcomeOut implements ForecastOutcome {
  @EnumField(PIN_STANDINGS, {
    name: 'ForecastStanding',
    description:
      '`live` counts; `hindcast` was made when its targets were over; `looks_ahead` saw what comes; `not_a_value` is no value of the bars. Only `live` forecasts are counted in scorecards.',
    example: 'live',
  })
  standing!: PinStanding;
  @StringField({ description: 'Model, as it is asked for.', example: 'random_walk_predictor' })
  model!: string;
  @StringField({ description: 'Symbol.', example: 'SP500' }) symbol!: string;
  @StringField({ description: 'Length of the bars.', example: '1d' }) interval!: string;
  @StringField({ ...nullable, description: 'Column that was forecast.', example: 'CLOSE' })
  targetColumn!: string | null;
  @DateTimeField({ description: 'When the forecast was completed.' }) issuedAt!: Date;
  @DateTimeField({ ...nullable, description: 'Label of the last closed bar.' }) baselineAt!: Date | null;
  @DateTimeField({ ...nullable, description: 'When that bar was complete.' }) baselineClosedAt!: Date | null;
  @NumberField({ ...nullable, description: 'Its value.', example: 2610.3 }) baselineValue!: number | null;
  @DateTimeField({
    ...nullable,
    description:
      'When that bar was pinned, for the answer of an evaluator elsewhere: soon after it, with what had closed before. Null where it was pinned with the forecast.',
  })
  baselineTakenAt!: Date | null;
  @EnumField(BASELINE_REASONS, {
    ...nullable,
    name: 'BaselineReason',
    description:
      'Why there is no such bar. `no_data`: the source has none, or gave no answer for `outcome_wait_days`; `too_late`: it adjusts its prices, and was away for an hour after the forecast.',
  })
  baselineReason!: BaselineReason | null;
  @NumberField({
    ...nullable,
    wire: 'naive_mae',
    description: 'Mean absolute one-bar change of the bars before: the scale of MASE.',
    example: 19.2,
  })
  naiveMae!: number | null;
  @NumberField({
    ...nullable,
    description: 'Root mean square one-bar change of the bars before: the random walk.',
    example: 28.4,
  })
  volatility!: number | null;
  @IntegerField({ ...nullable, description: 'Number of Monte-Carlo samples.', example: 100 })
  sampleCount!: number | null;
  @StringField({ description: 'Predictor plugin.', example: 'random_walk_predictor' }) predictor!: string;
  @StringField({ ...nullable, description: 'Its version.', example: '1.0.0' })
  predictorVersion!: string | null;
  @StringField({
    ...nullable,
    wire: 'model_sha256',
    description: 'SHA-256 of the model file.',
    example: DIGEST,
  })
  modelSha256!: string | null;
  @IntegerField({ ...nullable, description: 'Seed of everything random.', example: 42 }) seed!: number | null;
  @StringField({
    ...nullable,
    wire: 'parameters_sha256',
    description: "SHA-256 of the predictor's parameters as canonical JSON.",
    example: DIGEST,
  })
  parametersSha256!: string | null;
  @StringField({
    ...nullable,
    wire: 'window_sha256',
    description:
      'SHA-256 of the bars that the predictor saw: times, then the columns by name, as little-endian doubles.',
    example: DIGEST,
  })
  windowSha256!: string | null;
  @IntegerField({ ...nullable, description: 'Number of those bars.', example: 1024 })
  windowBars!: number | null;
  @EnumField(ISSUED_INTERVALS, {
    name: 'IssuedIntervals',
    description:
      '`calibrated`: issued with intervals calibrated by earlier outcomes; `raw`: as the model made it.',
    example: 'raw',
  })
  issued!: (typeof ISSUED_INTERVALS)[number];
  @ListField(NestedField(TargetOutcomeOut), { description: 'One entry for each horizon.' })
  targets!: readonly TargetOutcome[];
}
