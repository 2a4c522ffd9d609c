import type { ParameterDeclaration } from '#libs/kernel';
import { PLUGIN_API_VERSION, PLUGIN_KINDS } from './definitions.js';
import { PREDICTOR_CAPABILITIES } from './predictor.js';

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

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What keeps a value from being a plugin definition for this version of the contract; empty when nothing does. */
export function definitionFaults(value: unknown): readonly string[] {
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
    Array.isArray(capabilities) && capabilities.every((one) => PREDICTOR_CAPABILITIES.includes(one as never));
  return known ? [] : [`capabilities must be a list of ${PREDICTOR_CAPABILITIES.join(', ')}`];
}
