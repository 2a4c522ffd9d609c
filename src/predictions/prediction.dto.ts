import { PICTURE_FORMATS, type PictureFormat } from '#libs/forecast-chart';
import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  PathIdField,
  ObjectField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import { BASELINE_MEANINGS, type BaselineMeans, INTERVALS, parseTimestamp } from '#libs/timeseries';
import type { PredictionEntity } from './prediction.entity.js';
import { PredictionResultOut } from './prediction-result.dto.js';
import { SYMBOL_RULE } from './predictions.port.js';
import {
  type AskedRequest,
  modelOf,
  PREDICTION_STATUSES,
  type PredictionResult,
  type PredictionStatus,
} from './prediction.types.js';

/** Column names as CSV files of the field have them (`S&P500_Close`, `Stochastic_%K`, `DI+`); never markup or a scheme. */
/** Letters and digits of any language: files name their columns in the language of their makers. */
const COLUMN = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_ .%&+\-^=/()]{0,63}$/u;
const PLUGIN = /^[A-Za-z0-9_@][A-Za-z0-9_@/.-]{0,99}$/;

const PREDICTION_TYPES = ['short_term', 'long_term', 'medium_term'] as const;
const MAX_HORIZON = 1000;

const optionalText = { nullable: true, default: null } as const;
const symbolField = {
  ...optionalText,
  ...SYMBOL_RULE,
  refusal: 'Invalid ticker/symbol format or contains dangerous content',
} as const;
const columnField = { ...optionalText, pattern: COLUMN, minLength: 1, maxLength: 64 } as const;
export const pluginField = { pattern: PLUGIN, minLength: 1, maxLength: 100 } as const;

const badBaseline = ({ baseline_datetime: text }: CreatePrediction) =>
  text === null || parseTimestamp(text) !== null
    ? undefined
    : {
        ...ruleViolation(
          'baseline_datetime must be a date and time, for example 2020-01-31 12:00:00 or 2020-01-31T12:00:00Z',
          'baseline_datetime',
        ),
        input: text,
      };

/** `PredictionCreate` of the contract. */
@Rule<CreatePrediction>(({ symbol, ticker }) =>
  symbol === null && ticker === null ? ruleViolation('Either symbol or ticker must be provided') : undefined,
)
@Rule<CreatePrediction>(badBaseline)
export class CreatePrediction implements AskedRequest {
  @StringField({
    ...symbolField,
    description: 'Symbol to predict, as the data source names it. Required unless `ticker` is given.',
    example: 'SP500',
  })
  symbol!: string | null;

  @StringField({ ...symbolField, description: 'Other name for `symbol`, which takes precedence.' })
  ticker!: string | null;

  @EnumField(INTERVALS, {
    name: 'Interval',
    nullable: true,
    default: null,
    description:
      'Length of a bar. Bars of a file are put together to that length, or the prediction fails if they cannot be; null: the bars of the file as they are, and `1d` from the market.',
    example: '1d',
  })
  interval!: string | null;

  @StringField({
    ...pluginField,
    optional: true,
    description:
      "Predictor plugin, one of those listed at `/api/v1/plugins/`, or a trained model listed in a predictor's `model_files`; the configured one if absent.",
    example: 'random_walk_predictor',
  })
  predictor_plugin?: string;

  @StringField({
    ...pluginField,
    optional: true,
    description: 'Feeder plugin that supplies the bars; the configured one if absent.',
    example: 'default_feeder',
  })
  feeder_plugin?: string;

  @StringField({
    ...pluginField,
    optional: true,
    description: 'Pipeline plugin that connects feeder and predictor; the configured one if absent.',
    example: 'default_pipeline',
  })
  pipeline_plugin?: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'CorePredictionType',
    default: 'short_term',
    refusal: `prediction_type must be one of ['${PREDICTION_TYPES.join("', '")}']`,
    description: 'Label that is stored with the prediction; it does not affect the result.',
  })
  prediction_type!: string;

  @StringField({
    ...optionalText,
    maxLength: 100,
    pattern: /^$|^[A-Za-z0-9_@][A-Za-z0-9_@/.-]*$/,
    description:
      "Model to use: a predictor, a trained model listed in a predictor's `model_files`, or a model that a provider has a price for (computed by the default predictor). Overrides `predictor_plugin` unless empty.",
  })
  model_name!: string | null;

  @IntegerField({
    nullable: true,
    default: 1,
    min: 0,
    max: MAX_HORIZON,
    description: 'Number of bars to predict; 0 or null means the configured horizon.',
    example: 5,
  })
  prediction_horizon!: number | null;

  @StringField({
    ...optionalText,
    maxLength: 40,
    description:
      'Time to predict from: the label of a bar names that bar, any other moment the last bar that had closed by then (see `baseline_means`). UTC if it has no offset; null means the newest bar that has closed.',
    example: '2020-04-01 00:00:00',
  })
  baseline_datetime!: string | null;

  @EnumField(BASELINE_MEANINGS, {
    name: 'BaselineMeans',
    nullable: true,
    default: null,
    description:
      'What `baseline_datetime` is: `auto` (a bar by its label, else a moment), `bar` (the last bar that had begun) or `moment` (labels are moments, too); null: the setting `baseline_means`.',
    example: 'auto',
  })
  baseline_means!: BaselineMeans | null;

  @ListField(IntegerField({ min: 1, max: MAX_HORIZON }), {
    ...optionalText,
    minItems: 1,
    maxItems: MAX_HORIZON,
    unique: true,
    description: 'Horizons to predict, in bars; the result keeps this order. Overrides `prediction_horizon`.',
    example: [1, 5, 20],
  })
  horizons!: number[] | null;

  @StringField({ ...columnField, description: 'Name of the time column, repeated in the result.' })
  date_column!: string | null;

  @StringField({
    ...columnField,
    description: "Column to predict; null: the predictor's default.",
    example: 'CLOSE',
  })
  target_column!: string | null;

  @BooleanField({
    optional: true,
    description:
      "True: the answer also has intervals that are calibrated by what became of the model's earlier forecasts, or by its back-test (`result.calibration`).",
    example: true,
  })
  calibrate?: boolean;

  @BooleanField({
    optional: true,
    description:
      'True: where the window lies further from the training data than `abstain_limit`, the prediction ends as `abstained`, without a forecast (`result.training_distance`); where the training data are not known it fails (`training_range_unknown`).',
    example: true,
  })
  abstain?: boolean;
}

export type Answered = Pick<PredictionEntity, 'predictorPlugin' | 'result' | 'prediction' | 'uncertainty'>;

/** With the lists where the original's clients look for the answer. */
export const withLists = ({ result, prediction, uncertainty }: Answered): PredictionResult =>
  prediction === null || uncertainty === null ? result : { ...result, prediction, uncertainty };

/** `PredictionOut` of the contract. A 201 body must never contain the words password, secret, key, token or hash. */
export class PredictionOut {
  @IntegerField({ description: 'Id of the prediction.', example: 1 }) id!: number;
  @IntegerField({ from: ({ id }: PredictionOut) => id, description: 'Same value as `id`.', example: 1 })
  predictionId?: number;

  @StringField({ description: 'UUID of the prediction.', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  taskId!: string;

  @EnumField(PREDICTION_STATUSES, { name: 'PredictionStatus', example: 'pending' }) status!: PredictionStatus;
  @StringField({ example: 'SP500' }) symbol!: string;
  @StringField({ example: 'SP500' }) ticker!: string;
  @StringField({ example: '1d' }) interval!: string;
  @StringField({ example: 'random_walk_predictor' }) predictorPlugin!: string;
  @StringField({ example: 'default_feeder' }) feederPlugin!: string;
  @StringField({ example: 'default_pipeline' }) pipelinePlugin!: string;
  @StringField({ example: 'short_term' }) predictionType!: string;

  @StringField({
    from: (row: Answered) => modelOf(row) ?? row.predictorPlugin,
    example: 'random_walk_predictor',
    description: 'The requested model; the value of `predictor_plugin` if none was requested.',
  })
  modelName?: string;

  @ObjectField({
    from: withLists,
    describedAs: PredictionResultOut,
    description:
      'Always contains `request`. When completed, also `output`, `prediction`, `uncertainty` and `explanation` (source, last bar, plugin versions, seed, timing). When failed, also `error` and `error_code`.',
  })
  result!: PredictionResult;
}

export class PredictionId {
  @PathIdField({ largest: Number.MAX_SAFE_INTEGER, description: 'Id of the prediction.', example: 1 })
  predictionId!: number;
}

/** The picture of a prediction. */
export class PredictionPicture extends PredictionId {
  @EnumField(PICTURE_FORMATS, { name: 'PictureFormat', description: 'What is drawn.', example: 'svg' })
  format!: PictureFormat;
}

/** One event of `/api/v1/predictions/{prediction_id}/events`, as its `data` line. */
export class PredictionEventOut {
  @IntegerField({ example: 1 }) predictionId!: number;
  @EnumField([...PREDICTION_STATUSES, 'deleted'], {
    name: 'PredictionEventStatus',
    description: 'The new status; after `deleted` the prediction is gone.',
    example: 'processing',
  })
  status!: PredictionStatus | 'deleted';
  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) at!: Date;
  @NestedField(PredictionOut, { optional: true, description: 'The prediction, in the final event only.' })
  prediction?: PredictionOut;
}
