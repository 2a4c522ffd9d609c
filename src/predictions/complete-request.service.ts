import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { invalid, type Violation } from '#libs/kernel';
import {
  type AskedQuestion,
  ConfiguredFeeder,
  ConfiguredPipeline,
  faultsAt,
  type ModelServer,
  PluginRegistry,
  questionFaults,
  questionRemarks,
} from '#libs/plugin-host';
import { warn } from '#libs/http';
import type { PluginKind } from '#libs/plugin-sdk';
import { canonicalInterval } from '#libs/timeseries';
import { Prices } from '../billing/billing.port.js';
import type { PredictionEntity } from './prediction.entity.js';
import { type AskedRequest, modelOf, type StoredRequest } from './prediction.types.js';

/** A request whose every plugin is loaded. */
export interface CompletedRequest {
  readonly request: StoredRequest;
  /** What will answer: a predictor, or the model file that the request named in its place. */
  readonly predictor: string;
  /** Length of the bars: the asked one, else that of the source, else the fallback. */
  readonly interval: string;
}

/** Where a request has each part of its question. */
const fieldsOf = ({ symbol, model_name: model, horizons }: StoredRequest) => ({
  symbol: symbol === null ? 'ticker' : 'symbol',
  interval: 'interval',
  model: model ? 'model_name' : 'predictor_plugin',
  horizon: horizons === null ? 'prediction_horizon' : 'horizons',
});

/**
 * Fills in the configured plugins and checks what a DTO can't know: whether the plugins that a request names are loaded.
 * Clients of the original name a model file where the predictor stands; the answer repeats what they sent.
 * A `model_name` wins over the predictor; what it may be is told at `PluginRegistry.servesOrSells`.
 */
@Injectable()
export class CompleteRequest {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly feeder: ConfiguredFeeder,
    private readonly pipeline: ConfiguredPipeline,
    private readonly prices: Prices,
    private readonly config: AppConfig,
  ) {}

  /**
   * @param fallback length of bars that a source of any length is asked for, where the request names none
   * @throws AppError `invalid` with one violation for each unknown name, listing the known ones
   */
  async complete(asked: AskedRequest, fallback: string): Promise<CompletedRequest> {
    const request = {
      ...asked,
      predictor_plugin: asked.predictor_plugin ?? this.plugins.forecaster,
      feeder_plugin: asked.feeder_plugin ?? this.feeder.id,
      pipeline_plugin: asked.pipeline_plugin ?? this.pipeline.id,
    };
    const { model_name: model, predictor_plugin: named } = request;
    const predictor = model ? ((await this.#serverOf(model))?.predictor ?? model) : named;
    const violations = [
      ...this.#unknownServer(predictor, model ? 'model_name' : 'predictor_plugin'),
      ...this.#unknown('feeder', request.feeder_plugin, 'feeder_plugin'),
      ...this.#unknown('pipeline', request.pipeline_plugin, 'pipeline_plugin'),
    ];
    if (violations.length > 0) throw invalid(...violations);
    const mayFail = this.config.unanswerable_requests === 'fail';
    const question = await this.#questionOf(request, predictor);
    const faults = mayFail ? [] : await this.#questionFaults(request, question);
    if (faults.length > 0) throw invalid(...faults);
    await this.#sayOtherwise(request, question);
    return {
      request,
      predictor,
      interval: request.interval ?? (await this.#intervalOf(request)) ?? fallback,
    };
  }

  /**
   * The predictor that is asked, and for which model: one of its files, or null for its own choice. A model that went
   * away since the request was taken is asked for by its name, which the predictor, or the registry, refuses.
   */
  async serverOf(prediction: Pick<PredictionEntity, 'predictorPlugin' | 'result'>): Promise<ModelServer> {
    const { predictorPlugin: predictor } = prediction;
    const name = modelOf(prediction);
    if (name === null) return this.plugins.serves(predictor) ?? { predictor, model: null };
    const server = await this.#serverOf(name);
    return { predictor, model: server === null ? name : server.model };
  }

  async #questionOf(request: StoredRequest, predictor: string): Promise<AskedQuestion> {
    const { model_name: model, predictor_plugin: named, horizons, prediction_horizon: horizon } = request;
    return {
      feeder: request.feeder_plugin,
      symbol: request.symbol ?? request.ticker ?? '',
      interval: request.interval === null ? null : canonicalInterval(request.interval),
      server: model ? await this.#serverOf(model) : this.plugins.serves(predictor),
      model: model || named,
      // Of a list, the steps that the model has are answered, and the others listed as errors.
      horizon: horizons === null ? horizon || null : Math.min(...horizons),
    };
  }

  async #questionFaults(request: StoredRequest, asked: AskedQuestion): Promise<readonly Violation[]> {
    // The original's clients may ask for bars of any length: the prediction fails with the reason when they cannot be made.
    const faults = await questionFaults(this.plugins, { ...asked, interval: null });
    const fields = fieldsOf(request);
    return faultsAt(faults, ({ part }) => ['body', fields[part]]);
  }

  async #sayOtherwise(request: StoredRequest, asked: AskedQuestion): Promise<void> {
    const fields = fieldsOf(request);
    const remarks = await questionRemarks(this.plugins, asked, request.horizons);
    warn(...remarks.map(({ part, code, text }) => ({ code, field: fields[part], message: text })));
  }

  async #intervalOf({ feeder_plugin: id, symbol, ticker }: StoredRequest): Promise<string | null> {
    const feeder = await this.plugins.usable('feeder', id);
    return feeder === null ? null : feeder.intervalOf(symbol ?? ticker ?? '');
  }

  #serverOf(model: string): Promise<ModelServer | null> {
    return this.plugins.servesOrSells(model, (name) => this.prices.isPriced(name));
  }

  #unknownServer(name: string, field: string): readonly Violation[] {
    return this.plugins.serves(name) === null ? this.#faults('predictor', name, field) : [];
  }

  #unknown(kind: 'feeder' | 'pipeline', id: string, field: string): readonly Violation[] {
    return this.plugins.has(kind, id) ? [] : this.#faults(kind, id, field);
  }

  #faults(kind: PluginKind, id: string, field: string): readonly Violation[] {
    return this.plugins.unknownPlugin(kind, id, ['body', field]).violations;
  }
}
