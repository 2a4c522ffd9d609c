import type {
  FetchRequest,
  ForecastRequest,
  Frame,
  PredictionOutput,
  PredictionRequest,
} from '#libs/plugin-sdk';
import type { FeederHandle, PluginHandle, PredictorHandle, RunOptions } from './handles.js';
import type { PluginRegistry } from './plugin-registry.js';
import { type AskedMoment, type BarsSeen, PointInTime, type UsedBar } from './point-in-time.js';

type AlwaysGiven = 'symbol' | 'interval' | 'predictionType';

/** A question and who answers it. A field of the request that is left out is null: the plugins choose. */
export interface ForecastQuestion
  extends Pick<PredictionRequest, AlwaysGiven>, Partial<Omit<PredictionRequest, AlwaysGiven>>, AskedMoment {
  /** Ids of the plugins; for the predictor an alias is understood, too. */
  readonly feeder: string;
  readonly pipeline: string;
  readonly predictor: string;
  /** See `FetchRequest.anyInterval`. */
  readonly anyInterval?: boolean;
  /** Most bars of history, up to the baseline. Absent: as many as the feeder brings. */
  readonly lookback?: number;
  /** Of everything random in the answer, see `ForecastRequest.seed`; absent: the predictor's own. */
  readonly seed?: number;
  /** See `ForecastRequest.trainingRange`. */
  readonly trainingRange?: boolean;
}

/** Which plugin took part. */
export type PluginStamp = Pick<PluginHandle, 'id' | 'version'>;

export interface Forecast extends PredictionOutput, BarsSeen {
  readonly source: PredictionOutput['source'] & UsedBar;
  readonly plugins: {
    readonly feeder: PluginStamp;
    readonly pipeline: PluginStamp;
    readonly predictor: PluginStamp;
  };
  /** Of the predictor, as they were in effect; without secrets and folders. */
  readonly parameters: PluginHandle['parameters'];
  /** What was asked, so that it can be asked again. */
  readonly question: ForecastQuestion;
}

/**
 * Computes one forecast: the pipeline runs with the feeder and the predictor that the question names. Core predictions
 * (the scheduled ones too) and the agent's orders are all computed here.
 * @param limits `timeoutMs` is the configured `prediction_timeout` when absent
 * @throws AppError `invalid` for a plugin that is not loaded, and what the plugins refuse
 */
export async function runForecast(
  registry: PluginRegistry,
  question: ForecastQuestion,
  limits: Omit<RunOptions, 'feeder' | 'predictor'>,
): Promise<Forecast> {
  const {
    feeder,
    pipeline,
    predictor,
    lookback,
    anyInterval = false,
    baselineMeans = null,
    freshAt,
    seed,
    trainingRange = false,
    ...asked
  } = question;
  const [source, runner, answerer] = await Promise.all([
    registry.feeder(feeder),
    registry.pipeline(pipeline),
    registry.predictor(predictor),
  ]);
  const request = { ...NOTHING_CHOSEN, ...asked };
  const bars: FeederHandle = anyInterval
    ? { ...source, fetch: (wanted, given) => source.fetch({ ...wanted, anyInterval }, given) }
    : source;
  const moment = new PointInTime(registry.pointInTime, {
    baselineMeans,
    ...(freshAt !== undefined && { freshAt }),
  });
  const answer = await runner.run(request, {
    ...limits,
    feeder: lookback === undefined ? bars : withLookback(bars, lookback, request.baseline),
    predictor: moment.watch(
      withMore(answerer, { ...(seed !== undefined && { seed }), ...(trainingRange && { trainingRange }) }),
    ),
  });
  const plugins = { feeder: stamp(source), pipeline: stamp(runner), predictor: stamp(answerer) };
  const explained = moment.explain(answer.source, answer.output);
  registry.countNotes(explained.notes ?? []);
  const { parameters } = answerer;
  return { ...answer, source: explained, plugins, ...moment.input, parameters, question };
}

const NOTHING_CHOSEN = {
  horizons: null,
  horizon: null,
  baseline: null,
  dateColumn: null,
  targetColumn: null,
  modelName: null,
};

/** What pipelines know nothing of. */
const withMore = (
  predictor: PredictorHandle,
  more: Pick<ForecastRequest, 'seed' | 'trainingRange'>,
): PredictorHandle => ({
  ...predictor,
  forecast: (frame, request, limits) => predictor.forecast(frame, { ...request, ...more }, limits),
});

/** The feeder with at most so many bars up to the baseline. Those after it stay: test instruments read them. */
function withLookback(feeder: FeederHandle, lookback: number, baseline: number | null): FeederHandle {
  const shortened = (frame: Frame): Frame => {
    const last = baseline === null ? frame.length - 1 : frame.rowAtOrBefore(baseline);
    return frame.slice(Math.max(0, last + 1 - lookback));
  };
  const whole = new WeakMap<Frame, Frame>();
  return {
    ...feeder,
    fetch: async (request: FetchRequest, limits) => {
      const all = await feeder.fetch(request, limits);
      const frame = shortened(all);
      whole.set(frame, all);
      return frame;
    },
    notes: (frame) => feeder.notes(whole.get(frame) ?? frame),
  };
}

const stamp = ({ id, version }: PluginStamp): PluginStamp => ({ id, version });
