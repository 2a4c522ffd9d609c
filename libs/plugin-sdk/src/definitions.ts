import type { Clock, ParameterDeclarations, ParametersOf } from '#libs/kernel';
import type { EndpointsPlugin } from './endpoints.js';
import type { BarCache, Feeder } from './feeder.js';
import type { Pipeline } from './pipeline.js';
import type { Predictor, PredictorCapability } from './predictor.js';

/** The contract's version. A plugin built for another one is refused at start, by name. */
export const PLUGIN_API_VERSION = 1;

export type PluginKind = 'core' | 'feeder' | 'pipeline' | 'predictor' | 'endpoints';

export const PLUGIN_KINDS: readonly PluginKind[] = ['core', 'feeder', 'pipeline', 'predictor', 'endpoints'];

export interface PluginLogger {
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** What `create` receives. */
export interface PluginContext<D extends ParameterDeclarations> {
  /** Checked against the declarations: plugin default < config file < environment < flags. Frozen. */
  readonly parameters: ParametersOf<D>;
  readonly clock: Clock;
  readonly logger: PluginLogger;
  /**
   * Absolute path of a file that a parameter names: absolute paths stay, relative ones are looked for beside the config
   * file first and in the working directory second. Does not check that the file exists.
   */
  readonly resolveFile: (path: string) => string;
  /** Bars that survive a restart; null when the host keeps none. */
  readonly barCache: BarCache | null;
}

interface Definition<D extends ParameterDeclarations, Instance> {
  /** Unique among all kinds: lower-case letters, digits and `_`, for example `random_walk_predictor`. */
  readonly id: string;
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  /** Semantic version of the plugin itself. */
  readonly version: string;
  /** One sentence for lists and docs. */
  readonly description: string;
  readonly parameters: D;
  /** Called once, before the server listens. May read files; throws `PluginError` `not_configured` when it can't work. */
  create(context: PluginContext<D>): Instance | Promise<Instance>;
}

/** What a core switches on in the server. Everything else of the API is always there. */
export interface CoreFeatures {
  /** Serve the synchronous entry/exit endpoints (`/api/v1/model/info`, `/api/v1/predict/...`). */
  readonly syncEndpoints: boolean;
}

export interface CoreDefinition<D extends ParameterDeclarations = ParameterDeclarations> extends Definition<
  D,
  CoreFeatures
> {
  readonly kind: 'core';
}
export interface FeederDefinition<D extends ParameterDeclarations = ParameterDeclarations> extends Definition<
  D,
  Feeder
> {
  readonly kind: 'feeder';
}
export interface PipelineDefinition<
  D extends ParameterDeclarations = ParameterDeclarations,
> extends Definition<D, Pipeline> {
  readonly kind: 'pipeline';
}
export interface PredictorDefinition<
  D extends ParameterDeclarations = ParameterDeclarations,
> extends Definition<D, Predictor> {
  readonly kind: 'predictor';
  /** Operations this predictor has; asking for another one is answered with 501 before the plugin is called. */
  readonly capabilities: readonly PredictorCapability[];
  /**
   * True for test instruments that look into the future; shown in model info and plugin lists. Default false. An instance
   * that does not always look ahead says so by `Predictor.looksAheadWith`.
   */
  readonly looksAhead?: boolean;
}
export interface EndpointsDefinition<
  D extends ParameterDeclarations = ParameterDeclarations,
> extends Definition<D, EndpointsPlugin> {
  readonly kind: 'endpoints';
}

export type PluginDefinition =
  CoreDefinition | FeederDefinition | PipelineDefinition | PredictorDefinition | EndpointsDefinition;

/** Typed constructors of the five kinds: they add `kind` and let `create` see its own parameter types. */
export const defineCore = <const D extends ParameterDeclarations>(
  d: Omit<CoreDefinition<D>, 'kind'>,
): CoreDefinition<D> => ({
  ...d,
  kind: 'core',
});
export const defineFeeder = <const D extends ParameterDeclarations>(
  d: Omit<FeederDefinition<D>, 'kind'>,
): FeederDefinition<D> => ({
  ...d,
  kind: 'feeder',
});
export const definePipeline = <const D extends ParameterDeclarations>(
  d: Omit<PipelineDefinition<D>, 'kind'>,
): PipelineDefinition<D> => ({
  ...d,
  kind: 'pipeline',
});
export const definePredictor = <const D extends ParameterDeclarations>(
  d: Omit<PredictorDefinition<D>, 'kind'>,
): PredictorDefinition<D> => ({ ...d, kind: 'predictor' });
export const defineEndpoints = <const D extends ParameterDeclarations>(
  d: Omit<EndpointsDefinition<D>, 'kind'>,
): EndpointsDefinition<D> => ({ ...d, kind: 'endpoints' });
