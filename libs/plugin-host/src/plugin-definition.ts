import type { ParameterDeclaration } from '#libs/kernel';
import { PLUGIN_API_VERSION, PLUGIN_KINDS, type PluginDefinition } from '#libs/plugin-sdk';

const ID = /^[a-z][a-z0-9_]{0,63}$/;
const VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
const PARAMETER_TYPES: readonly ParameterDeclaration['type'][] = [
  'integer',
  'number',
  'boolean',
  'string',
  'list',
  'map',
];
const CAPABILITIES = ['forecast', 'entry', 'exit', 'describe', 'metrics', 'noise'];

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

function definitionFaults(value: unknown): readonly string[] {
  if (!isObject(value) || !PLUGIN_KINDS.includes(value['kind'] as never)) {
    return [
      `the default export is not a plugin definition; make it with one of ${PLUGIN_KINDS.map((kind) => `define${kind.charAt(0).toUpperCase()}${kind.slice(1)}`).join(', ')}`,
    ];
  }
  if (value['apiVersion'] !== PLUGIN_API_VERSION) {
    return [
      `is built for plugin API ${JSON.stringify(value['apiVersion'])}, this server speaks ${PLUGIN_API_VERSION}`,
    ];
  }
  const faults: string[] = [];
  const check = (right: boolean, fault: string) => {
    if (!right) faults.push(fault);
  };
  check(ID.test(String(value['id'])), 'id must be lower-case letters, digits and _, a letter first');
  check(VERSION.test(String(value['version'])), 'version must be a semantic version such as 1.0.0');
  check(typeof value['description'] === 'string' && value['description'] !== '', 'description is missing');
  check(typeof value['create'] === 'function', 'create must be a function');
  faults.push(...parameterFaults(value['parameters']));
  if (value['kind'] === 'predictor') faults.push(...capabilityFaults(value['capabilities']));
  return faults;
}

function parameterFaults(parameters: unknown): readonly string[] {
  if (!isObject(parameters)) return ['parameters must be an object of declarations'];
  return Object.entries(parameters)
    .filter(
      ([, declaration]) =>
        !isObject(declaration) ||
        !PARAMETER_TYPES.includes(declaration['type'] as never) ||
        declaration['default'] === undefined ||
        typeof declaration['help'] !== 'string',
    )
    .map(
      ([name]) =>
        `parameter ${name} must be declared with type (${PARAMETER_TYPES.join(', ')}), default and help`,
    );
}

function capabilityFaults(capabilities: unknown): readonly string[] {
  const known =
    Array.isArray(capabilities) && capabilities.every((one) => CAPABILITIES.includes(one as string));
  return known ? [] : [`capabilities must be a list of ${CAPABILITIES.join(', ')}`];
}
