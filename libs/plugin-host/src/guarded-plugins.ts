import { AppError } from '#libs/kernel';
import {
  type BatchedForecast,
  entryFaults,
  type EntryQuestion,
  exitFaults,
  type ExitQuestion,
  type Feeder,
  type FetchRequest,
  type ForecastBatchRequest,
  forecastFaults,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  frameFaults,
  type Pipeline,
  PluginError,
  pluginErrorCode,
  type PredictionRequest,
  type Predictor,
  type PredictorCapability,
  type PredictorDefinition,
  type TensorQuestion,
} from '#libs/plugin-sdk';
import { answerTo } from './plugin-errors.js';
import type { CallLimits, Guard } from './guard.js';
import type { FeederHandle, PipelineHandle, PluginHandle, PredictorHandle, RunOptions } from './handles.js';

type Asked =
  | 'forecast'
  | 'entry'
  | 'exit'
  | 'describe'
  | 'metrics'
  | 'resetMetrics'
  | 'setNoise'
  | 'tensorModels'
  | 'tensorModel'
  | 'infer';
const NEEDS: Readonly<Record<Asked, PredictorCapability>> = {
  forecast: 'forecast',
  entry: 'entry',
  exit: 'exit',
  describe: 'describe',
  metrics: 'metrics',
  resetMetrics: 'metrics',
  setNoise: 'noise',
  tensorModels: 'tensors',
  tensorModel: 'tensors',
  infer: 'tensors',
};

/** What the original calls its operations; its clients match them in the answer 501. */
const ORIGINAL_NAMES: Partial<Readonly<Record<PredictorCapability, string>>> = {
  entry: 'predict_entry',
  exit: 'predict_exit',
  metrics: 'get_metrics',
};

/** Wraps a predictor's calls and checks its answers; operations that are not declared are refused before the plugin. */
export function guardPredictor(
  about: PluginHandle<'predictor'>,
  definition: PredictorDefinition,
  predictor: Predictor,
  guard: Guard,
): PredictorHandle {
  const { capabilities } = definition;
  const looksAhead = (modelName: string | null): boolean =>
    definition.looksAhead === true && (predictor.looksAheadWith?.(modelName) ?? true);
  const has = (capability: PredictorCapability) => capabilities.includes(capability);
  const operation = <N extends Asked>(name: N): NonNullable<Predictor[N]> => {
    const method = has(NEEDS[name]) ? predictor[name] : undefined;
    return (method?.bind(predictor) ?? refusal(about.id, NEEDS[name])) as NonNullable<Predictor[N]>;
  };
  const forecast = operation('forecast');
  const entry = checked('entry', operation('entry'), entryFaults);
  const exit = checked('exit', operation('exit'), exitFaults);
  const describe = operation('describe');
  const metrics = operation('metrics');
  const resetMetrics = operation('resetMetrics');
  const setNoise = operation('setNoise');
  const tensorModels = operation('tensorModels');
  const tensorModel = operation('tensorModel');
  const infer = operation('infer');
  const describeIt = (modelName: string | null) => describe(modelName);
  return {
    ...about,
    looksAhead: looksAhead(null),
    looksAheadWith: looksAhead,
    capabilities,
    reach: (modelName) => guard.instant('reach', () => predictor.reach?.(modelName) ?? null),
    has,
    forecast: (frame: Frame, request: ForecastRequest, limits: CallLimits = {}): Promise<ForecastOutput> =>
      guard.limited('forecast', { signal: request.signal, ...limits }, async (signal) => {
        if (!has('forecast')) return forecast(frame, request);
        const isAhead = looksAhead(request.modelName ?? null);
        const output = await forecast(visible(frame, request, isAhead), { ...request, signal });
        const faults = forecastFaults(output, request);
        if (faults.length > 0) throw new Error(`forecast broke the contract: ${faults.join('; ')}`);
        return output;
      }),
    forecastBatch: (frame, request, limits = {}) =>
      guard.limited('forecastBatch', { signal: request.signal, ...limits }, (signal) =>
        has('forecast')
          ? askBatch(about.id, predictor, frame, { ...request, signal })
          : refusal(about.id, 'forecast')(),
      ),
    entry: (question: EntryQuestion) => guard.direct('entry', entry, question),
    exit: (question: ExitQuestion) => guard.direct('exit', exit, question),
    describe: (modelName = null) => guard.direct('describe', describeIt, modelName),
    metrics: () => guard.instant('metrics', () => metrics()),
    resetMetrics: () => guard.instant('resetMetrics', () => resetMetrics()),
    setNoise: (std: number) => guard.instant('setNoise', () => setNoise(std)),
    tensorModels: () => guard.instant('tensorModels', () => tensorModels()),
    tensorModel: (modelName) => guard.brief('tensorModel', () => tensorModel(modelName)),
    infer: (question: TensorQuestion, limits: CallLimits = {}) =>
      guard.limited('infer', { signal: question.signal, ...limits }, (signal) =>
        infer({ ...question, signal }),
      ),
    readiness: async () => {
      try {
        const reading = (await predictor.readiness?.()) ?? null;
        return reading === null ? null : { ...reading, name: about.id };
      } catch {
        return { name: about.id, up: false, detail: {} }; // the reading is the report
      }
    },
  };
}

const refusal = (id: string, capability: PredictorCapability) => (): never => {
  const name = ORIGINAL_NAMES[capability];
  const detail =
    name === undefined
      ? `Predictor ${id} does not offer ${capability}`
      : `Predictor does not support ${name}`;
  throw new AppError('unsupported', detail, { code: 'unsupported' });
};

/** All answers of a batch, checked as single ones are. */
async function askBatch(
  id: string,
  predictor: Predictor,
  frame: Frame,
  request: ForecastBatchRequest,
): Promise<readonly (BatchedForecast | AppError)[]> {
  const answers =
    (await predictor.forecastBatch?.(frame, request)) ?? (await askOneByOne(predictor, frame, request));
  if (answers.length !== request.baselines.length)
    throw new Error(
      `forecastBatch broke the contract: ${answers.length} answers to ${request.baselines.length}`,
    );
  return answers.map((answer) => {
    if (answer instanceof Error || pluginErrorCode(answer) !== null) return answerTo(id, answer);
    const undated = { ...answer, future_datetimes: answer.horizons?.map(() => null) };
    const faults = forecastFaults(undated, request);
    if (faults.length > 0) throw new Error(`forecastBatch broke the contract: ${faults.join('; ')}`);
    return answer;
  });
}

async function askOneByOne(
  predictor: Predictor,
  frame: Frame,
  { baselines, seeds, ...asked }: ForecastBatchRequest,
): Promise<readonly (BatchedForecast | PluginError)[]> {
  const answers: (BatchedForecast | PluginError)[] = [];
  for (const [at, baseline] of baselines.entries()) {
    const request = { ...asked, baseline, seed: seeds[at] ?? null };
    try {
      const answer = await predictor.forecast?.(visible(frame, request, false), request);
      if (answer === undefined) throw new PluginError('unsupported', 'it does not forecast');
      answers.push(answer);
    } catch (error) {
      if (pluginErrorCode(error) === null) throw error;
      answers.push(error as PluginError);
    }
  }
  return answers;
}

/** Bars that the predictor may see: none after the baseline, unless it declares that it looks ahead. */
function visible(frame: Frame, { baseline }: ForecastRequest, looksAhead: boolean): Frame {
  if (frame.length === 0) throw new PluginError('no_data', 'There are no bars for this question');
  if (looksAhead || baseline === null) return frame;
  const seen = frame.upTo(baseline);
  if (seen.length === 0) throw new PluginError('no_data', 'There are no bars at or before the baseline');
  return seen;
}

const isAnswer = <T extends object>(answer: T | Promise<T>): answer is T => !('then' in answer);

/** Asks and checks the answer, at once when the plugin answers at once. */
function checked<Q, A extends object>(
  operation: string,
  ask: (question: Q) => A | Promise<A>,
  faultOf: (answer: A) => string | null,
): (question: Q) => A | Promise<A> {
  const check = (answer: A): A => {
    const fault = faultOf(answer);
    if (fault !== null) throw new Error(`${operation} broke the contract: ${fault}`);
    return answer;
  };
  return (question) => {
    const answer = ask(question);
    return isAnswer(answer) ? check(answer) : answer.then(check);
  };
}

/** Wraps a feeder's calls; a frame that breaks the contract (a bar after `asOf`, for example) is a failure of the plugin. */
export function guardFeeder(about: PluginHandle<'feeder'>, feeder: Feeder, guard: Guard): FeederHandle {
  return {
    ...about,
    fetch: (request: FetchRequest, limits: CallLimits = {}): Promise<Frame> => {
      const signal = limits.signal ?? request.signal;
      return guard.limited('fetch', { ...limits, ...(signal && { signal }) }, async (inner) => {
        const frame = await feeder.fetch({ ...request, signal: inner });
        const faults = frameFaults(frame, request);
        if (faults.length > 0) throw new Error(`fetch broke the contract: ${faults.join('; ')}`);
        return frame;
      });
    },
    resolve: (symbol) => guard.instant('resolve', () => feeder.resolve(symbol)),
    intervalOf: (symbol, asked) =>
      guard.brief('intervalOf', async () => (await feeder.intervalOf?.(symbol, asked)) ?? null),
    checkInterval: (symbol, interval) =>
      guard.brief('checkInterval', async () => feeder.checkInterval?.(symbol, interval)),
    notes: (frame) => guard.instant('notes', () => feeder.notes?.(frame) ?? []),
    info: () => guard.instant('info', () => feeder.info?.() ?? {}),
  };
}

/** Wraps a pipeline's runs. Progress that it reports after its end, or as nonsense, goes nowhere. */
export function guardPipeline(
  about: PluginHandle<'pipeline'>,
  pipeline: Pipeline,
  guard: Guard,
): PipelineHandle {
  return {
    ...about,
    run: (request: PredictionRequest, { feeder, predictor, progress, ...limits }: RunOptions) =>
      guard.limited('run', limits, (signal) =>
        pipeline.run(request, {
          feeder,
          predictor,
          signal,
          progress: (percentage, step) => {
            if (signal.aborted || !Number.isFinite(percentage)) return;
            progress?.(Math.min(100, Math.max(0, percentage)), step);
          },
        }),
      ),
    status: () => guard.instant('status', () => pipeline.status?.() ?? {}),
  };
}
