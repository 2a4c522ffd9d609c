import {
  type BatchedForecast,
  definePredictor,
  type ForecastBatchRequest,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  type ModelInfo,
  type PluginContext,
  PluginError,
  type PluginLogger,
  type Predictor,
  type TensorAnswer,
  type TensorModel,
  type TensorQuestion,
} from '#libs/plugin-sdk';
import { createModelCache, type ModelCache, type ModelPaths } from '#libs/keras-onnx';
import { basicInfo } from '../model-info.js';
import { compiledModels, registerCustomLayers } from '../model/model-file.js';
import { findTfjs, loadTfjsModel } from '../model/tfjs/tfjs-model.js';
import { modelFiles, type ModelSource, ServedModels } from '../model/served-models.js';
import { inferFrom, tensorModelOf } from '../model/tensor-model.js';
import { ModelForecaster } from './model-forecaster.js';
import { defaultPredictorParameters } from './parameters.js';
import { configuredColumn, horizonsOf, targetColumn } from '../forecast-question.js';
import { idealForecast, lastRowWithFuture } from '../oracle/ideal-forecast.js';

type Context = PluginContext<typeof defaultPredictorParameters>;

/** Models that are opened at the same time when the service starts. */
const CHECKS = 4;

/**
 * Forecasts with trained models: that of `model_path`, or the one of `model_files` that a request names. A request that
 * names none, where there is no `model_path`, gets the explicit ideal baseline, which reads the future from historic data.
 */
class DefaultPredictor implements Predictor {
  readonly #ideal: IdealBaseline;
  readonly #models: ServedModels;
  readonly #main: ModelForecaster | null;
  readonly #named: ReadonlyMap<string, ModelForecaster>;
  readonly #logger: PluginLogger;

  constructor(context: Context) {
    const { parameters } = context;
    const { model_path, model_files, mc_samples, model_cache_size } = parameters;
    this.#ideal = new IdealBaseline(parameters);
    this.#logger = context.logger;
    this.#models = new ServedModels(
      { samples: mc_samples, cacheSize: model_cache_size },
      modelCache(context),
    );
    const forecaster = (parameter: string, path: ModelPaths, name: string) =>
      new ModelForecaster(
        name,
        this.#models.of(modelFiles(context, parameter, path)),
        parameters,
        context.clock,
      );
    this.#main = model_path === null ? null : forecaster('model_path', model_path, 'default_predictor');
    this.#named = new Map(
      Object.entries(model_files).map(([name, path]) => [
        name,
        forecaster(`model_files.${name}`, path, name),
      ]),
    );
  }

  /** Opens every configured model once, so that a file at fault stops the start. */
  async check(): Promise<void> {
    const all = [...(this.#main === null ? [] : [this.#main]), ...this.#named.values()];
    const next = async (): Promise<void> => {
      for (let one = all.shift(); one !== undefined; one = all.shift()) {
        const note = await one.check();
        if (note !== null) this.#logger.warn(note);
      }
    };
    await Promise.all(Array.from({ length: CHECKS }, next));
  }

  looksAheadWith(modelName: string | null): boolean {
    return modelName === null && this.#main === null;
  }

  reach(modelName: string | null): number | null {
    return this.#forecaster(modelName)?.reach ?? null;
  }

  forecast(frame: Frame, request: ForecastRequest): ForecastOutput | Promise<ForecastOutput> {
    const forecaster = this.#forecaster(request.modelName ?? null);
    return forecaster === null ? this.#ideal.forecast(frame, request) : forecaster.forecast(frame, request);
  }

  forecastBatch(
    frame: Frame,
    request: ForecastBatchRequest,
  ): Promise<readonly (BatchedForecast | PluginError)[]> {
    const forecaster = this.#forecaster(request.modelName ?? null);
    if (forecaster !== null) return forecaster.forecastBatch(frame, request);
    throw new PluginError('unsupported', 'the ideal baseline reads the future: it cannot be back-tested');
  }

  async describe(modelName: string | null = null): Promise<ModelInfo> {
    const forecaster = this.#forecaster(modelName);
    const info = forecaster === null ? this.#ideal.describe() : await forecaster.describe();
    return this.#named.size === 0 ? info : { ...info, models: [...this.#named.keys()] };
  }

  tensorModels(): readonly (string | null)[] {
    return [...(this.#main === null ? [] : [null]), ...this.#named.keys()];
  }

  tensorModel(modelName: string | null): Promise<TensorModel> {
    return tensorModelOf(this.#tensors(modelName));
  }

  infer(question: TensorQuestion): Promise<TensorAnswer> {
    return inferFrom(this.#tensors(question.modelName), question);
  }

  close(): Promise<void> {
    return this.#models.close();
  }

  #tensors(name: string | null): ModelSource {
    const forecaster = this.#forecaster(name);
    if (forecaster !== null) return forecaster.source;
    throw new PluginError('no_data', 'there is no model: model_path is not set');
  }

  #forecaster(name: string | null): ModelForecaster | null {
    if (name === null) return this.#main;
    const forecaster = this.#named.get(name);
    if (forecaster !== undefined) return forecaster;
    const known = [...this.#named.keys()].join(', ') || 'none';
    throw new PluginError('invalid_request', `there is no model "${name}"; model_files has ${known}`);
  }
}

function modelCache({ parameters, resolveFile }: Context): ModelCache {
  registerCustomLayers(parameters);
  const { model_cache_size, model_runtime, compiled_models } = parameters;
  if (model_runtime === 'onnx')
    return createModelCache(model_cache_size, { compiled: compiledModels(compiled_models, resolveFile) });
  const library = findTfjs();
  return createModelCache(model_cache_size, {}, (path) => loadTfjsModel(path, library));
}

interface IdealBaselineSettings {
  /** Number of steps to forecast when a request names none. */
  readonly prediction_horizon: number;
  readonly prediction_target_column: string;
}

/**
 * The explicit baseline without a model: "predicts" the values that really followed, with no uncertainty. It shows a
 * client the whole way of a prediction on historic data, and is the upper bound that models are measured against; its
 * `mode` says so in every answer.
 */
class IdealBaseline implements Predictor {
  constructor(private readonly settings: IdealBaselineSettings) {}

  forecast(frame: Frame, request: ForecastRequest): ForecastOutput {
    const horizons = horizonsOf(request, this.settings.prediction_horizon);
    const target = targetColumn(
      frame,
      request.targetColumn ?? configuredColumn(frame, this.settings.prediction_target_column),
    );
    const row = baselineRow(frame, request.baseline, horizons);
    return {
      mode: 'ideal_future_baseline',
      date_column: request.dateColumn ?? 'DATE_TIME',
      ...idealForecast(frame.time, target, row, horizons, { tail: 'error', uncertainty: 0 }),
      seed: null,
      metadata: { looks_ahead: true },
    };
  }

  describe(): ModelInfo {
    return {
      ...basicInfo({
        name: 'default_predictor',
        scope: 'ideal_future_baseline',
        answers: ['forecast'],
        columns: [this.settings.prediction_target_column],
        looksAhead: true,
      }),
      model_loaded: false,
      prediction_horizon: this.settings.prediction_horizon,
    };
  }
}

/** The last row not later than the baseline, the first one where there is none; without a baseline the last with a future. */
function baselineRow(frame: Frame, baseline: number | null, horizons: readonly number[]): number {
  if (baseline === null) return lastRowWithFuture(frame.length, horizons);
  return Math.max(0, frame.rowAtOrBefore(baseline));
}

export default definePredictor({
  id: 'default_predictor',
  apiVersion: 1,
  version: '1.2.0',
  description:
    'Forecasts of trained models (Keras, ONNX, TensorFlow.js) with Monte-Carlo dropout. Without a model it is the ideal baseline: a test instrument that reads the values that really followed.',
  parameters: defaultPredictorParameters,
  capabilities: ['forecast', 'describe', 'tensors'],
  looksAhead: true,
  create: async (context) => {
    const predictor = new DefaultPredictor(context);
    try {
      await predictor.check();
    } catch (error) {
      await predictor.close();
      throw error;
    }
    return predictor;
  },
});
