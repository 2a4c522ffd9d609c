import { AppError, type Clock } from '#libs/kernel';
import type { FeederHandle, ModelServer, PluginRegistry } from '#libs/plugin-host';
import type {
  FetchRequest,
  ForecastInterval,
  Frame,
  PredictionOutput,
  PredictionRequest,
} from '#libs/plugin-sdk';
import type { JobResult } from '../marketplace/marketplace.port.js';
import type { Offer, Progress } from './work-source.js';

export interface ComputeOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until the claim runs out. */
  readonly timeoutMs: number;
  readonly progress: (progress: Progress) => void;
}

/** Bar lengths of the marketplace by the names that pipelines know. */
const CANONICAL_INTERVAL: Readonly<Record<string, string>> = { '1M': '1mo' };

/** Computes marketplace requests with the plugins of this process. */
export class ComputeAnswer {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether this process can compute the model that the client pays for, with the plugins that the request names. A model
   * that is priced but not here is left to evaluators who have it: another one's answer is not what was bought.
   */
  knows(offer: Offer): boolean {
    return (
      this.#solverOf(offer) !== null &&
      this.plugins.has('feeder', offer.feeder) &&
      this.plugins.has('pipeline', offer.pipeline)
    );
  }

  /**
   * The answer to a request: one value a bar of its horizon.
   * @throws AppError what the plugins refuse, `invalid` for a model that is not here, or `unavailable` (`incomplete_forecast`) when a bar has no value
   */
  async compute(offer: Offer, { signal, timeoutMs, progress }: ComputeOptions): Promise<JobResult> {
    const startedAt = this.clock.monotonic();
    const cpu = process.cpuUsage();
    const solver = this.#solverOf(offer);
    if (solver === null) throw this.#unknownModel(offer);
    const [feeder, pipeline, predictor] = await Promise.all([
      this.plugins.feeder(offer.feeder),
      this.plugins.pipeline(offer.pipeline),
      this.plugins.predictor(solver.predictor),
    ]);
    const request = this.#requestOf(offer, solver.model);
    const answer = await pipeline.run(request, {
      feeder: withLookback(feeder, offer.lookback, request.baseline),
      predictor,
      signal,
      timeoutMs,
      progress: (percentage, step) => progress({ percentage, step }),
    });
    const { output } = answer;
    const predictions = complete(output.predictions, answer);
    const used = process.cpuUsage(cpu);
    return {
      predictions,
      uncertainties: complete(output.uncertainty, answer),
      confidenceIntervals: bandsOf(output.intervals ?? [], answer),
      modelMetadata: {
        mode: output.mode,
        model_name: request.modelName ?? predictor.id,
        plugins: { feeder: stamp(feeder), pipeline: stamp(pipeline), predictor: stamp(predictor) },
        source: answer.source,
        target_column: output.target_column,
        baseline_datetime: output.baseline_datetime,
        baseline_value: output.baseline_value,
        future_datetimes: output.future_datetimes,
        quantiles: output.quantiles ?? {},
        seed: output.seed ?? null,
        details: output.metadata ?? {},
      },
      processingLog: logOf(answer),
      resourceUsage: {
        wall_ms: Math.round(this.clock.monotonic() - startedAt),
        process_cpu_ms: Math.round((used.user + used.system) / 1000),
        ...answer.timing,
      },
      qualityMetrics: null,
    };
  }

  /** A moment that has passed is answered with what was known then; one to come with the newest bars. */
  #requestOf(offer: Offer, modelName: string | null): PredictionRequest {
    return {
      symbol: offer.symbol,
      interval: CANONICAL_INTERVAL[offer.interval] ?? offer.interval,
      predictionType: offer.predictionType,
      horizons: null,
      horizon: offer.horizon,
      baseline: offer.moment < this.clock.now() ? offer.moment : null,
      dateColumn: null,
      targetColumn: null,
      modelName,
    };
  }

  #solverOf({ predictor, modelName }: Offer): ModelServer | null {
    return this.plugins.serves(modelName ?? predictor);
  }

  #unknownModel({ predictor, modelName }: Offer): AppError {
    return this.plugins.unknownPlugin('predictor', modelName ?? predictor, ['model_name']);
  }
}

/** The feeder, with no more history than the client paid for. What follows the baseline stays: test instruments read it. */
function withLookback(feeder: FeederHandle, lookback: number, baseline: number | null): FeederHandle {
  const shortened = (frame: Frame): Frame => {
    const last = baseline === null ? frame.length - 1 : frame.rowAtOrBefore(baseline);
    return frame.slice(Math.max(0, last + 1 - lookback));
  };
  return {
    ...feeder,
    fetch: async (request: FetchRequest, limits) => shortened(await feeder.fetch(request, limits)),
    notes: () => [],
  };
}

function complete(values: readonly (number | null)[], { output }: PredictionOutput): readonly number[] {
  if (values.every((value) => value !== null)) return values;
  const [first] = output.errors;
  const why = first === undefined ? 'a bar has no value' : `bar ${first.horizon}: ${first.error}`;
  throw new AppError('unavailable', `The forecast is incomplete: ${why}`, { code: 'incomplete_forecast' });
}

/** `lower_95` and `upper_95`, for each level. */
function bandsOf(
  intervals: readonly ForecastInterval[],
  answer: PredictionOutput,
): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(
    intervals.flatMap(({ level, lower, upper }) => {
      const percent = String(Number((level * 100).toFixed(6)));
      return [
        [`lower_${percent}`, complete(lower, answer)],
        [`upper_${percent}`, complete(upper, answer)],
      ];
    }),
  );
}

function logOf({ output, source, timing }: PredictionOutput): string {
  return [
    `fetched ${source.bars} bars of ${source.symbol} from ${source.source}, ${source.first_bar} to ${source.last_bar}, in ${timing.fetch_ms} ms`,
    ...(source.notes ?? []),
    `predicted ${output.horizons.length} bars of ${output.target_column} by ${output.mode} in ${timing.predict_ms} ms`,
  ].join('\n');
}

const stamp = ({ id, version }: { id: string; version: string }) => ({ id, version });
