import {
  choice,
  type Clock,
  flag,
  integer,
  noEffect,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import {
  type Frame,
  type Pipeline,
  type PipelineTools,
  PluginError,
  type PluginLogger,
  type PredictionOutput,
  type PredictionRequest,
} from '#libs/plugin-sdk';
import { formatIso } from '#libs/timeseries';

/** Parameters that both pipelines have. */
export const pipelineParameters = {
  pipeline_enabled: flag(true, 'Whether predictions are run. When false, they are refused.'),
  prediction_interval: integer(
    { default: 300, min: 1, max: 86_400 },
    'Seconds between two scheduled predictions.',
  ),
  db_path: text('prediction_provider.db', noEffect('everything is stored in the server database')),
  enable_logging: flag(true, 'Whether each run is logged with its duration.'),
  log_level: choice(
    { default: 'INFO', oneOf: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'], ignoreCase: true },
    'Lowest level that is logged. Runs are logged at INFO, so they do not appear with WARNING and above.',
  ),
} as const satisfies ParameterDeclarations;

/** Bars that were fetched for a question, and what is to be said about them. */
export interface FetchedBars {
  readonly frame: Frame;
  readonly notes: readonly string[];
}

/** Brings the bars of a question. */
export type FetchBars = (request: PredictionRequest, tools: PipelineTools) => Promise<FetchedBars>;

interface RunsContext {
  readonly parameters: Pick<
    ParametersOf<typeof pipelineParameters>,
    'pipeline_enabled' | 'enable_logging' | 'log_level'
  >;
  readonly clock: Clock;
  readonly logger: PluginLogger;
}

/**
 * The work that every pipeline does: bars from the feeder, an answer from the predictor, and what is needed to explain
 * the answer later. Pipelines differ in which bars they fetch.
 */
export class PipelineRuns implements Pipeline {
  #running = 0;
  #completed = 0;
  #failed = 0;
  #last: 'completed' | 'failed' | null = null;

  /** @param features what the status tells of the pipeline besides its runs */
  constructor(
    private readonly context: RunsContext,
    private readonly fetchBars: FetchBars,
    private readonly features: Readonly<Record<string, unknown>> = {},
  ) {}

  /** @throws PluginError `not_configured` when switched off, `no_data` without bars, and what the tools throw */
  async run(request: PredictionRequest, tools: PipelineTools): Promise<PredictionOutput> {
    if (!this.context.parameters.pipeline_enabled) {
      throw new PluginError('not_configured', 'predictions are switched off (pipeline_enabled is false)');
    }
    this.#running += 1;
    try {
      const output = await this.#answer(request, tools);
      this.#completed += 1;
      this.#last = 'completed';
      return output;
    } catch (error) {
      this.#failed += 1;
      this.#last = 'failed';
      throw error;
    } finally {
      this.#running -= 1;
    }
  }

  /** The original's status page of a pipeline, from what was counted. */
  status(): Readonly<Record<string, unknown>> {
    return {
      system_ready: this.context.parameters.pipeline_enabled,
      pipeline_running: this.#running > 0,
      last_prediction_status: this.#last ?? 'no predictions yet',
      predictions_running: this.#running,
      predictions_completed: this.#completed,
      predictions_failed: this.#failed,
      ...this.features,
    };
  }

  async #answer(request: PredictionRequest, tools: PipelineTools): Promise<PredictionOutput> {
    const { feeder, predictor, signal, progress } = tools;
    if (!predictor.forecast) throw new PluginError('unsupported', 'the predictor does not offer forecast');
    const startedAt = this.context.clock.monotonic();
    progress(0, 'fetch');
    const { frame, notes } = await this.fetchBars(request, tools);
    if (frame.length === 0) throw new PluginError('no_data', `there are no bars of ${request.symbol}`);
    const fetchedAt = this.context.clock.monotonic();
    progress(50, 'predict');
    const output = await predictor.forecast(frame, { ...request, signal });
    const endedAt = this.context.clock.monotonic();
    progress(100, 'done');
    const timing = { fetch_ms: millis(fetchedAt - startedAt), predict_ms: millis(endedAt - fetchedAt) };
    const { source, symbol, looksAhead } = feeder.resolve(request.symbol);
    if (this.context.parameters.enable_logging && /^(DEBUG|INFO)$/.test(this.context.parameters.log_level)) {
      this.context.logger.info(`predicted ${request.symbol}`, { bars: frame.length, ...timing });
    }
    return {
      output,
      source: {
        source,
        symbol,
        bars: frame.length,
        first_bar: formatIso(frame.time[0] ?? NaN),
        last_bar: formatIso(frame.time.at(-1) ?? NaN),
        ...(notes.length > 0 && { notes }),
        ...(looksAhead === true && { looks_ahead: true as const }),
      },
      timing,
    };
  }
}

/** Microseconds are enough, and keep stored results short. */
const millis = (ms: number): number => Math.round(ms * 1000) / 1000;
