import { AppError, type Clock, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import type {
  BarCache,
  CoreFeatures,
  EndpointsPlugin,
  Feeder,
  Pipeline,
  PluginContext,
  PluginDefinition,
  PluginKind,
  PluginLogger,
  Predictor,
} from '#libs/plugin-sdk';
import { CallMeter, Guard } from './guard.js';
import { guardFeeder, guardPipeline, guardPredictor } from './guarded-plugins.js';
import type { HandleOf, PluginHandle } from './handles.js';
import { answerTo, hideFolders, logPluginFailure } from './plugin-errors.js';
import { shownParameters, type ResolvedParameters } from './plugin-parameters.js';

/** What every plugin is created with. */
export interface SlotEnvironment {
  readonly clock: Clock;
  readonly logger: PluginLogger;
  readonly barCache: BarCache | null;
  readonly resolveFile: (path: string) => string;
  readonly timeoutMs: () => number;
}

type Instance = CoreFeatures | Feeder | Pipeline | Predictor | EndpointsPlugin;
type AnyHandle = HandleOf[PluginKind];

/** A creation that failed is not tried again for this long, so that requests for a broken plugin stay cheap. */
const RETRY_AFTER_MS = 5_000;

/** One known plugin: its definition, its parameters and, once created, its instance. */
export class PluginSlot {
  readonly meter = new CallMeter();
  readonly #logger: PluginLogger;
  #handle: AnyHandle | null = null;
  #instance: Instance | null = null;
  #creating: Promise<AnyHandle> | null = null;
  #failure: { readonly error: AppError; readonly at: number } | null = null;

  constructor(
    readonly definition: PluginDefinition,
    readonly resolved: ResolvedParameters,
    private readonly environment: SlotEnvironment,
  ) {
    this.#logger = labelled(environment.logger, definition.id);
  }

  get handle(): AnyHandle | null {
    return this.#handle;
  }

  /** Why the last creation failed; null when it did not, or has not been tried. */
  get failure(): AppError | null {
    return this.#failure?.error ?? null;
  }

  /** What every list tells of a plugin. */
  get about(): PluginHandle {
    const { id, kind, version, description, parameters } = this.definition;
    return { id, kind, version, description, parameters: shownParameters(parameters, this.resolved.values) };
  }

  /**
   * The created plugin; creates it on first use. Callers that come meanwhile wait for the same creation.
   * @throws AppError `unavailable` (code `not_configured`) that names the plugin and the faulty parameter, or the answer
   *   to what `create` threw
   */
  async use(): Promise<AnyHandle> {
    if (this.#handle) return this.#handle;
    const now = this.environment.clock.monotonic();
    if (this.#failure && now - this.#failure.at < RETRY_AFTER_MS) throw this.#failure.error;
    this.#creating ??= this.#create().finally(() => {
      this.#creating = null;
    });
    return this.#creating;
  }

  /** Closes the instance, if there is one. */
  async close(): Promise<void> {
    await this.#creating?.catch(() => undefined);
    const instance = this.#instance;
    this.#instance = null;
    this.#handle = null;
    if (instance && 'close' in instance) await instance.close?.();
  }

  /** As {@link use}, but with the error that `create` itself threw: the operator at the console may see all of it. */
  async createAtStart(): Promise<void> {
    if (this.resolved.faults.length > 0) throw new Error(this.resolved.faults.join('; '));
    this.#instance = await this.#makeInstance();
    this.#handle = this.#guarded(this.#instance);
  }

  async #create(): Promise<AnyHandle> {
    try {
      if (this.resolved.faults.length > 0) throw notConfigured(this.definition.id, this.resolved.faults);
      this.#instance = await this.#makeInstance();
      this.#handle = this.#guarded(this.#instance);
      this.#failure = null;
      return this.#handle;
    } catch (cause) {
      const error = answerTo(this.definition.id, cause);
      logPluginFailure(this.#logger, 'create', error, cause);
      this.#failure = { error, at: this.environment.clock.monotonic() };
      throw error;
    }
  }

  #makeInstance(): Instance | Promise<Instance> {
    const { clock, barCache, resolveFile } = this.environment;
    const context: PluginContext<ParameterDeclarations> = Object.freeze({
      // Checked against the declarations; the general type cannot know which defaults are null.
      parameters: this.resolved.values as ParametersOf<ParameterDeclarations>,
      clock,
      logger: this.#logger,
      resolveFile,
      barCache,
    });
    return this.definition.create(context);
  }

  #guarded(instance: Instance): AnyHandle {
    const { definition } = this;
    const { clock, timeoutMs } = this.environment;
    const guard = new Guard({ pluginId: definition.id, clock, logger: this.#logger, timeoutMs }, this.meter);
    const about = <K extends PluginKind>(kind: K): PluginHandle<K> => ({ ...this.about, kind });
    switch (definition.kind) {
      case 'core':
        return { ...about('core'), features: instance as CoreFeatures };
      case 'feeder':
        return guardFeeder(about('feeder'), instance as Feeder, guard);
      case 'pipeline':
        return guardPipeline(about('pipeline'), instance as Pipeline, guard);
      case 'predictor':
        return guardPredictor(about('predictor'), definition, instance as Predictor, guard);
      case 'endpoints':
        return { ...about('endpoints'), module: (instance as EndpointsPlugin).module };
    }
  }
}

function notConfigured(id: string, faults: readonly string[]): AppError {
  return new AppError('unavailable', `Plugin ${id} is not configured: ${hideFolders(faults.join('; '))}`, {
    code: 'not_configured',
  });
}

function labelled(logger: PluginLogger, plugin: string): PluginLogger {
  return {
    info: (message, details) => logger.info(message, { plugin, ...details }),
    warn: (message, details) => logger.warn(message, { plugin, ...details }),
    error: (message, details) => logger.error(message, { plugin, ...details }),
  };
}
