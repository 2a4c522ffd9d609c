import type { AppConfig } from '#libs/config';
import { isRecord } from '#libs/kernel';
import type { PluginDefinition, PluginKind } from '#libs/plugin-sdk';

/** Another name of a plugin, with parameters of its own; it is a plugin beside the one it stands for. */
export interface PluginAlias {
  /** As the plugin's, but for id and description. */
  readonly definition: PluginDefinition;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a request may give as the name of a plugin. */
const NAME = /^[A-Za-z0-9_@][A-Za-z0-9_@/.-]{0,99}$/;

/** Kinds that a request can name; cores and endpoints are mounted once. */
const NAMED_KINDS: readonly PluginKind[] = ['feeder', 'pipeline', 'predictor'];

/**
 * The aliases that the setting `plugin_aliases` declares, and what is wrong with the others, one sentence each.
 * @param definitions the plugins themselves; an alias of an alias is refused, so that no name leads in a circle
 */
export function aliasesOf(
  { plugin_aliases }: Pick<AppConfig, 'plugin_aliases'>,
  definitions: readonly PluginDefinition[],
): { readonly aliases: readonly PluginAlias[]; readonly faults: readonly string[] } {
  const aliases: PluginAlias[] = [];
  const faults: string[] = [];
  for (const [name, value] of Object.entries(plugin_aliases)) {
    const read = aliasOf(name, value, definitions);
    if (typeof read === 'string') faults.push(`plugin_aliases: "${name}" ${read}`);
    else aliases.push(read);
  }
  return { aliases, faults };
}

function aliasOf(
  name: string,
  value: unknown,
  definitions: readonly PluginDefinition[],
): PluginAlias | string {
  const named = definitions.filter(({ kind }) => NAMED_KINDS.includes(kind));
  if (!NAME.test(name))
    return 'is not a name that a request may give; use up to 100 letters, digits and _ @ / . -';
  if (definitions.some(({ id }) => id === name)) return 'is the name of a plugin already; choose another one';
  const { plugin, parameters = {}, ...rest } = isRecord(value) ? value : { plugin: value };
  if (typeof plugin !== 'string' || !isRecord(parameters) || Object.keys(rest).length > 0)
    return 'must be the id of a plugin, or an object of "plugin" (its id) and "parameters" (an object)';
  const definition = named.find(({ id }) => id === plugin);
  if (definition === undefined)
    return `stands for "${plugin}", which is not loaded; available are ${named.map(({ id }) => id).join(', ')}`;
  const unknown = Object.keys(parameters).filter((one) => !Object.hasOwn(definition.parameters, one));
  if (unknown.length > 0)
    return `has parameters that ${plugin} does not have: ${unknown.join(', ')}; it has ${Object.keys(definition.parameters).join(', ')}`;
  const description = `Alias of ${plugin}. ${definition.description}`;
  return { definition: { ...definition, id: name, description }, parameters };
}
