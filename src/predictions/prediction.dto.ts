import {
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  ObjectField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import { parseTimestamp } from '#libs/timeseries';
import { INTERVALS } from './interval.js';
import { SYMBOL } from './predictions.port.js';
import type { AskedRequest, PredictionResult, PredictionStatus } from './prediction.types.js';

/** Column names as CSV files of the field have them (`S&P500_Close`, `Stochastic_%K`, `DI+`); never markup or a scheme. */
const COLUMN = /^[A-Za-z0-9_][A-Za-z0-9_ .%&+\-^=/]{0,63}$/;
const PLUGIN = /^[A-Za-z0-9_@][A-Za-z0-9_@/.-]{0,99}$/;
/** Digits alone are refused: `/status/{prediction_id}` would take them for the integer id of another prediction. */
const TASK_ID = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

const PREDICTION_TYPES = ['short_term', 'long_term', 'medium_term'] as const;
const STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
const MAX_HORIZON = 1000;

const optionalText = { nullable: true, default: null } as const;
const symbolField = { ...optionalText, pattern: SYMBOL, minLength: 1, maxLength: 32 } as const;
const columnField = { ...optionalText, pattern: COLUMN, minLength: 1, maxLength: 64 } as const;
const pluginField = { pattern: PLUGIN, minLength: 1, maxLength: 100 } as const;

const badBaseline = ({ baseline_datetime: text }: CreatePrediction) =>
  text === null || parseTimestamp(text) !== null
    ? undefined
    : ruleViolation(
        'baseline_datetime must be a date and time, for example 2020-01-31 12:00:00 or 2020-01-31T12:00:00Z',
        'baseline_datetime',
      );

/** `PredictionCreate` of the contract. */
@Rule<CreatePrediction>(({ symbol, ticker }) =>
  symbol === null && ticker === null ? ruleViolation('symbol or ticker is required') : undefined,
)
@Rule<CreatePrediction>(badBaseline)
export class CreatePrediction implements AskedRequest {
  @StringField({
    ...symbolField,
    description: 'What to predict, as the data source names it. Required unless `ticker` is given.',
    example: 'SP500',
  })
  symbol!: string | null;

  @StringField({ ...symbolField, description: 'The same under its other name; `symbol` wins.' })
  ticker!: string | null;

  @EnumField(INTERVALS, { name: 'Interval', default: '1d', description: 'Length of a bar.', example: '1d' })
  interval!: string;

  @StringField({
    ...pluginField,
    optional: true,
    description: 'Predictor to ask, see `/api/v1/plugins/`; the configured one when absent.',
    example: 'random_walk_predictor',
  })
  predictor_plugin?: string;

  @StringField({
    ...pluginField,
    optional: true,
    description: 'Feeder that brings the bars; the configured one when absent.',
    example: 'default_feeder',
  })
  feeder_plugin?: string;

  @StringField({
    ...pluginField,
    optional: true,
    description: 'Pipeline that arranges the work; the configured one when absent.',
    example: 'default_pipeline',
  })
  pipeline_plugin?: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'CorePredictionType',
    default: 'short_term',
    description: 'A label kept with the prediction.',
  })
  prediction_type!: string;

  @StringField({
    ...optionalText,
    maxLength: 100,
    pattern: /^$|^[A-Za-z0-9_@][A-Za-z0-9_@/.-]*$/,
    description:
      'A predictor, one of the trained models in `model_files` of a predictor, or a model that a provider has a price for, which the default predictor answers; wins over `predictor_plugin` when it is not empty.',
  })
  model_name!: string | null;

  @IntegerField({
    nullable: true,
    default: 1,
    min: 0,
    max: MAX_HORIZON,
    description: 'Bars ahead, 1 to this one; 0 or null means the configured horizon.',
    example: 5,
  })
  prediction_horizon!: number | null;

  @StringField({
    ...optionalText,
    maxLength: 40,
    description:
      'Predict from the last bar at or before this moment (UTC without an offset); the end of the data when null.',
    example: '2020-04-01 00:00:00',
  })
  baseline_datetime!: string | null;

  @ListField(IntegerField({ min: 1, max: MAX_HORIZON }), {
    ...optionalText,
    minItems: 1,
    maxItems: MAX_HORIZON,
    unique: true,
    description: 'Exactly these bars ahead, answered in this order; overrides `prediction_horizon`.',
    example: [1, 5, 20],
  })
  horizons!: number[] | null;

  @StringField({ ...columnField, description: 'Name of the time column, kept with the answer.' })
  date_column!: string | null;

  @StringField({
    ...columnField,
    description: "Column to predict; the predictor's own when null.",
    example: 'CLOSE',
  })
  target_column!: string | null;
}

/** `PredictionOut` of the contract. */
export class PredictionOut {
  @IntegerField({ description: 'Primary key.', example: 1 })
  id!: number;

  @IntegerField({ description: 'The same number under the name that clients poll with.', example: 1 })
  prediction_id!: number;

  @StringField({ description: 'UUID of the task.', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  task_id!: string;

  @EnumField(STATUSES, { name: 'PredictionStatus', example: 'pending' })
  status!: PredictionStatus;

  @StringField({ example: 'SP500' })
  symbol!: string;

  @StringField({ example: 'SP500' })
  ticker!: string;

  @StringField({ example: '1d' })
  interval!: string;

  @StringField({ example: 'random_walk_predictor' })
  predictor_plugin!: string;

  @StringField({ example: 'default_feeder' })
  feeder_plugin!: string;

  @StringField({ example: 'default_pipeline' })
  pipeline_plugin!: string;

  @StringField({ example: 'short_term' })
  prediction_type!: string;

  @StringField({
    example: 'random_walk_predictor',
    description: 'The model that was asked for; else equal to `predictor_plugin`.',
  })
  model_name!: string;

  @ObjectField({
    description:
      'Pending: `request`. Completed: also `output`, `prediction`, `uncertainty` and `explanation` (source, last bar, plugin versions, seed, timing). Failed: also `error` and `error_code`.',
  })
  result!: PredictionResult;
}

export class PredictionId {
  @IntegerField({ min: 1, description: 'Id of the prediction.', example: 1 })
  prediction_id!: number;
}

/** Path of the legacy status: the id that the legacy submit answered with, or the integer id. */
export class LegacyId {
  @StringField({ minLength: 1, maxLength: 80, description: 'Task id or integer id.', example: '1' })
  prediction_id!: string;
}

class LegacyParameters {
  @StringField({
    ...pluginField,
    optional: true,
    description: 'Predictor to ask.',
    example: 'random_walk_predictor',
  })
  plugin?: string;
}

/** Body of the original's first endpoint. */
export class LegacyPredict {
  @StringField({
    pattern: SYMBOL,
    minLength: 1,
    maxLength: 32,
    default: 'EUR_USD',
    description: 'What to predict.',
    example: 'SP500',
  })
  instrument!: string;

  @EnumField(INTERVALS, { name: 'Interval', default: 'H1', description: 'Length of a bar.', example: 'D1' })
  timeframe!: string;

  @StringField({
    optional: true,
    pattern: TASK_ID,
    minLength: 1,
    maxLength: 64,
    description: 'Chosen by the caller, not digits alone; a UUID when absent.',
  })
  prediction_id?: string;

  @NestedField(LegacyParameters, { optional: true, description: 'Only `plugin` is looked at.' })
  parameters?: LegacyParameters;
}

export class LegacyAccepted {
  @StringField({
    description: 'Ask for the answer with it at `/status/{prediction_id}`.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  prediction_id!: string;

  @EnumField(STATUSES, { name: 'PredictionStatus', example: 'pending' })
  status!: PredictionStatus;

  @StringField({ example: 'Prediction request accepted' })
  message!: string;
}

export class LegacyStatus {
  @StringField({ example: '1' })
  prediction_id!: string;

  @EnumField(STATUSES, { name: 'PredictionStatus', example: 'completed' })
  status!: PredictionStatus;

  @ObjectField({ description: 'As in the prediction itself.' })
  result!: PredictionResult;

  @ListField(NumberField(), {
    optional: true,
    description: 'Completed only: predicted values, one a horizon.',
    example: [2874.56],
  })
  prediction?: (number | null)[];

  @ListField(NumberField(), {
    optional: true,
    description: 'Completed only: standard deviations, one a horizon.',
    example: [31.2],
  })
  uncertainty?: (number | null)[];
}

/** One event of `/api/v1/predictions/{prediction_id}/events`, as its `data` line. */
export class PredictionEventOut {
  @IntegerField({ example: 1 })
  prediction_id!: number;

  @EnumField(STATUSES, { name: 'PredictionStatus', example: 'processing' })
  status!: PredictionStatus;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  at!: Date;

  @NestedField(PredictionOut, { optional: true, description: 'With the final event: the whole prediction.' })
  prediction?: PredictionOut;
}
