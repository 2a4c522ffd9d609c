import { Injectable } from '@nestjs/common';
import { AppError, invalid, type Violation } from '#libs/kernel';
import { ConfiguredFeeder, ConfiguredPipeline, ConfiguredPredictor, PluginRegistry } from '#libs/plugin-host';
import { Billing } from '../billing/billing.port.js';
import type { AskedRequest, StoredRequest } from './prediction.types.js';

type ServingKind = 'feeder' | 'pipeline' | 'predictor';

/** A request whose every plugin is loaded. */
export interface CompletedRequest {
  readonly request: StoredRequest;
  /** The predictor that will answer. */
  readonly predictor: string;
}

/** Answers predictions when the configured predictor only answers entry and exit questions. */
const FORECASTER = 'default_predictor';

/**
 * Fills in the configured plugins and checks what a DTO can't know: whether the plugins that a request names are loaded.
 * A `model_name` is a predictor, or one of the models in a predictor's `model_files`, which that predictor serves, or a
 * model that a provider has a price for: that is a model of the default predictor.
 */
@Injectable()
export class CompleteRequest {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly feeder: ConfiguredFeeder,
    private readonly pipeline: ConfiguredPipeline,
    private readonly predictor: ConfiguredPredictor,
    private readonly billing: Billing,
  ) {}

  /** @throws AppError `invalid` with one violation for each unknown name, listing the known ones. */
  async complete(asked: AskedRequest): Promise<CompletedRequest> {
    const request = {
      ...asked,
      predictor_plugin: asked.predictor_plugin ?? this.#forecaster(),
      feeder_plugin: asked.feeder_plugin ?? this.feeder.id,
      pipeline_plugin: asked.pipeline_plugin ?? this.pipeline.id,
    };
    const predictor = await this.#predictorOf(request);
    const violations = [
      ...this.#unknown('predictor', predictor, request.model_name ? 'model_name' : 'predictor_plugin'),
      ...this.#unknown('feeder', request.feeder_plugin, 'feeder_plugin'),
      ...this.#unknown('pipeline', request.pipeline_plugin, 'pipeline_plugin'),
    ];
    if (violations.length > 0) throw invalid(...violations);
    return { request, predictor };
  }

  /** The model that the predictor gets to hear: one of its files; null, its own choice, for what is only a price. */
  async servedModel(name: string | null): Promise<string | null> {
    if (name === null || this.plugins.modelOwner(name) !== null) return name;
    return (await this.billing.isPriced(name)) ? null : name;
  }

  #forecaster(): string {
    return this.predictor.has('forecast') || !this.plugins.has('predictor', FORECASTER)
      ? this.predictor.id
      : FORECASTER;
  }

  /** The named predictor; with a `model_name` the one that it is, else its owner, else the default for priced models. */
  async #predictorOf({ model_name, predictor_plugin }: StoredRequest): Promise<string> {
    if (!model_name) return predictor_plugin;
    if (this.plugins.has('predictor', model_name)) return model_name;
    const owner = this.plugins.modelOwner(model_name);
    if (owner !== null) return owner;
    return (await this.billing.isPriced(model_name)) ? this.#forecaster() : model_name;
  }

  #unknown(kind: ServingKind, id: string, field: string): readonly Violation[] {
    if (this.plugins.has(kind, id)) return [];
    const fault: AppError = this.plugins.unknownPlugin(kind, id, ['body', field]);
    return fault.violations;
  }
}
