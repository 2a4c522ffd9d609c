import type { Feeder } from './feeder.js';
import type { ForecastOutput, ForecastRequest, Predictor } from './predictor.js';

/** A validated question, as the pipeline receives it: what it asks the predictor, and for what. */
export interface PredictionRequest extends Omit<ForecastRequest, 'signal'> {
  readonly predictionType: string;
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
    /** Present and true where the feeder's values are made of later bars, too. */
    readonly looks_ahead?: true;
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
