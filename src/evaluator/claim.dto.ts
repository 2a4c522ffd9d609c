import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import {
  JOB_INTERVALS,
  PREDICTION_TYPES,
  type JobInterval,
  type JsonObject,
  type MarketplacePredictionType,
} from '../marketplace/marketplace.port.js';

/** The request in a path; one that is no UUID is unknown like any other. */
export class RequestId {
  @StringField({
    minLength: 1,
    maxLength: 64,
    description: 'Id of the request.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  request_id!: string;
}

/** What an evaluator may say of itself when it claims. */
export class ClaimRequest {
  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'When the answer may be expected.',
    example: '2026-01-31T12:10:00Z',
  })
  estimated_completion?: Date | null;

  @ObjectField({
    optional: true,
    nullable: true,
    description: 'The machine that computes; at most 16 KiB of JSON.',
    example: { host: 'node-1', cpus: 8 },
  })
  processing_node_info?: JsonObject | null;
}

/** A plugin that the client chose. */
export class PluginOut {
  @StringField({ example: 'default_feeder' })
  id!: string;

  @StringField({
    nullable: true,
    description: 'Version on this server; null when not loaded.',
    example: '1.0.0',
  })
  version!: string | null;
}

/** The plugins that the client chose. */
export class ChosenPlugins {
  @NestedField(PluginOut, { description: 'Brings the bars.' })
  feeder!: PluginOut;

  @NestedField(PluginOut, { description: 'Arranges the work.' })
  pipeline!: PluginOut;

  @NestedField(PluginOut, { description: 'Answers.' })
  predictor!: PluginOut;
}

const whyNull = StringField({
  nullable: true,
  description: 'Why the values above are null; null when none is for want of knowledge.',
  example: null,
});

/** Where this server's feeder would read the bars. */
export class DataSourceConfig {
  @StringField({ nullable: true, description: '`file`, `yfinance`, …', example: 'yfinance' })
  provider!: string | null;

  @StringField({ nullable: true, description: 'The symbol as the source names it.', example: 'EURUSD=X' })
  source_symbol!: string | null;

  @BooleanField({
    nullable: true,
    description: 'Whether the feeder has a secret parameter.',
    example: false,
  })
  api_key_required!: boolean | null;

  @IntegerField({ nullable: true, description: 'No feeder states one, so null.', example: null })
  rate_limit!: number | null;

  @whyNull
  reason!: string | null;
}

/** The model that this server's predictor would ask. */
export class ModelConfig {
  @StringField({ description: 'The model as it is priced.', example: 'default_predictor' })
  model_name!: string;

  @StringField({
    nullable: true,
    description: 'Name of its file; null without one.',
    example: 'eurusd_1h.keras',
  })
  model_path!: string | null;

  @StringField({
    nullable: true,
    description: 'SHA-256 of its file, 64 hexadecimal digits; null when the predictor does not tell.',
    example: null,
  })
  model_sha256!: string | null;

  @StringField({
    nullable: true,
    description: 'Name of the file with the normalisation; null without one.',
    example: null,
  })
  normalization_params!: string | null;

  @IntegerField({ nullable: true, description: 'How many columns a bar has for the model.', example: 44 })
  feature_columns!: number | null;

  @ListField(StringField(), { nullable: true, description: 'Their names, in order.', example: ['CLOSE'] })
  feature_names!: readonly string[] | null;

  @IntegerField({
    nullable: true,
    description: 'Bars of its window; 0 when it needs none.',
    example: 256,
  })
  sequence_length!: number | null;

  @BooleanField({
    nullable: true,
    description: 'True for test instruments that look into the future.',
    example: false,
  })
  looks_ahead!: boolean | null;

  @whyNull
  reason!: string | null;
}

/** What an answer has to hold. */
export class OutputRequirements {
  @EnumField(['json'], { name: 'OutputFormat', example: 'json' })
  format!: 'json';

  @IntegerField({ description: 'Values of each list: one a bar of the horizon.', example: 6 })
  values!: number;

  @BooleanField({ example: true })
  include_uncertainties!: boolean;

  @BooleanField({ example: true })
  include_confidence_intervals!: boolean;

  @BooleanField({ description: 'The server draws them.', example: false })
  include_plots!: boolean;
}

/** Everything that is needed to compute the answer. */
export class ProcessingDetailsOut {
  @StringField({ example: 'EURUSD' })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, { name: 'MarketplacePredictionType', example: 'short_term' })
  prediction_type!: MarketplacePredictionType;

  @DateTimeField({ description: 'The moment to predict.', example: '2026-02-01T12:00:00.000Z' })
  datetime_requested!: Date;

  @IntegerField({ description: 'Bars of history.', example: 1000 })
  lookback_ticks!: number;

  @EnumField(JOB_INTERVALS, { name: 'MarketplaceInterval', example: '1h' })
  interval!: JobInterval;

  @IntegerField({ description: 'Bars ahead.', example: 6 })
  prediction_horizon!: number;

  @ObjectField({ nullable: true, description: 'As the client gave them.', example: null })
  custom_parameters!: JsonObject | null;

  @NestedField(ChosenPlugins, { description: 'With their versions here.' })
  plugins!: ChosenPlugins;

  @NestedField(DataSourceConfig, { description: 'Where this server would read the bars.' })
  data_source_config!: DataSourceConfig;

  @NestedField(ModelConfig, { description: 'What this server would ask.' })
  model_config!: ModelConfig;

  @NestedField(OutputRequirements, { description: 'What the answer has to hold.' })
  output_requirements!: OutputRequirements;
}

/** A claim in force. */
export class ClaimOut {
  @BooleanField({ description: 'Always true; failures are errors.', example: true })
  success!: boolean;

  @StringField({ example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  request_id!: string;

  @StringField({ example: '9a0b4a52-5c55-4a3e-8f0e-1f6a1c1de0a7' })
  task_id!: string;

  @IntegerField({
    description:
      'Rises with every claim; sent back it keeps an older claim from being mistaken for this one.',
    example: 1,
  })
  lease_epoch!: number;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  claimed_at!: Date;

  @DateTimeField({ description: 'A later answer is refused.', example: '2026-01-31T12:30:00.000Z' })
  timeout_at!: Date;

  @NumberField({ description: "The evaluator's share of the price.", example: 3.5 })
  expected_payment!: number;

  @StringField({ description: 'Currency of the payment.', example: 'USD' })
  currency!: string;

  @NestedField(ProcessingDetailsOut, { description: 'Everything that is needed.' })
  processing_details!: ProcessingDetailsOut;
}
