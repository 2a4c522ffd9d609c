import { Injectable } from '@nestjs/common';
import { AppError, Clock, delay, type ParameterValue } from '#libs/kernel';
import { type FeederHandle, type ModelServer, PluginRegistry, type PredictorHandle } from '#libs/plugin-host';
import type { PendingOrder } from '../marketplace/order-queue.port.js';
import type { DataSourceConfig, ModelConfig, PluginOut, ProcessingDetailsOut } from './claim.dto.js';

type ChosenKind = 'feeder' | 'pipeline' | 'predictor';
/** A plugin that has to be created first may take its time; the evaluator waits with a claim in its hands. */
const ANSWER_LIMIT_MS = 5_000;

interface Unknown {
  readonly reason: string;
}

/**
 * Tells an evaluator what an order needs: the question, and what this server would answer it with. What the server
 * does not know is null with the reason; a plugin that fails does not undo a claim.
 */
@Injectable()
export class ProcessingDetails {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly clock: Clock,
  ) {}

  /** The question alone, without asking any plugin. */
  inShort(order: PendingOrder): ProcessingDetailsOut {
    const unasked = { reason: 'the plugin was not asked yet' };
    return {
      ...order,
      plugins: {
        feeder: this.#chosen('feeder', order.feederPlugin),
        pipeline: this.#chosen('pipeline', order.pipelinePlugin),
        predictor: this.#chosen('predictor', this.#serverOf(order).predictor),
      },
      dataSourceConfig: { ...NO_SOURCE, ...unasked },
      modelConfig: { ...NO_MODEL, modelName: order.modelName, ...unasked },
      outputRequirements: {
        format: 'json',
        values: order.predictionHorizon,
        includeUncertainties: true,
        includeConfidenceIntervals: true,
        includePlots: false,
      },
    };
  }

  /** The same with what feeder and predictor say. */
  async of(order: PendingOrder): Promise<ProcessingDetailsOut> {
    const { feederPlugin, symbol } = order;
    const { predictor, model: file } = this.#serverOf(order);
    const [source, model] = await Promise.all([
      this.#known('feeder', feederPlugin, async () =>
        this.#sourceOf(await this.plugins.feeder(feederPlugin), symbol),
      ),
      this.#known('predictor', predictor, async () => modelOf(await this.plugins.predictor(predictor), file)),
    ]);
    return {
      ...this.inShort(order),
      dataSourceConfig: { ...NO_SOURCE, ...source },
      modelConfig: { ...NO_MODEL, ...model, modelName: order.modelName },
    };
  }

  /** Who answers for the model here. Where nobody does, because it is only priced, what the client named beside it. */
  #serverOf({ modelName, predictorPlugin }: PendingOrder): ModelServer {
    return (
      this.plugins.serves(modelName) ??
      this.plugins.serves(predictorPlugin) ?? {
        predictor: this.plugins.configuredId('predictor'),
        model: null,
      }
    );
  }

  #chosen(kind: ChosenKind, id: string): PluginOut {
    const loaded = this.plugins.canonicalId(kind, id);
    const definition = this.plugins.definitions().find((one) => one.kind === kind && one.id === loaded);
    return { id: loaded, version: definition?.version ?? null };
  }

  #sourceOf(feeder: FeederHandle, symbol: string): DataSourceConfig {
    const resolved = feeder.resolve(symbol);
    const definition = this.plugins.definitions().find(({ id }) => id === feeder.id);
    return {
      provider: resolved.source,
      sourceSymbol: resolved.symbol,
      apiKeyRequired: Object.values(definition?.parameters ?? {}).some(({ secret }) => secret === true),
      rateLimit: null,
      reason: null,
    };
  }

  /** What a plugin answers in time, or why it does not. */
  async #known<T extends object>(kind: ChosenKind, id: string, ask: () => Promise<T>): Promise<T | Unknown> {
    if (!this.plugins.has(kind, id)) return { reason: `the ${kind} ${id} is not loaded here` };
    const answered = new AbortController();
    const late = delay(this.clock, ANSWER_LIMIT_MS, answered.signal).then(() => ({
      reason: `the ${kind} ${id} did not answer within ${ANSWER_LIMIT_MS / 1000} s`,
    }));
    try {
      return await Promise.race([ask(), late]);
    } catch (error) {
      if (error instanceof AppError) return { reason: error.detail };
      throw error;
    } finally {
      answered.abort();
    }
  }
}

const NO_SOURCE: Omit<DataSourceConfig, 'reason'> = {
  provider: null,
  sourceSymbol: null,
  apiKeyRequired: null,
  rateLimit: null,
};

const NO_MODEL: Omit<ModelConfig, 'modelName' | 'reason'> = {
  modelPath: null,
  modelSha256: null,
  normalizationParams: null,
  featureColumns: null,
  featureNames: null,
  sequenceLength: null,
  looksAhead: null,
};

async function modelOf(
  predictor: PredictorHandle,
  file: string | null,
): Promise<Omit<ModelConfig, 'modelName'>> {
  const info = predictor.has('describe') ? await predictor.describe(file) : null;
  return {
    ...NO_MODEL,
    looksAhead: predictor.looksAheadWith(file),
    ...modelFacts(predictor.parameters, info, file),
    reason: info === null ? `the predictor ${predictor.id} does not describe itself` : null,
  };
}

type Facts = Pick<
  ModelConfig,
  'modelPath' | 'modelSha256' | 'normalizationParams' | 'featureColumns' | 'featureNames' | 'sequenceLength'
>;

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * What a predictor's parameters and its description tell about its model; null where they say nothing.
 * @param parameters as shown: secrets left out, files without their folders
 * @param info what `describe(model)` answered: `window_size`, `feature_columns` (there or in `metadata`, else
 * `required_columns`), `model_path`, `model_sha256` or `sha256`; null when it was not asked
 * @param model one of the predictor's `model_files`; null for its own choice
 */
export function modelFacts(
  parameters: Readonly<Record<string, ParameterValue>>,
  info: Readonly<Record<string, unknown>> | null,
  model: string | null = null,
): Facts {
  const metadata = objectIn(info?.['metadata']);
  const names =
    namesIn(info?.['feature_columns']) ??
    namesIn(metadata['feature_columns']) ??
    namesIn(info?.['required_columns']);
  const path = model === null ? parameters['model_path'] : objectIn(parameters['model_files'])[model];
  const digest = textIn(info?.['model_sha256']) ?? textIn(info?.['sha256']);
  return {
    modelPath: textIn(path) ?? textIn(info?.['model_path']),
    modelSha256: digest !== null && SHA256.test(digest) ? digest.toLowerCase() : null,
    normalizationParams:
      textIn(parameters['normalization_params_path']) ?? textIn(parameters['use_normalization_json']),
    featureColumns: names?.length ?? null,
    featureNames: names,
    sequenceLength: countIn(info?.['window_size']),
  };
}

const textIn = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const objectIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const countIn = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;

const namesIn = (value: unknown): readonly string[] | null =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string') ? value : null;
