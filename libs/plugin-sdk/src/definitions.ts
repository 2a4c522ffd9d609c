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

interface Definition<K extends PluginKind, D extends ParameterDeclarations, Instance> {
  readonly kind: K;
  /** Unique among all kinds: lower-case letters, digits and `_`, for example `random_walk_predictor`. */
  readonly id: string;
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  /** Semantic version of the plugin itself. */
  readonly version: string;
  /** One sentence for lists and docs. */
  readonly description: string;
  readonly parameters: D;
  /** Called once, at start or on first use. May read files; throws `PluginError` `not_configured` if it cannot work. */
  create(context: PluginContext<D>): Instance | Promise<Instance>;
}

type Declarations = ParameterDeclarations;

/** What a core switches on in the server. Everything else of the API is always there. */
export interface CoreFeatures {
  /** Serve the synchronous entry/exit endpoints (`/api/v1/model/info`, `/api/v1/predict/...`). */
  readonly syncEndpoints: boolean;
}

export type CoreDefinition<D extends Declarations = Declarations> = Definition<'core', D, CoreFeatures>;
export type FeederDefinition<D extends Declarations = Declarations> = Definition<'feeder', D, Feeder>;
export type PipelineDefinition<D extends Declarations = Declarations> = Definition<'pipeline', D, Pipeline>;
export type EndpointsDefinition<D extends Declarations = Declarations> = Definition<
  'endpoints',
  D,
  EndpointsPlugin
>;
export interface PredictorDefinition<D extends Declarations = Declarations> extends Definition<
  'predictor',
  D,
  Predictor
> {
  /** Operations this predictor has; asking for another one is answered with 501 before the plugin is called. */
  readonly capabilities: readonly PredictorCapability[];
  /**
   * True for test instruments that look into the future; shown in model info and plugin lists. Default false. An instance
   * that does not always look ahead says so by `Predictor.looksAheadWith`.
   */
  readonly looksAhead?: boolean;
}

export type PluginDefinition =
  CoreDefinition | FeederDefinition | PipelineDefinition | PredictorDefinition | EndpointsDefinition;

/** A definition before its constructor has added the kind. */
type Kindless<T> = Omit<T, 'kind'>;

/** Typed constructors of the five kinds: they add `kind` and let `create` see its own parameter types. */
export const defineCore = <const D extends Declarations>(
  d: Kindless<CoreDefinition<D>>,
): CoreDefinition<D> => ({
  ...d,
  kind: 'core',
});
export const defineFeeder = <const D extends Declarations>(
  d: Kindless<FeederDefinition<D>>,
): FeederDefinition<D> => ({ ...d, kind: 'feeder' });
export const definePipeline = <const D extends Declarations>(
  d: Kindless<PipelineDefinition<D>>,
): PipelineDefinition<D> => ({ ...d, kind: 'pipeline' });
export const definePredictor = <const D extends Declarations>(
  d: Kindless<PredictorDefinition<D>>,
): PredictorDefinition<D> => ({ ...d, kind: 'predictor' });
export const defineEndpoints = <const D extends Declarations>(
  d: Kindless<EndpointsDefinition<D>>,
): EndpointsDefinition<D> => ({ ...d, kind: 'endpoints' });
