import { Injectable } from '@nestjs/common';
import { AppError, invalid, type Violation } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import type { AskedRequest, StoredRequest } from './prediction.types.js';

type ServingKind = 'feeder' | 'pipeline' | 'predictor';

/** Answers predictions when the configured predictor only answers entry and exit questions. */
const FORECASTER = 'default_predictor';

/**
 * Fills in the configured plugins and checks what a DTO can't know: whether the plugins that a request names are loaded.
 * A `model_name` is a predictor, or one of the models in a predictor's `model_files`, which that predictor serves.
 */
@Injectable()
export class CompleteRequest {
  constructor(private readonly plugins: PluginRegistry) {}

  /** @throws AppError `invalid` with one violation for each unknown name, listing the known ones. */
  complete(asked: AskedRequest): StoredRequest {
    const request = {
      ...asked,
      predictor_plugin: asked.predictor_plugin ?? this.#forecaster(),
      feeder_plugin: asked.feeder_plugin ?? this.plugins.configuredId('feeder'),
      pipeline_plugin: asked.pipeline_plugin ?? this.plugins.configuredId('pipeline'),
    };
    const violations = [
      ...this.#unknownPredictor(request),
      ...this.#unknown('feeder', request.feeder_plugin, 'feeder_plugin'),
      ...this.#unknown('pipeline', request.pipeline_plugin, 'pipeline_plugin'),
    ];
    if (violations.length > 0) throw invalid(...violations);
    return request;
  }

  #forecaster(): string {
    const configured = this.plugins.active('predictor');
    return configured.has('forecast') || !this.plugins.has('predictor', FORECASTER)
      ? configured.id
      : FORECASTER;
  }

  /** The predictor that will answer: the owner of the model, the predictor that `model_name` is, or the named one. */
  predictorOf({ model_name, predictor_plugin }: StoredRequest): string {
    if (!model_name) return predictor_plugin;
    return this.plugins.modelOwner(model_name) ?? model_name;
  }

  #unknownPredictor(request: StoredRequest): readonly Violation[] {
    const field = request.model_name ? 'model_name' : 'predictor_plugin';
    return this.#unknown('predictor', this.predictorOf(request), field);
  }

  #unknown(kind: ServingKind, id: string, field: string): readonly Violation[] {
    if (this.plugins.has(kind, id)) return [];
    const fault: AppError = this.plugins.unknownPlugin(kind, id, ['body', field]);
    return fault.violations;
  }
}
