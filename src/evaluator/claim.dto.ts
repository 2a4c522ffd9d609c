import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  ObjectField,
  StringField,
  SuccessField,
} from '#libs/http';
import type {
  JsonObject,
  MarketplacePredictionType,
  OrderInterval,
} from '../marketplace/marketplace.port.js';
import {
  ExpectedPaymentField,
  HorizonField,
  IntervalField,
  LeaseEpochField,
  LookbackField,
  ModelNameField,
  OrderCurrencyField,
  OrderTimeField,
  PredictionTypeField,
  RequestIdField,
  SymbolField,
  TargetTimeField,
  TaskIdField,
  TimeoutField,
} from '../marketplace/order.fields.js';

/** The order's id in a path; one that is no UUID is unknown like any other. */
export class RequestIdParam {
  @StringField({
    minLength: 1,
    maxLength: 64,
    description: 'Id of the order.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  requestId!: string;
}

/** What an evaluator may say of itself when it claims. */
export class ClaimRequest {
  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'Time at which the answer is expected.',
    example: '2026-01-31T12:10:00Z',
  })
  estimatedCompletion?: Date | null;

  @ObjectField({
    optional: true,
    nullable: true,
    description: 'Description of the computing machine, at most 16 KiB of JSON.',
    example: { host: 'node-1', cpus: 8 },
  })
  processingNodeInfo?: JsonObject | null;
}

/** A plugin that the client chose. */
export class PluginOut {
  @StringField({ example: 'default_feeder' }) id!: string;

  @StringField({
    nullable: true,
    description: 'Version on this server; null if not loaded.',
    example: '1.0.0',
  })
  version!: string | null;
}

/** The plugins that the client chose. */
export class ChosenPlugins {
  @NestedField(PluginOut, { description: 'Feeder plugin, which supplies the bars.' }) feeder!: PluginOut;
  @NestedField(PluginOut, { description: 'Pipeline plugin, which connects feeder and predictor.' })
  pipeline!: PluginOut;
  @NestedField(PluginOut, { description: 'Predictor plugin, which computes the prediction.' })
  predictor!: PluginOut;
}

const whyNull = StringField({
  nullable: true,
  description: 'Why values above are unknown; null if all are known.',
  example: null,
});

/** Where this server's feeder would read the bars. */
export class DataSourceConfig {
  @StringField({
    nullable: true,
    description: 'Data provider, for example `file` or `yfinance`.',
    example: 'yfinance',
  })
  provider!: string | null;

  @StringField({ nullable: true, description: 'Symbol, as the data source names it.', example: 'EURUSD=X' })
  sourceSymbol!: string | null;

  @BooleanField({
    nullable: true,
    description: 'Whether the feeder has a secret parameter.',
    example: false,
  })
  apiKeyRequired!: boolean | null;

  @IntegerField({ nullable: true, description: 'Always null; no feeder states a limit.', example: null })
  rateLimit!: number | null;

  @whyNull reason!: string | null;
}

/** The model that this server's predictor would ask. */
export class ModelConfig {
  @ModelNameField modelName!: string;

  @StringField({
    nullable: true,
    description: 'Name of the model file; null if there is none.',
    example: 'eurusd_1h.keras',
  })
  modelPath!: string | null;

  @StringField({
    nullable: true,
    description: 'SHA-256 of the model file, as 64 hexadecimal digits; null if unknown.',
    example: null,
  })
  modelSha256!: string | null;

  @StringField({
    nullable: true,
    description: 'Name of the file with normalisation parameters; null if there is none.',
    example: null,
  })
  normalizationParams!: string | null;

  @IntegerField({ nullable: true, description: 'Number of feature columns per bar.', example: 44 })
  featureColumns!: number | null;

  @ListField(StringField(), {
    nullable: true,
    description: 'Names of the feature columns, in order.',
    example: ['CLOSE'],
  })
  featureNames!: readonly string[] | null;

  @IntegerField({
    nullable: true,
    description: 'Length of the input window in bars; 0 if the model needs none.',
    example: 256,
  })
  sequenceLength!: number | null;

  @BooleanField({
    nullable: true,
    description: 'True for test models that use future data.',
    example: false,
  })
  looksAhead!: boolean | null;

  @whyNull reason!: string | null;
}

/** What an answer has to hold. */
export class OutputRequirements {
  @EnumField(['json'], { name: 'OutputFormat', example: 'json' }) format!: 'json';

  @IntegerField({ description: 'Number of values in each list, one per bar of the horizon.', example: 6 })
  values!: number;

  @BooleanField({ example: true }) includeUncertainties!: boolean;
  @BooleanField({ example: true }) includeConfidenceIntervals!: boolean;
  @BooleanField({ description: 'Always false; the server draws the plots.', example: false })
  includePlots!: boolean;
}

/** Everything that is needed to compute the answer. */
export class ProcessingDetailsOut {
  @SymbolField symbol!: string;
  @PredictionTypeField predictionType!: MarketplacePredictionType;
  @TargetTimeField datetimeRequested!: Date;
  @LookbackField lookbackTicks!: number;
  @IntervalField interval!: OrderInterval;
  @HorizonField predictionHorizon!: number;

  @ObjectField({
    nullable: true,
    description: 'Additional parameters, as submitted by the client.',
    example: null,
  })
  customParameters!: JsonObject | null;

  @NestedField(ChosenPlugins, { description: 'Plugins and their versions on this server.' })
  plugins!: ChosenPlugins;

  @NestedField(DataSourceConfig, { description: 'Data source that this server would use.' })
  dataSourceConfig!: DataSourceConfig;

  @NestedField(ModelConfig, { description: 'Model that this server would use.' }) modelConfig!: ModelConfig;

  @NestedField(OutputRequirements, { description: 'Required contents of the answer.' })
  outputRequirements!: OutputRequirements;
}

/** A claim in force. */
export class ClaimOut {
  @SuccessField success?: true;
  @RequestIdField id!: string;
  @TaskIdField taskId!: string;
  @LeaseEpochField leaseEpoch!: number;
  @OrderTimeField claimedAt!: Date;
  @TimeoutField timeoutAt!: Date;

  @ExpectedPaymentField estimatedPayment!: number;
  @OrderCurrencyField currency!: string;

  @NestedField(ProcessingDetailsOut, { description: 'Everything needed to compute the answer.' })
  processingDetails!: ProcessingDetailsOut;
}
