import { readFile } from 'node:fs/promises';
import {
  type BatchedForecast,
  definePredictor,
  type ForecastBatchRequest,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  type HealthReading,
  type ModelInfo,
  type PluginContext,
  PluginError,
  pluginErrorCode,
  type Predictor,
  type TensorAnswer,
  type TensorModel,
  type TensorQuestion,
} from '#libs/plugin-sdk';
import { messageOf } from '#libs/kernel';
import { ModelForecaster } from '../default-predictor/model-forecaster.js';
import { inferFrom, tensorModelOf } from '../model/tensor-model.js';
import { InferenceProtocol } from './inference-protocol.js';
import { inferenceServerParameters } from './parameters.js';
import { RemoteSource, required } from './remote-source.js';
import { ServerCalls } from './server-calls.js';

type Context = PluginContext<typeof inferenceServerParameters>;

/** Of a probe: they ask often and wait for a second or two. */
const PROBE_MS = 1_000;

/** Forecasts with a model that an inference server elsewhere computes; bars, windows and units are worked out here. */
class InferenceServerPredictor implements Predictor {
  readonly #calls: ServerCalls;
  readonly #protocol: InferenceProtocol;
  readonly #source: RemoteSource;
  readonly #forecaster: ModelForecaster;

  constructor(
    private readonly context: Context,
    ca: string | undefined,
  ) {
    const { parameters, clock, resolveFile } = context;
    const model = required('inference_model', parameters.inference_model);
    const metadata = parameters.inference_metadata_path;
    this.#calls = new ServerCalls(required('inference_url', parameters.inference_url), parameters, clock, ca);
    this.#protocol = new InferenceProtocol(model, parameters, this.#calls);
    const path = metadata === null ? null : resolveFile(metadata);
    this.#source = new RemoteSource(model, path, this.#protocol, parameters, clock);
    const settings = {
      ...parameters,
      model_type: 'keras',
      batch_size: parameters.mc_samples || 1,
      // How the passes are drawn is the server's own matter.
      mc_sampling: 'independent',
    } as const;
    this.#forecaster = new ModelForecaster(model, this.#source, settings, clock);
  }

  /** Asks the server once. What is wrong with the configuration stops the start; a server that is away does not. */
  async check(): Promise<void> {
    try {
      await this.#forecaster.check();
    } catch (error) {
      if (pluginErrorCode(error) !== 'source_unavailable') throw error;
      this.context.logger.warn(`inference_server: ${messageOf(error)}; it will be asked again`);
    }
  }

  reach(): number | null {
    return this.#forecaster.reach;
  }

  forecast(frame: Frame, request: ForecastRequest): Promise<ForecastOutput> {
    this.#refuseName(request.modelName);
    return this.#forecaster.forecast(frame, request);
  }

  forecastBatch(
    frame: Frame,
    request: ForecastBatchRequest,
  ): Promise<readonly (BatchedForecast | PluginError)[]> {
    this.#refuseName(request.modelName);
    return this.#forecaster.forecastBatch(frame, request);
  }

  describe(modelName: string | null = null): Promise<ModelInfo> {
    this.#refuseName(modelName);
    return this.#forecaster.describe();
  }

  tensorModels(): readonly null[] {
    return [null];
  }

  tensorModel(modelName: string | null): Promise<TensorModel> {
    this.#refuseName(modelName);
    return tensorModelOf(this.#source);
  }

  infer(question: TensorQuestion): Promise<TensorAnswer> {
    this.#refuseName(question.modelName);
    return inferFrom(this.#source, question);
  }

  async readiness(): Promise<HealthReading> {
    const { inference_required, inference_model } = this.context.parameters;
    const isReady = await this.#protocol.isReady(PROBE_MS).catch((error: unknown) => {
      if (pluginErrorCode(error) === null) throw error;
      return false;
    });
    return {
      name: 'inference_server',
      up: isReady || !inference_required,
      detail: { model: inference_model, ready: isReady, circuit: this.#calls.isBroken ? 'open' : 'closed' },
    };
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  #refuseName(name: string | null | undefined): void {
    if (name === null || name === undefined) return;
    throw new PluginError('invalid_request', `inference_server has one model; "${name}" is none of its own`);
  }
}

async function authorities({ parameters, resolveFile }: Context): Promise<string | undefined> {
  const { inference_ca_path: path } = parameters;
  if (path === null) return undefined;
  try {
    return await readFile(resolveFile(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PluginError('not_configured', `inference_ca_path: can't be read (${code})`, { cause: error });
  }
}

export default definePredictor({
  id: 'inference_server',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Forecasts of a model that Triton, KServe, MLServer or another Prediction Provider computes (Open Inference Protocol V2).',
  parameters: inferenceServerParameters,
  capabilities: ['forecast', 'describe', 'tensors'],
  create: async (context) => {
    const predictor = new InferenceServerPredictor(context, await authorities(context));
    try {
      await predictor.check();
    } catch (error) {
      await predictor.close();
      throw error;
    }
    return predictor;
  },
});
