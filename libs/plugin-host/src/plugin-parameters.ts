import { checkParameters, type ParameterDeclarations, type ParameterValue, suggestion } from '#libs/kernel';
import { CONFIG_KEYS, isConfigKey, isOriginalKey, type ConfigSource, type AppConfig } from '#libs/config';
import type { PluginDefinition } from '#libs/plugin-sdk';
import { hideFolders } from './plugin-errors.js';

export interface ResolvedParameters {
  readonly values: Readonly<Record<string, ParameterValue>>;
  /** One sentence each, starting with the parameter's name and saying where its value comes from. */
  readonly faults: readonly string[];
}

/**
 * A plugin's parameters: its own default, replaced by what was explicitly given (file < environment < flag, which the
 * configuration has already put in order), replaced by what an alias says. A built-in default of a setting with the same
 * name counts as not given.
 * @param own an alias's parameters; every name must be declared
 */
export function resolveParameters(
  declarations: ParameterDeclarations,
  config: AppConfig,
  own: Readonly<Record<string, unknown>> = {},
): ResolvedParameters {
  const given: Record<string, unknown> = {};
  for (const [name, { type }] of Object.entries(declarations)) {
    if (Object.hasOwn(own, name) || !config.given(name)) continue;
    const value = isConfigKey(name) ? config[name] : config.extras[name];
    // A flag such as `--symbol 7203` is read as a number before anybody knows that text is wanted.
    given[name] = type === 'string' && typeof value === 'number' ? String(value) : value;
  }
  const { values, faults } = checkParameters(declarations, { ...given, ...own });
  return { values, faults: faults.map((fault) => withSource(fault, config, own)) };
}

function withSource(fault: string, config: AppConfig, own: Readonly<Record<string, unknown>>): string {
  const name = fault.slice(0, fault.indexOf(':'));
  if (Object.hasOwn(own, name)) return `${fault} (from plugin_aliases)`;
  const source = config.source(name);
  return source === undefined || source === 'default' ? fault : `${fault} (from ${SOURCE_WORDS[source]})`;
}

const SOURCE_WORDS: Readonly<Record<Exclude<ConfigSource, 'default'>, string>> = {
  remote: 'the remote document',
  file: 'the config file',
  dotenv: '.env',
  environment: 'the environment',
  flag: 'the flags',
};

/** What is given and belongs to nobody: a sentence each. */
export interface UnclaimedNames {
  /** Mistyped, or of a plugin that is not loaded; with the name that was probably meant. */
  readonly faults: readonly string[];
  /** Settings of the Python service. */
  readonly notices: readonly string[];
}

/** Given names that are neither settings nor parameters of a loaded plugin. */
export function unclaimedNames(definitions: readonly PluginDefinition[], config: AppConfig): UnclaimedNames {
  const declared = new Set(definitions.flatMap((definition) => Object.keys(definition.parameters)));
  const unclaimed = Object.keys(config.extras).filter((name) => !declared.has(name));
  const known = [...declared, ...CONFIG_KEYS];
  const where = (name: string): string => {
    const source = config.source(name);
    return source === undefined || source === 'default' ? '' : ` (from ${SOURCE_WORDS[source]})`;
  };
  return {
    faults: unclaimed
      .filter((name) => !isOriginalKey(name))
      .map(
        (name) =>
          `${name}${where(name)}: there is no such setting, and no loaded plugin has this parameter${suggestion(name, known)}`,
      ),
    notices: unclaimed
      .filter(isOriginalKey)
      .map((name) => `${name}: a setting of the Python service that has no effect here`),
  };
}

/** The parameters as they may be shown: secrets left out, files by their name without the folder. */
export function shownParameters(
  declarations: ParameterDeclarations,
  values: Readonly<Record<string, ParameterValue>>,
): Readonly<Record<string, ParameterValue>> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name]) => declarations[name]?.secret !== true)
      .map(([name, value]) => [name, withoutFolders(value)]),
  );
}

function withoutFolders(value: ParameterValue): ParameterValue {
  if (typeof value === 'string') return hideFolders(value);
  if (Array.isArray(value)) return (value as readonly ParameterValue[]).map(withoutFolders);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutFolders(one)]));
}
