import { Injectable } from '@nestjs/common';
import { AppError, invalid, type Violation } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import type { AskedRequest, StoredRequest } from './prediction.types.js';

type ServingKind = 'feeder' | 'pipeline' | 'predictor';

/** Answers predictions when the configured predictor only answers entry and exit questions. */
const FORECASTER = 'default_predictor';

/** Fills in the configured plugins and checks what a DTO can't know: whether the plugins that a request names are loaded. */
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
      ...this.#unknown(
        'predictor',
        request.model_name || request.predictor_plugin,
        request.model_name ? 'model_name' : 'predictor_plugin',
      ),
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

  #unknown(kind: ServingKind, id: string, field: string): readonly Violation[] {
    if (this.plugins.has(kind, id)) return [];
    const fault: AppError = this.plugins.unknownPlugin(kind, id, ['body', field]);
    return fault.violations;
  }
}
