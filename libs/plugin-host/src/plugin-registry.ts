import { AppError, assertPresent, invalid } from '#libs/kernel';
import type { HealthReading, PluginDefinition, PluginKind, PluginSummary } from '#libs/plugin-sdk';
import type {
  CoreHandle,
  EndpointsHandle,
  FeederHandle,
  HandleOf,
  PipelineHandle,
  PredictorHandle,
} from './handles.js';
import type { PluginSlot } from './plugin-slot.js';
import type { PointInTimeRules } from './point-in-time.js';
import { pluginStatusOf, stateOf, type PluginStatus } from './plugin-status.js';

/** Kinds of which exactly one plugin is configured to answer requests that name none. */
export type SelectableKind = Exclude<PluginKind, 'endpoints'>;

/** Names that clients of the original use for the configured predictor. */
const PREDICTOR_ALIASES: readonly string[] = ['default', 'default_model'];

/** Fields of a request that take a model by its name as well as a predictor. */
const TAKES_A_MODEL: readonly (string | number)[] = ['predictor_plugin', 'model_name'];

/** `code: text`, the form of notes. */
const NOTE_CODE = /^([a-z][a-z_]{1,31}): /;
/** Codes that are counted apart; further ones, which only other plugins can have, are one. */
const MOST_CODES = 64;

/** Answers forecasts when the configured predictor only answers entry and exit questions. */
const FORECASTER = 'default_predictor';

/** Who answers for a model. */
export interface ModelServer {
  /** Id of a predictor, or an alias, which means the predictor that is configured when it is asked. */
  readonly predictor: string;
  /** The predictor's model file (a name in its `model_files`); null leaves the choice to the predictor. */
  readonly model: string | null;
}

/** The time limit of calls that name none; shared with the plugins' guards. */
export interface CallTimeLimit {
  timeoutMs: number;
}

export interface PluginRegistryParts {
  readonly limits: CallTimeLimit;
  /** Every known plugin by id, in the order of the lists. */
  readonly slots: ReadonlyMap<string, PluginSlot>;
  /** The configured plugin of each kind; all of them are created. */
  readonly configured: Readonly<Record<SelectableKind, string>>;
  /** The endpoints plugins to mount; all of them are created. */
  readonly endpoints: readonly string[];
  readonly pointInTime: PointInTimeRules;
  /** Remarks for the log at start, one sentence each. */
  readonly warnings: readonly string[];
}

const modelsOf = ({ resolved }: PluginSlot): readonly string[] => {
  const files = resolved.values['model_files'];
  return typeof files === 'object' && files !== null ? Object.keys(files) : [];
};

/** The loaded plugins, by id and kind. Serves as its own injection token. */
export class PluginRegistry {
  readonly warnings: readonly string[];
  readonly pointInTime: PointInTimeRules;
  /** How often answers carried a note about their data since the start, by the note's code. */
  readonly noteCounts = new Map<string, number>();
  readonly #slots: ReadonlyMap<string, PluginSlot>;
  readonly #configured: Record<SelectableKind, string>;
  readonly #endpoints: readonly string[];
  readonly #limits: CallTimeLimit;

  constructor({ slots, configured, endpoints, warnings, limits, pointInTime }: PluginRegistryParts) {
    this.pointInTime = pointInTime;
    this.#limits = limits;
    this.#slots = slots;
    this.#configured = { ...configured };
    this.#endpoints = endpoints;
    this.warnings = warnings;
  }

  /** Counts the notes of an answer. Codes are few words of the product; what a plugin writes otherwise is `other`. */
  countNotes(notes: readonly string[]): void {
    for (const note of notes) {
      const word = NOTE_CODE.exec(note)?.[1] ?? 'other';
      const code = this.noteCounts.has(word) || this.noteCounts.size < MOST_CODES ? word : 'other';
      this.noteCounts.set(code, (this.noteCounts.get(code) ?? 0) + 1);
    }
  }

  /** Ids of a kind, in the order of the lists. */
  ids(kind: PluginKind): readonly string[] {
    return this.#ofKind(kind).map(({ definition }) => definition.id);
  }

  /** Every known plugin as it was declared, in the order of the lists. */
  definitions(): readonly PluginDefinition[] {
    return [...this.#slots.values()].map(({ definition }) => definition);
  }

  /** Whether a request may name this plugin; for predictors the aliases count. */
  has(kind: PluginKind, id: string): boolean {
    return this.#slots.get(this.canonicalId(kind, id))?.definition.kind === kind;
  }

  /** The id of the plugin that answers requests of this kind that name none. */
  configuredId(kind: SelectableKind): string {
    return this.#configured[kind];
  }

  /** `default` and `default_model` mean the configured predictor; every other name is itself, known or not. */
  canonicalId(kind: PluginKind, id: string): string {
    return kind === 'predictor' && PREDICTOR_ALIASES.includes(id) && !this.#slots.has(id)
      ? this.#configured.predictor
      : id;
  }

  /** The predictor of forecasts that name none: the configured one, or `default_predictor` when that cannot forecast. */
  get forecaster(): string {
    const configured = this.active('predictor');
    return configured.has('forecast') || !this.has('predictor', FORECASTER) ? configured.id : FORECASTER;
  }

  /**
   * Who answers for a model of this name. Predictions, orders, evaluators and the agent all ask here, so that what is
   * sold, told and computed is the same.
   *
   * 1. The id of a predictor, or an alias of the configured one, is that predictor. It wins over a model file that has
   *    the same name.
   * 2. A name in the parameter `model_files` of a predictor is that file. Of several predictors the first one in the
   *    list answers.
   * 3. For any other name the answer is null: there is no such model here. See {@link servesOrSells} for names that
   *    have a price.
   */
  serves(name: string): ModelServer | null {
    if (this.has('predictor', name)) return { predictor: name, model: null };
    const owner = this.#ofKind('predictor').find((slot) => modelsOf(slot).includes(name));
    return owner === undefined ? null : { predictor: owner.definition.id, model: name };
  }

  /**
   * As {@link serves}, but a name that is nothing but a price is answered by the {@link forecaster} with its own choice
   * of a model. This is how core predictions are computed, and what may be ordered. The agent computes no such order:
   * the client pays for a model that another evaluator has.
   * @param isPriced asked last, because it costs a query and hardly any name needs it
   */
  async servesOrSells(
    name: string,
    isPriced: (name: string) => Promise<boolean>,
  ): Promise<ModelServer | null> {
    return this.serves(name) ?? ((await isPriced(name)) ? { predictor: this.forecaster, model: null } : null);
  }

  /** Ids of the predictors that forecast. */
  get forecasters(): readonly string[] {
    return this.#ofKind('predictor')
      .map(({ definition }) => definition)
      .filter((one) => one.kind === 'predictor' && one.capabilities.includes('forecast'))
      .map(({ id }) => id);
  }

  /** The plugin of this id, created where it can be; null where it cannot be, or is not known. */
  async usable<K extends 'feeder' | 'predictor'>(kind: K, id: string): Promise<HandleOf[K] | null> {
    try {
      return this.has(kind, id) ? await this.#use(kind, id) : null;
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  /** Names that a request may give as its predictor or its model beside the predictors, each once. */
  get modelNames(): readonly string[] {
    const names = this.#ofKind('predictor').flatMap(modelsOf);
    return [...new Set(names)].filter((name) => !this.has('predictor', name));
  }

  /** The configured plugin, at once: it is always created. */
  active<K extends SelectableKind>(kind: K): HandleOf[K] {
    const handle = this.#slots.get(this.#configured[kind])?.handle;
    return assertPresent(handle, `the configured ${kind} is created`) as HandleOf[K];
  }

  get core(): CoreHandle {
    return this.active('core');
  }

  /** The mounted endpoints plugins. */
  get endpoints(): readonly EndpointsHandle[] {
    return this.#endpoints.map(
      (id) => assertPresent(this.#slots.get(id)?.handle, `${id} is created`) as EndpointsHandle,
    );
  }

  /**
   * The predictor of this id (aliases understood), or the configured one; creates it on first use.
   * @throws AppError `invalid` with the known ids; `unavailable` when it cannot be created, naming what is missing
   */
  predictor(id?: string | null): Promise<PredictorHandle> {
    return this.#use('predictor', id);
  }

  /** @throws AppError as {@link predictor} */
  feeder(id?: string | null): Promise<FeederHandle> {
    return this.#use('feeder', id);
  }

  /** @throws AppError as {@link predictor} */
  pipeline(id?: string | null): Promise<PipelineHandle> {
    return this.#use('pipeline', id);
  }

  /**
   * From now on requests that name none get this plugin. Creates it first; when that fails nothing changes. Not for
   * cores and endpoints: they decide at start what is mounted.
   * @throws AppError as {@link predictor}
   */
  async select(kind: Exclude<SelectableKind, 'core'>, id: string): Promise<void> {
    const handle = await this.#use(kind, id);
    this.#configured[kind] = handle.id;
  }

  /** Changes `prediction_timeout` for the calls that begin from now on. */
  setTimeLimit(timeoutMs: number): void {
    this.#limits.timeoutMs = timeoutMs;
  }

  /** The 422 for a plugin name that a request made up, listing the known ones; where a model may stand, the models too. */
  unknownPlugin(kind: PluginKind, id: string, loc: readonly (string | number)[]): AppError {
    const known = [...this.ids(kind), ...(TAKES_A_MODEL.includes(loc.at(-1) ?? '') ? this.modelNames : [])];
    return invalid({
      type: 'value_error',
      loc,
      msg: `Value error, ${kind} plugin "${id}" is not loaded; known are ${known.join(', ')}`,
      input: id,
      ctx: { error: {}, known },
    });
  }

  /** Every known plugin with what was measured since the start, in the order of the lists. */
  status(): readonly PluginStatus[] {
    return [...this.#slots.values()].map((slot) => pluginStatusOf(slot, this.#isConfigured(slot)));
  }

  /** What the loaded predictors stand on elsewhere. */
  async readings(): Promise<readonly HealthReading[]> {
    const loaded = this.#ofKind('predictor').map(
      ({ handle }) => handle as PredictorHandle | null | undefined,
    );
    const found = await Promise.all(loaded.map((handle) => handle?.readiness() ?? null));
    return found.filter((reading) => reading !== null);
  }

  /** Every known plugin in short. */
  summaries(): readonly PluginSummary[] {
    return [...this.#slots.values()].map((slot) => {
      const { parameters, ...about } = slot.about;
      return { ...about, state: stateOf(slot), parameters };
    });
  }

  /** Closes every created plugin, all of them even when one fails; the failures are thrown together at the end. */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#slots.values()].map((slot) => slot.close()));
    const failures = results
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => reason as unknown);
    if (failures.length > 0) throw new AggregateError(failures, 'plugins could not be closed');
  }

  #ofKind(kind: PluginKind): readonly PluginSlot[] {
    return [...this.#slots.values()].filter(({ definition }) => definition.kind === kind);
  }

  #isConfigured({ definition: { kind, id } }: PluginSlot): boolean {
    return kind === 'endpoints' ? this.#endpoints.includes(id) : this.#configured[kind] === id;
  }

  async #use<K extends SelectableKind>(kind: K, id: string | null | undefined): Promise<HandleOf[K]> {
    if (id === null || id === undefined) return this.active(kind);
    const slot = this.#slots.get(this.canonicalId(kind, id));
    if (slot?.definition.kind !== kind) throw this.unknownPlugin(kind, id, ['body', `${kind}_plugin`]);
    return (await slot.use()) as HandleOf[K];
  }
}
