import { Injectable } from '@nestjs/common';
import { AppError, invalid, type Violation } from '#libs/kernel';
import { ConfiguredFeeder, ConfiguredPipeline, type ModelServer, PluginRegistry } from '#libs/plugin-host';
import { Prices } from '../billing/billing.port.js';
import type { AskedRequest, StoredRequest } from './prediction.types.js';

type ServingKind = 'feeder' | 'pipeline' | 'predictor';

/** A request whose every plugin is loaded. */
export interface CompletedRequest {
  readonly request: StoredRequest;
  /** The predictor that will answer. */
  readonly predictor: string;
}

/**
 * Fills in the configured plugins and checks what a DTO can't know: whether the plugins that a request names are loaded.
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
      ...this.#unknown('predictor', predictor, model ? 'model_name' : 'predictor_plugin'),
      ...this.#unknown('feeder', request.feeder_plugin, 'feeder_plugin'),
      ...this.#unknown('pipeline', request.pipeline_plugin, 'pipeline_plugin'),
    ];
    if (violations.length > 0) throw invalid(...violations);
    return { request, predictor };
  }

  /**
   * The model that the predictor is asked for: one of its files, or null for its own choice. A model that went away since
   * the request was taken is asked for by its name, which the predictor refuses.
   */
  async servedModel(name: string | null): Promise<string | null> {
    if (name === null) return null;
    const server = await this.#serverOf(name);
    return server === null ? name : server.model;
  }

  #serverOf(model: string): Promise<ModelServer | null> {
    return this.plugins.servesOrSells(model, (name) => this.prices.isPriced(name));
  }

  #unknown(kind: ServingKind, id: string, field: string): readonly Violation[] {
    if (this.plugins.has(kind, id)) return [];
    const fault: AppError = this.plugins.unknownPlugin(kind, id, ['body', field]);
    return fault.violations;
  }
}
