import type { Frame } from '#libs/timeseries';
import type { HealthReading } from './endpoints.js';
import type { TensorAnswer, TensorModel, TensorQuestion } from './tensors.js';

export type PredictorCapability =
  'forecast' | 'entry' | 'exit' | 'describe' | 'metrics' | 'noise' | 'tensors';

/**
 * Every capability. `noise` stands for `setNoise`, `metrics` for `metrics` and `resetMetrics`, `tensors` for `tensorModels`,
 * `tensorModel` and `infer`.
 */
export const PREDICTOR_CAPABILITIES: readonly PredictorCapability[] = [
  'forecast',
  'entry',
  'exit',
  'describe',
  'metrics',
  'noise',
  'tensors',
];

/** The arguments of `forecast`. */
export interface ForecastRequest {
  readonly symbol: string;
  /** Canonical bar length, see `FetchRequest.interval`. */
  readonly interval: string;
  /** Steps ahead that are wanted: 1 to 1,000 distinct integers from 1 to 1,000, in the caller's order; null = predictor's choice. */
  readonly horizons: readonly number[] | null;
  /** 1..horizon when `horizons` is null; null = the predictor's configured horizon. */
  readonly horizon: number | null;
  /**
   * Epoch ms UTC: the forecast starts after the last bar at or before this moment; null = the end of the data (ideal
   * modes: the last bar that has the longest horizon ahead of it).
   */
  readonly baseline: number | null;
  readonly dateColumn: string | null;
  readonly targetColumn: string | null;
  /** One of the names in the predictor's parameter `model_files`; null or absent = the predictor's own choice. */
  readonly modelName?: string | null;
  readonly signal: AbortSignal;
  /** Random passes, 0 to 100,000; null or absent = the predictor's own number. Predictors that make none leave it alone. */
  readonly samples?: number | null;
  /** Seed of everything random in the answer, 0 to 2³² − 1; null or absent = the predictor's own. */
  readonly seed?: number | null;
  /**
   * True: the caller wants to know whether the model has seen anything like this. `metadata.training_range` of the answer then
   * has `{column: {min, max}}` or `{column: {mean, std}}` of the training data, as far as the predictor knows it; for columns that are
   * none of the bars also `window_min` and `window_max`, the ends of its window. `metadata.abstain_limit` may name a limit.
   */
  readonly trainingRange?: boolean;
}

/** The arguments of `forecastBatch`: one question at many bars. */
export interface ForecastBatchRequest extends Omit<ForecastRequest, 'baseline' | 'seed'> {
  /** Labels of bars, epoch ms UTC, ascending; the last bar of the frame is not later than the last of them. */
  readonly baselines: readonly number[];
  /** One for each baseline, as `ForecastRequest.seed`. */
  readonly seeds: readonly number[];
}

/** One answer of a batch. When the bars that were forecast came, the asker knows. */
export type BatchedForecast = Omit<ForecastOutput, 'future_datetimes'>;

/** One horizon that could not be answered; the others are answered. */
export interface HorizonError {
  readonly horizon: number;
  /** Stable code, for example `insufficient_future_data`. */
  readonly error: string;
}

export interface ForecastInterval {
  /** Coverage the interval claims, 0 to 1 exclusive. */
  readonly level: number;
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

/** The answer as it goes over the wire (hence snake_case). Lists are in the order of `horizons`; null where an error says why. */
export interface ForecastOutput {
  /** How it was made: `ideal_future_baseline`, `random_walk`, `noisy_ideal`, `mc_dropout`, ... */
  readonly mode: string;
  readonly date_column: string;
  readonly target_column: string;
  /** The bar that the forecast starts from, RFC 3339 UTC without offset letter where the original had none. */
  readonly baseline_datetime: string;
  readonly baseline_value: number;
  readonly horizons: readonly number[];
  readonly predictions: readonly (number | null)[];
  readonly future_datetimes: readonly (string | null)[];
  /** Standard deviation per horizon, in the target's unit. */
  readonly uncertainty: readonly (number | null)[];
  readonly errors: readonly HorizonError[];
  /** All outputs of a trained model as one row, in the target's unit. */
  readonly prediction?: readonly (readonly (number | null)[])[];
  readonly intervals?: readonly ForecastInterval[];
  readonly quantiles?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Seed of everything random in this answer; null when nothing was. */
  readonly seed?: number | null;
  /** Anything else worth keeping, JSON. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Should a trade be opened at this bar? Distances in pips of the plugin's `pip_cost`; costs 0 mean the plugin's default. */
export interface EntryQuestion {
  /** Naive time of the data file, read as UTC, epoch ms. */
  readonly time: number;
  readonly takeProfitPips: number;
  readonly stopLossPips: number;
  readonly spreadPips: number;
  /** USD per 100,000 units. */
  readonly commissionPerLot: number;
  readonly slippagePips: number;
}

/** What a policy may add to its answers, so that they can be checked and made again. */
export interface PolicyEvidence {
  /** Probability that the price rises, 0 to 1. */
  readonly probabilityUp?: number;
  readonly action?: 'long' | 'short' | 'hold';
  /** SHA-256 of what was asked and of what was answered, each 64 hexadecimal digits. */
  readonly inputSha256?: string;
  readonly outputSha256?: string;
}

/** What whoever acts on an answer should know first. */
export interface AnswerWarning {
  /** Stable; programs may branch on it. */
  readonly code: string;
  /** The setting that it is about. */
  readonly field: string;
  readonly message: string;
}

export interface EntryAnswer extends PolicyEvidence {
  readonly buy: 0 | 1;
  readonly sell: 0 | 1;
  /** Bars left in the scope of the question. */
  readonly barsRemaining: number;
  /** 0 to 1. */
  readonly buyConfidence: number;
  readonly sellConfidence: number;
  readonly warnings?: readonly AnswerWarning[];
}

export interface ExitQuestion {
  readonly time: number;
  readonly direction: 'buy' | 'sell';
  /** Absolute prices. */
  readonly takeProfitPrice: number;
  readonly stopLossPrice: number;
}

export interface ExitAnswer extends PolicyEvidence {
  /** 1 keep the position, 0 close it. */
  readonly keep: 0 | 1;
  readonly confidence: number;
  readonly warnings?: readonly AnswerWarning[];
}

/** `GET /api/v1/model/info`, in wire names. Extra keys are passed on. */
export interface ModelInfo {
  readonly model_name: string;
  readonly window_size: number;
  readonly supported_types: readonly string[];
  readonly entry_directions: readonly string[];
  readonly exit_directions: readonly string[];
  readonly prediction_scope: string;
  readonly required_columns: readonly string[];
  readonly accepts_ohlc_window: boolean;
  readonly [extra: string]: unknown;
}

/** Counts against the noiseless truth; ratios have 6 decimals, 0 when undefined. */
export interface PredictorMetrics {
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
  readonly total_predictions: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly accuracy: number;
  readonly noise_std: number;
}

/**
 * A predictor has any of these operations and declares which in `capabilities`.
 * Synchronous operations may answer at once or with a promise; batches of 100,000 rows ask in the order of the rows, with
 * up to 64 promises open at a time.
 */
export interface Predictor {
  forecast?(frame: Frame, request: ForecastRequest): ForecastOutput | Promise<ForecastOutput>;
  /**
   * What `forecast` answers at each baseline, in their order, faster than one by one; back-tests ask so. The frame goes on to
   * the last baseline: an answer must depend on no bar after its own, which the back-test tests by changing them. A
   * `PluginError` stands in the place of an answer that cannot be given. Absent: `forecast` is asked.
   */
  forecastBatch?(frame: Frame, request: ForecastBatchRequest): Promise<readonly (BatchedForecast | Error)[]>;
  /**
   * Only beside `looksAhead: true` in the definition: whether forecasts of this model (as in `ForecastRequest.modelName`)
   * look ahead. Where it returns false the host passes no bar after the baseline. Absent: all models look ahead.
   */
  looksAheadWith?(modelName: string | null): boolean;
  /**
   * Most steps ahead that a model answers (as in `ForecastRequest.modelName`); null for any number. Questions beyond it
   * are refused when they are taken. Absent: null.
   */
  reach?(modelName: string | null): number | null;
  entry?(question: EntryQuestion): EntryAnswer | Promise<EntryAnswer>;
  exit?(question: ExitQuestion): ExitAnswer | Promise<ExitAnswer>;
  /** @param modelName the model that is asked about, as in `ForecastRequest.modelName` */
  describe?(modelName?: string | null): ModelInfo | Promise<ModelInfo>;
  metrics?(): PredictorMetrics;
  resetMetrics?(): void;
  /** Sets the standard deviation of the noise (≥ 0), zeroes the metrics and re-seeds. */
  setNoise?(std: number): void;
  /** Models that answer tensors under `/v2`; null is the predictor's own choice. */
  tensorModels?(): readonly (string | null)[];
  /** @param modelName as in `ForecastRequest.modelName` */
  tensorModel?(modelName: string | null): Promise<TensorModel>;
  /** Computes the outputs of a model from its inputs, without bars. */
  infer?(question: TensorQuestion): Promise<TensorAnswer>;
  /**
   * What the predictor stands on elsewhere; the readiness of the process shows it under the plugin's id. It must be cheap:
   * probes ask often, and wait for a second or two.
   */
  readiness?(): Promise<HealthReading | null>;
  close?(): Promise<void>;
}
