import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MoneyField,
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
  CurrencyField,
  HorizonField,
  IntervalField,
  LeaseEpochField,
  LookbackField,
  ModelNameField,
  MomentField,
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
    description: 'Id of the request.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  requestId!: string;
}

/** What an evaluator may say of itself when it claims. */
export class ClaimRequest {
  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'When the answer may be expected.',
    example: '2026-01-31T12:10:00Z',
  })
  estimatedCompletion?: Date | null;

  @ObjectField({
    optional: true,
    nullable: true,
    description: 'The machine that computes; at most 16 KiB of JSON.',
    example: { host: 'node-1', cpus: 8 },
  })
  processingNodeInfo?: JsonObject | null;
}

/** A plugin that the client chose. */
export class PluginOut {
  @StringField({ example: 'default_feeder' }) id!: string;

  @StringField({
    nullable: true,
    description: 'Version on this server; null when not loaded.',
    example: '1.0.0',
  })
  version!: string | null;
}

/** The plugins that the client chose. */
export class ChosenPlugins {
  @NestedField(PluginOut, { description: 'Brings the bars.' }) feeder!: PluginOut;
  @NestedField(PluginOut, { description: 'Arranges the work.' }) pipeline!: PluginOut;
  @NestedField(PluginOut, { description: 'Answers.' }) predictor!: PluginOut;
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
  sourceSymbol!: string | null;

  @BooleanField({
    nullable: true,
    description: 'Whether the feeder has a secret parameter.',
    example: false,
  })
  apiKeyRequired!: boolean | null;

  @IntegerField({ nullable: true, description: 'No feeder states one, so null.', example: null })
  rateLimit!: number | null;

  @whyNull reason!: string | null;
}

/** The model that this server's predictor would ask. */
export class ModelConfig {
  @ModelNameField modelName!: string;

  @StringField({
    nullable: true,
    description: 'Name of its file; null without one.',
    example: 'eurusd_1h.keras',
  })
  modelPath!: string | null;

  @StringField({
    nullable: true,
    description: 'SHA-256 of its file, 64 hexadecimal digits; null when the predictor does not tell.',
    example: null,
  })
  modelSha256!: string | null;

  @StringField({
    nullable: true,
    description: 'Name of the file with the normalisation; null without one.',
    example: null,
  })
  normalizationParams!: string | null;

  @IntegerField({ nullable: true, description: 'How many columns a bar has for the model.', example: 44 })
  featureColumns!: number | null;

  @ListField(StringField(), { nullable: true, description: 'Their names, in order.', example: ['CLOSE'] })
  featureNames!: readonly string[] | null;

  @IntegerField({
    nullable: true,
    description: 'Bars of its window; 0 when it needs none.',
    example: 256,
  })
  sequenceLength!: number | null;

  @BooleanField({
    nullable: true,
    description: 'True for test instruments that look into the future.',
    example: false,
  })
  looksAhead!: boolean | null;

  @whyNull reason!: string | null;
}

/** What an answer has to hold. */
export class OutputRequirements {
  @EnumField(['json'], { name: 'OutputFormat', example: 'json' }) format!: 'json';

  @IntegerField({ description: 'Values of each list: one a bar of the horizon.', example: 6 })
  values!: number;

  @BooleanField({ example: true }) includeUncertainties!: boolean;
  @BooleanField({ example: true }) includeConfidenceIntervals!: boolean;
  @BooleanField({ description: 'The server draws them.', example: false }) includePlots!: boolean;
}

/** Everything that is needed to compute the answer. */
export class ProcessingDetailsOut {
  @SymbolField symbol!: string;
  @PredictionTypeField predictionType!: MarketplacePredictionType;
  @TargetTimeField datetimeRequested!: Date;
  @LookbackField lookbackTicks!: number;
  @IntervalField interval!: OrderInterval;
  @HorizonField predictionHorizon!: number;

  @ObjectField({ nullable: true, description: 'As the client gave them.', example: null })
  customParameters!: JsonObject | null;

  @NestedField(ChosenPlugins, { description: 'With their versions here.' }) plugins!: ChosenPlugins;

  @NestedField(DataSourceConfig, { description: 'Where this server would read the bars.' })
  dataSourceConfig!: DataSourceConfig;

  @NestedField(ModelConfig, { description: 'What this server would ask.' }) modelConfig!: ModelConfig;

  @NestedField(OutputRequirements, { description: 'What the answer has to hold.' })
  outputRequirements!: OutputRequirements;
}

/** A claim in force. */
export class ClaimOut {
  @SuccessField success?: true;
  @RequestIdField id!: string;
  @TaskIdField taskId!: string;
  @LeaseEpochField epoch!: number;
  @MomentField claimedAt!: Date;
  @TimeoutField timeoutAt!: Date;

  @MoneyField({
    wire: 'expected_payment',
    description: "The evaluator's share of the price.",
    example: 3.5,
  })
  estimatedPayment!: number;

  @CurrencyField currency!: string;

  @NestedField(ProcessingDetailsOut, { description: 'Everything that is needed.' })
  processingDetails!: ProcessingDetailsOut;
}
