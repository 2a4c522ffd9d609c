import type { Feeder } from './feeder.js';
import type { ForecastOutput, Predictor } from './predictor.js';

/** A validated question, as the pipeline receives it. */
export interface PredictionRequest {
  readonly symbol: string;
  /** Canonical bar length, see `FetchRequest.interval`. */
  readonly interval: string;
  readonly predictionType: string;
  /** Steps ahead that are wanted: 1 to 1,000 distinct integers from 1 to 1,000, in the caller's order; null = predictor's choice. */
  readonly horizons: readonly number[] | null;
  /** 1..horizon when `horizons` is null; null = the predictor's configured horizon. */
  readonly horizon: number | null;
  /** Epoch ms UTC: the forecast starts after the last bar at or before this moment; null = the end of the data. */
  readonly baseline: number | null;
  readonly dateColumn: string | null;
  readonly targetColumn: string | null;
  /** See `ForecastRequest.modelName`. */
  readonly modelName?: string | null;
}

export interface PipelineTools {
  readonly feeder: Feeder;
  readonly predictor: Predictor;
  readonly signal: AbortSignal;
  /** 0 to 100 and the name of the step; shown to listeners, never stored per call. */
  readonly progress: (percentage: number, step: string) => void;
}

/** The predictor's output and what is needed to explain it later. */
export interface PredictionOutput {
  readonly output: ForecastOutput;
  readonly source: {
    /** `file`, `yfinance`, ... and the symbol there. */
    readonly source: string;
    readonly symbol: string;
    readonly bars: number;
    /** RFC 3339 UTC. */
    readonly first_bar: string;
    readonly last_bar: string;
    /** The feeder's remarks on these bars; absent when there are none. */
    readonly notes?: readonly string[];
  };
  readonly timing: { readonly fetch_ms: number; readonly predict_ms: number };
}

export interface Pipeline {
  /**
   * Errors of the tools carry the plugin error's `code` and are passed on as they are.
   * @throws PluginError its own
   */
  run(request: PredictionRequest, tools: PipelineTools): Promise<PredictionOutput>;
  /** For status pages; JSON without secrets. */
  status?(): Readonly<Record<string, unknown>>;
  close?(): Promise<void>;
}
