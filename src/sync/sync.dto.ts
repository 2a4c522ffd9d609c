import { BooleanField, IntegerField, ListField, NestedField, NumberField, StringField } from '#libs/http';

const DATETIME = {
  description:
    'Time to answer for, as `DD.MM.YYYY HH:MM:SS.fff` in the time zone of the data; the fraction of 1 to 6 digits is required.',
  example: '14.03.2023 10:00:00.000',
};

/** What a policy adds to its answers. */
const PROBABILITY_UP = {
  optional: true,
  min: 0,
  max: 1,
  description:
    'Probability of a rise, or of a buy; only from a policy (`artifact_policy`) or a classifier that names its classes.',
  example: 0.62,
} as const;
const ACTION = {
  optional: true,
  description: '`long`, `short` or `hold`; only from a policy.',
  example: 'long',
} as const;
const INPUT_SHA256 = {
  optional: true,
  wire: 'input_sha256',
  description: 'SHA-256 of what a policy was asked: the features and the bar.',
} as const;
const OUTPUT_SHA256 = {
  optional: true,
  wire: 'output_sha256',
  description: 'SHA-256 of what a policy answered: model, artifact, bar, probability and action.',
} as const;

class AnswerWarningOut {
  @StringField({ example: 'model_class' }) code!: string;
  @StringField({ description: 'The setting that it is about.', example: 'model_path' }) field!: string;
  @StringField({
    example: "model_path: own.keras: Doubled: a class of its author's; served as the layers it was saved as",
  })
  message!: string;
}

const WARNINGS = {
  optional: true,
  description:
    'What to know before acting on the answer; absent for most. `model_class`: the model is of its author’s own class, whose code no file holds.',
} as const;

/** Should a trade be opened at this bar? */
export class EntryRequest {
  @StringField(DATETIME) datetime!: string;

  @NumberField({
    wire: 'tp',
    default: 5,
    description: "Take-profit distance in the predictor's pips.",
    example: 150,
  })
  takeProfitPips!: number;

  @NumberField({ wire: 'sl', default: 10, description: 'Stop-loss distance in pips.', example: 100 })
  stopLossPips!: number;

  @NumberField({ default: 0, description: "Spread in pips; 0 means the predictor's default." })
  spreadPips!: number;

  @NumberField({
    default: 0,
    description: "USD per 100,000 units, one way; 0 means the predictor's default.",
  })
  commissionPerLot!: number;

  @NumberField({ default: 0, description: "Slippage in pips; 0 means the predictor's default." })
  slippagePips!: number;
}

export class EntryResponse {
  @IntegerField({
    wire: 'buy_entry_binary',
    min: 0,
    max: 1,
    description: '1 if a buy is predicted to pay off, else 0.',
    example: 1,
  })
  buy!: number;

  @IntegerField({
    wire: 'sell_entry_binary',
    min: 0,
    max: 1,
    description: '1 if a sell is predicted to pay off, else 0.',
    example: 0,
  })
  sell!: number;

  @IntegerField({
    write: Math.trunc,
    description: 'Bars left in the scope, for example in the trading week.',
    example: 82,
  })
  barsRemaining!: number;

  @NumberField({ min: 0, max: 1, description: 'Confidence of the buy signal, from 0 to 1.', example: 1 })
  buyConfidence!: number;

  @NumberField({ min: 0, max: 1, description: 'Confidence of the sell signal, from 0 to 1.', example: 1 })
  sellConfidence!: number;

  @NumberField(PROBABILITY_UP) probabilityUp?: number;
  @StringField(ACTION) action?: string;
  @StringField(INPUT_SHA256) inputSha256?: string;
  @StringField(OUTPUT_SHA256) outputSha256?: string;
  @ListField(NestedField(AnswerWarningOut), WARNINGS) warnings?: readonly AnswerWarningOut[];
}

/** Should an open position be kept at this bar? */
export class ExitRequest {
  @StringField(DATETIME) datetime!: string;

  @StringField({ description: 'Direction of the position: `buy` or `sell`, in any case.', example: 'buy' })
  direction!: string;

  @NumberField({
    wire: 'tp_price',
    description: 'Take-profit of the position, as an absolute price.',
    example: 1.0815,
  })
  takeProfitPrice!: number;

  @NumberField({
    wire: 'sl_price',
    description: 'Stop-loss of the position, as an absolute price.',
    example: 1.079,
  })
  stopLossPrice!: number;
}

export class ExitResponse {
  @IntegerField({
    wire: 'exit_binary',
    min: 0,
    max: 1,
    description: '1 to keep the position, 0 to close it.',
    example: 1,
  })
  keep!: number;

  @NumberField({
    wire: 'exit_confidence',
    min: 0,
    max: 1,
    description: 'Confidence of the answer, from 0 to 1.',
    example: 1,
  })
  confidence!: number;

  @NumberField(PROBABILITY_UP) probabilityUp?: number;
  @StringField(ACTION) action?: string;
  @StringField(INPUT_SHA256) inputSha256?: string;
  @StringField(OUTPUT_SHA256) outputSha256?: string;
  @ListField(NestedField(AnswerWarningOut), WARNINGS) warnings?: readonly AnswerWarningOut[];
}

/** What the predictor is; it may tell more than this. */
export class ModelInfoResponse {
  @StringField({ example: 'binary_ideal_oracle' }) modelName!: string;
  @IntegerField({ description: 'Number of bars that the model reads.', example: 0 }) windowSize!: number;

  @ListField(StringField(), { description: 'Supported operations.', example: ['entry', 'exit'] })
  supportedTypes!: readonly string[];

  @ListField(StringField(), { example: ['buy', 'sell'] }) entryDirections!: readonly string[];
  @ListField(StringField(), { example: ['buy', 'sell'] }) exitDirections!: readonly string[];

  @StringField({ description: 'Scope of the answers, for example the trading week.', example: 'weekly' })
  predictionScope!: string;

  @ListField(StringField(), { example: ['OPEN', 'HIGH', 'LOW', 'CLOSE'] })
  requiredColumns!: readonly string[];

  @BooleanField({ description: 'Whether a request may contain its own bars.', example: false })
  acceptsOhlcWindow!: boolean;

  @BooleanField({
    description:
      'True if the predictor is a test instrument that reads future data; never trade on its answers.',
    example: true,
  })
  looksAhead!: boolean;
}

export class SetNoiseRequest {
  @NumberField({ min: 0, description: 'Standard deviation of the noise; 0 disables it.', example: 0.3 })
  noiseStd!: number;
}

export class SetNoiseResponse {
  @NumberField({ min: 0, example: 0.3 }) noiseStd!: number;
  @StringField({ always: 'ok', example: 'ok' }) status?: 'ok';
}

/** Counts of answers against the noiseless truth since the last reset, called as `PredictorMetrics` of the SDK calls them. */
export class MetricsResponse {
  @IntegerField({ min: 0, description: 'True positives: answered 1, true signal 1.', example: 5819 })
  tp!: number;

  @IntegerField({ min: 0, description: 'False positives: answered 1, true signal 0.', example: 442 })
  fp!: number;

  @IntegerField({ min: 0, description: 'True negatives: answered 0, true signal 0.', example: 8737 })
  tn!: number;

  @IntegerField({ min: 0, description: 'False negatives: answered 0, true signal 1.', example: 306 })
  fn!: number;

  @IntegerField({ min: 0, description: 'Number of signals; an entry request has two.', example: 15304 })
  total_predictions!: number;

  @NumberField({ description: 'Precision: tp / (tp + fp); 0 if undefined.', example: 0.929404 })
  precision!: number;

  @NumberField({ description: 'Recall: tp / (tp + fn); 0 if undefined.', example: 0.950041 }) recall!: number;
  @NumberField({ description: 'Harmonic mean of precision and recall.', example: 0.939609 }) f1!: number;

  @NumberField({ description: 'Accuracy: (tp + tn) / total_predictions.', example: 0.951124 })
  accuracy!: number;

  @NumberField({ min: 0, description: 'Current standard deviation of the noise.', example: 0.3 })
  noise_std!: number;
}
