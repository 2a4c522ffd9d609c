import { definitionFaults, type PluginDefinition } from '#libs/plugin-sdk';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

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
  const exported = isObject(module) ? module['default'] : undefined;
  return isObject(exported) && exported['__esModule'] === true ? exported['default'] : exported;
}

const nameOf = (value: unknown): string | null =>
  isObject(value) && typeof value['id'] === 'string' && value['id'] !== '' ? value['id'] : null;
