import type { ParameterValue } from '#libs/kernel';
import type {
  BatchedForecast,
  CoreFeatures,
  EntryAnswer,
  EntryQuestion,
  EndpointsModule,
  ExitAnswer,
  ExitQuestion,
  FeederSource,
  FetchRequest,
  ForecastBatchRequest,
  ForecastOutput,
  ForecastRequest,
  Frame,
  HealthReading,
  ModelInfo,
  PluginKind,
  PredictionOutput,
  PredictionRequest,
  PredictorCapability,
  PredictorMetrics,
  TensorAnswer,
  TensorModel,
  TensorQuestion,
} from '#libs/plugin-sdk';
import type { CallLimits } from './guard.js';

/** A loaded plugin, as the rest of the product knows it. */
export interface PluginHandle<K extends PluginKind = PluginKind> {
  readonly id: string;
  readonly kind: K;
  readonly version: string;
  readonly description: string;
  /** The parameters in effect, secrets left out, files without their folders. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

export interface CoreHandle extends PluginHandle<'core'> {
  readonly features: CoreFeatures;
}

/** A feeder whose calls are limited, counted and checked. Errors are `AppError`s; their `code` is the plugin error's. */
export interface FeederHandle extends PluginHandle<'feeder'> {
  fetch(request: FetchRequest, limits?: CallLimits): Promise<Frame>;
  resolve(symbol: string): FeederSource;
  intervalOf(symbol: string, asked?: string): Promise<string | null>;
  checkInterval(symbol: string, interval: string): Promise<void>;
  notes(frame: Frame): readonly string[];
  info(): Readonly<Record<string, unknown>>;
}

/** A predictor whose calls are limited, counted and checked. An operation it does not have throws `unsupported` (501). */
export interface PredictorHandle extends PluginHandle<'predictor'> {
  /** True for test instruments that look into the future, as configured. Others never see a bar after the baseline. */
  readonly looksAhead: boolean;
  /** The same for forecasts of one of its model files; null asks for the predictor's own choice. */
  looksAheadWith(modelName: string | null): boolean;
  readonly capabilities: readonly PredictorCapability[];
  /** Most steps ahead that a model answers; null for any number. */
  reach(modelName: string | null): number | null;
  has(capability: PredictorCapability): boolean;
  /** `request.signal` ends it early. */
  forecast(frame: Frame, request: ForecastRequest, limits?: CallLimits): Promise<ForecastOutput>;
  /** Answers at once, without a promise, when the plugin does. */
  /**
   * Answers at many baselines, as `Predictor.forecastBatch`; where the plugin has none it is asked one by one, and sees no
   * bar after each baseline. Refusals stand in the place of answers.
   */
  forecastBatch(
    frame: Frame,
    request: ForecastBatchRequest,
    limits?: CallLimits,
  ): Promise<readonly (BatchedForecast | Error)[]>;
  entry(question: EntryQuestion): EntryAnswer | Promise<EntryAnswer>;
  /** Answers at once, without a promise, when the plugin does. */
  exit(question: ExitQuestion): ExitAnswer | Promise<ExitAnswer>;
  /** @param modelName as in `ForecastRequest.modelName` */
  describe(modelName?: string | null): ModelInfo | Promise<ModelInfo>;
  metrics(): PredictorMetrics;
  resetMetrics(): void;
  /** Needs the capability `noise`. */
  setNoise(std: number): void;
  /** Models that answer tensors; null is the predictor's own choice. Needs the capability `tensors`, as the two below. */
  tensorModels(): readonly (string | null)[];
  tensorModel(modelName: string | null): Promise<TensorModel>;
  infer(question: TensorQuestion, limits?: CallLimits): Promise<TensorAnswer>;
  /** What the predictor stands on elsewhere; null when it is nothing. */
  readiness(): Promise<HealthReading | null>;
}

/** What a pipeline run is given beside the request. */
export interface RunOptions extends CallLimits {
  readonly feeder: FeederHandle;
  readonly predictor: PredictorHandle;
  readonly progress?: (percentage: number, step: string) => void;
}

/** A pipeline whose runs are limited and counted. */
export interface PipelineHandle extends PluginHandle<'pipeline'> {
  run(request: PredictionRequest, options: RunOptions): Promise<PredictionOutput>;
  status(): Readonly<Record<string, unknown>>;
}

export interface EndpointsHandle extends PluginHandle<'endpoints'> {
  readonly module: EndpointsModule;
}

export interface HandleOf {
  readonly core: CoreHandle;
  readonly feeder: FeederHandle;
  readonly pipeline: PipelineHandle;
  readonly predictor: PredictorHandle;
  readonly endpoints: EndpointsHandle;
}
