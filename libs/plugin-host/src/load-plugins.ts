import { type Clock, isRecord, messageOf } from '#libs/kernel';
import { compatibleParameters, ConfigError, type AppConfig } from '#libs/config';
import {
  type BarCache,
  definitionFaults,
  PLUGIN_KINDS,
  type PluginDefinition,
  type PluginKind,
  type PluginLogger,
} from '#libs/plugin-sdk';
import { fileResolver } from './module-importer.js';
import { aliasesOf, type PluginAlias } from './plugin-aliases.js';
import { resolveParameters, unclaimedNames } from './plugin-parameters.js';
import { type CallTimeLimit, PluginRegistry, type SelectableKind } from './plugin-registry.js';
import { PluginSlot, type SlotEnvironment } from './plugin-slot.js';

/**
 * Imports one built-in plugin's module, whose default export is its definition. A thunk, so that a test can look at the
 * list without loading it and nothing is loaded twice.
 */
export type PluginThunk = () => Promise<unknown>;

/** The built-in plugins, in the order in which lists show them. */
export type PluginManifest = readonly PluginThunk[];

/**
 * The plugins cannot be loaded as configured. Carries every fault found, one sentence each, that starts with the plugin's
 * name (or the specifier it was to be loaded from) and says what is wrong and what is available. For the operator's
 * console: it may name files. The command ends with exit code 1.
 */
export class PluginLoadError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: { cause?: unknown }) {
    const heading =
      faults.length === 1
        ? 'A plugin cannot be loaded:'
        : `Plugins cannot be loaded, ${faults.length} faults:`;
    super([heading, ...faults.map((fault) => `  ${fault}`)].join('\n'), options);
    this.name = 'PluginLoadError';
    this.faults = Object.freeze([...faults]);
  }
}

export interface LoadPluginsOptions {
  readonly manifest: PluginManifest;
  readonly config: AppConfig;
  readonly clock: Clock;
  readonly logger: PluginLogger;
  /** Bars that survive a restart; null when there is no database. */
  readonly barCache: BarCache | null;
  /** Imports a module of the config key `plugins`: an npm specifier or a path. See `moduleImporter`. */
  readonly importModule: (specifier: string) => Promise<unknown>;
  /** Where relative paths begin when the file is not beside the config file. Default: the working directory. */
  readonly cwd?: string;
}

/**
 * Loads every built-in and configured third-party plugin, checks all of them and creates the configured ones.
 *
 * @throws PluginLoadError with every fault found, ConfigError for names that nobody has; then nothing stays open
 */
export async function loadPlugins(options: LoadPluginsOptions): Promise<PluginRegistry> {
  const { config } = options;
  const { definitions, faults } = await knownDefinitions(options);
  const { aliases, faults: wrongAliases } = aliasesOf(config, definitions);
  faults.push(...wrongAliases);
  const limits: CallTimeLimit = { timeoutMs: config.prediction_timeout * 1000 };
  const slots = slotsOf(
    [...definitions.map((definition) => ({ definition, parameters: {} })), ...aliases],
    options,
    limits,
  );
  const selection = selectionOf(config, slots, faults);
  const unclaimed = unclaimedNames(definitions, config);
  if (faults.length > 0) throw new PluginLoadError([...faults, ...unclaimed.faults]);
  if (unclaimed.faults.length > 0) throw new ConfigError(unclaimed.faults);
  const registry = new PluginRegistry({
    slots,
    limits,
    pointInTime: {
      clock: options.clock,
      baselineMeans: config.baseline_means,
      maxDataAge: config.max_data_age,
    },
    ...selection,
    warnings: [...unclaimed.notices, ...warningsOf(slots, selection.chosen)],
  });
  await createAll(selection.chosen, slots, registry);
  for (const warning of registry.warnings) options.logger.warn(warning);
  return registry;
}

async function knownDefinitions({ manifest, config, importModule }: LoadPluginsOptions) {
  const sources = [
    ...manifest.map((load, index) => ({ origin: `built-in plugin ${index + 1}`, load })),
    ...config.plugins.map((specifier) => ({ origin: specifier, load: () => importModule(specifier) })),
  ];
  const definitions = new Map<string, { definition: PluginDefinition; origin: string }>();
  const faults: string[] = [];
  // One after the other: they share most of what they import, so together they are no faster.
  for (const { origin, load } of sources) {
    let module: unknown;
    try {
      module = await load();
    } catch (error) {
      faults.push(`${origin}: the module cannot be imported: ${messageOf(error)}`);
      continue;
    }
    const found = definitionsOf(module, origin);
    faults.push(...found.faults);
    for (const definition of found.definitions) {
      const before = definitions.get(definition.id);
      if (before) faults.push(`${definition.id}: is defined twice, by ${before.origin} and by ${origin}`);
      else definitions.set(definition.id, { definition, origin });
    }
  }
  return {
    definitions: [...definitions.values()].map(({ definition }) => withDefaultsOf(config, definition)),
    faults,
  };
}

/** The plugin with those defaults of its parameters that `compatibility` changes; its aliases and lists have them, too. */
function withDefaultsOf(config: AppConfig, definition: PluginDefinition): PluginDefinition {
  const changed = Object.entries(compatibleParameters(definition.id, config)).map(([name, value]) => [
    name,
    { ...definition.parameters[name], default: value },
  ]);
  if (changed.length === 0) return definition;
  return { ...definition, parameters: { ...definition.parameters, ...Object.fromEntries(changed) } };
}

/**
 * The definitions that a module's default export holds: one, or a list of them.
 * @returns the definitions, or what is wrong with them, one sentence each
 */
export function definitionsOf(
  module: unknown,
  origin: string,
): { readonly definitions: readonly PluginDefinition[]; readonly faults: readonly string[] } {
  const exported = defaultExport(module);
  if (exported === undefined) {
    return {
      definitions: [],
      faults: [`${origin}: the module has no default export with a plugin definition`],
    };
  }
  const definitions: PluginDefinition[] = [];
  const faults: string[] = [];
  for (const value of Array.isArray(exported) ? (exported as unknown[]) : [exported]) {
    const found = definitionFaults(value);
    if (found.length === 0) definitions.push(value as PluginDefinition);
    else faults.push(`${nameOf(value) ?? origin}: ${found.join('; ')}`);
  }
  return { definitions, faults };
}

/** A CommonJS module imported from ESM carries its `exports.default` one level deeper. */
function defaultExport(module: unknown): unknown {
  const exported = isRecord(module) ? module['default'] : undefined;
  return isRecord(exported) && exported['__esModule'] === true ? exported['default'] : exported;
}

const nameOf = (value: unknown): string | null =>
  isRecord(value) && typeof value['id'] === 'string' && value['id'] !== '' ? value['id'] : null;

function slotsOf(
  plugins: readonly PluginAlias[],
  { config, clock, logger, barCache, cwd = process.cwd() }: LoadPluginsOptions,
  limits: CallTimeLimit,
): ReadonlyMap<string, PluginSlot> {
  const environment: SlotEnvironment = {
    clock,
    logger,
    barCache,
    resolveFile: fileResolver(config, cwd),
    timeoutMs: () => limits.timeoutMs,
  };
  const byKind = PLUGIN_KINDS.flatMap((kind) => plugins.filter(({ definition }) => definition.kind === kind));
  return new Map(
    byKind.map(({ definition, parameters }) => [
      definition.id,
      new PluginSlot(definition, resolveParameters(definition.parameters, config, parameters), environment),
    ]),
  );
}

interface Selection {
  readonly configured: Readonly<Record<SelectableKind, string>>;
  readonly endpoints: readonly string[];
  /** All of them, each once. */
  readonly chosen: readonly string[];
}

function selectionOf(config: AppConfig, slots: ReadonlyMap<string, PluginSlot>, faults: string[]): Selection {
  const ids = (kind: PluginKind) =>
    [...slots.values()]
      .filter(({ definition }) => definition.kind === kind)
      .map(({ definition }) => definition.id);
  const check = (kind: PluginKind, id: string, setting: string) => {
    if (!ids(kind).includes(id)) {
      faults.push(
        `${id}: no ${kind} plugin has this name (from ${setting}); available are ${ids(kind).join(', ')}`,
      );
    }
  };
  const pick = (kind: SelectableKind): string => {
    const override = config.default_plugins[kind];
    const id = override ?? config[`${kind}_plugin`];
    check(kind, id, override === undefined ? `${kind}_plugin` : 'default_plugins');
    return id;
  };
  const configured = {
    core: pick('core'),
    feeder: pick('feeder'),
    pipeline: pick('pipeline'),
    predictor: pick('predictor'),
  };
  check('endpoints', config.endpoints_plugin, 'endpoints_plugin');
  for (const id of config.endpoint_plugins) check('endpoints', id, 'endpoint_plugins');
  const wanted = [config.endpoints_plugin, ...config.endpoint_plugins];
  if (config.metrics && slots.has('metrics_endpoint')) wanted.push('metrics_endpoint');
  const endpoints = [...new Set(wanted)];
  return { configured, endpoints, chosen: [...Object.values(configured), ...endpoints] };
}

function warningsOf(slots: ReadonlyMap<string, PluginSlot>, chosen: readonly string[]): readonly string[] {
  return [...slots.values()]
    .filter(({ definition, resolved }) => !chosen.includes(definition.id) && resolved.faults.length > 0)
    .map(({ definition, resolved }) => `${definition.id} cannot be used: ${resolved.faults.join('; ')}`);
}

async function createAll(
  chosen: readonly string[],
  slots: ReadonlyMap<string, PluginSlot>,
  registry: PluginRegistry,
): Promise<void> {
  const results = await Promise.allSettled(chosen.map((id) => slots.get(id)?.createAtStart()));
  const faults: string[] = [];
  let cause: unknown;
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    cause ??= result.reason;
    faults.push(`${chosen[index]}: ${messageOf(result.reason)}`);
  }
  if (faults.length === 0) return;
  await registry.close();
  throw new PluginLoadError(faults, { cause });
}
