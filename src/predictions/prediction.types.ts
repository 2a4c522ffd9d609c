import type { Forecast } from '#libs/plugin-host';
import type { ForecastOutput } from '#libs/plugin-sdk';
import type { CalibrationText, TrainingDistance } from '../outcomes/calibration.port.js';
import type { BaselineMeans } from '#libs/timeseries';

/** A core prediction's life: pending → processing → completed, failed or abstained. A retry goes back from processing to processing. */
export const PREDICTION_STATUSES = ['pending', 'processing', 'completed', 'failed', 'abstained'] as const;
export type PredictionStatus = (typeof PREDICTION_STATUSES)[number];

/** The question as it was asked, every field present (null where the caller said nothing). */
export interface StoredRequest {
  readonly symbol: string | null;
  readonly ticker: string | null;
  /** Null where the caller named none: the bars of the source are used as they are. */
  readonly interval: string | null;
  readonly predictor_plugin: string;
  readonly feeder_plugin: string;
  readonly pipeline_plugin: string;
  readonly prediction_type: string;
  readonly model_name: string | null;
  readonly prediction_horizon: number | null;
  readonly baseline_datetime: string | null;
  /** Null where the caller left it to the service; absent in rows of older versions. */
  readonly baseline_means?: BaselineMeans | null;
  readonly horizons: readonly number[] | null;
  readonly date_column: string | null;
  readonly target_column: string | null;
  /** Absent where the caller did not say. */
  readonly calibrate?: boolean;
  readonly abstain?: boolean;
}

/** The question as it comes in: plugins that it does not name are the configured ones. */
export type AskedRequest = Omit<StoredRequest, PluginField> & { readonly [K in PluginField]?: string };
type PluginField = 'predictor_plugin' | 'feeder_plugin' | 'pipeline_plugin';

/** How a prediction ends. */
export const FINAL_STATUSES = ['completed', 'failed', 'abstained'] as const;
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** What a caller who names nothing but a symbol asks for. */
export const PLAIN_QUESTION = {
  prediction_type: 'short_term',
  model_name: null,
  prediction_horizon: null,
  baseline_datetime: null,
  baseline_means: null,
  horizons: null,
  date_column: null,
  target_column: null,
} as const satisfies Partial<AskedRequest>;

/** Enough to explain an answer a year later. */
export interface Explanation {
  readonly source: Forecast['source'];
  readonly plugins: Forecast['plugins'];
  /** Seed of everything random in the answer; null when nothing was. */
  readonly seed: number | null;
  /** Milliseconds: waiting for a runner, fetching bars, predicting, and from submit to result. */
  readonly timing: {
    readonly queued_ms: number;
    readonly fetch_ms: number;
    readonly predict_ms: number;
    readonly total_ms: number;
  };
  /** 1 unless a runner died on the way. */
  readonly attempt: number;
}

/** What is stored and served as `result`. */
export interface PredictionResult {
  readonly request: StoredRequest;
  readonly output?: ForecastOutput;
  /** Equal to `output.predictions` and `output.uncertainty`, where the original's clients look for them. */
  readonly prediction?: readonly (number | null)[];
  readonly uncertainty?: readonly (number | null)[];
  readonly explanation?: Explanation;
  /** Where it was asked for. */
  readonly calibration?: CalibrationText;
  /** Where `abstain` was asked for; of an abstained one it is the reason. */
  readonly training_distance?: TrainingDistance;
  /** Failed only: text for people, and a stable code for programs. */
  readonly error?: string;
  readonly error_code?: string;
}

/** The model that was asked for, where it is not the predictor itself. */
export const modelOf = ({
  predictorPlugin,
  result: { request },
}: {
  readonly predictorPlugin: string;
  readonly result: PredictionResult;
}): string | null =>
  request.model_name && request.model_name !== predictorPlugin ? request.model_name : null;

/** Kind of the jobs that compute core predictions; their subject is the prediction's id as text. */
export const PREDICTION_JOB = 'core_prediction';
