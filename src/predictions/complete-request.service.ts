import { Injectable } from '@nestjs/common';
import { invalid, type Violation } from '#libs/kernel';
import { ConfiguredFeeder, ConfiguredPipeline, type ModelServer, PluginRegistry } from '#libs/plugin-host';
import type { PluginKind } from '#libs/plugin-sdk';
import { Prices } from '../billing/billing.port.js';
import type { PredictionEntity } from './prediction.entity.js';
import { type AskedRequest, modelOf, type StoredRequest } from './prediction.types.js';

/** A request whose every plugin is loaded. */
export interface CompletedRequest {
  readonly request: StoredRequest;
  /** What will answer: a predictor, or the model file that the request named in its place. */
  readonly predictor: string;
}

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
  ) {}

  /** @throws AppError `invalid` with one violation for each unknown name, listing the known ones. */
  async complete(asked: AskedRequest): Promise<CompletedRequest> {
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
    return { request, predictor };
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
