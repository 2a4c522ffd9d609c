import { isAbsolute, resolve } from 'node:path';
import { checkParameters, systemClock, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import type { PluginContext, PluginLogger } from '../definitions.js';
import { PluginError } from '../plugin-error.js';

const silent: PluginLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Anything with parameters and `create`: every kind of definition. */
export interface Creatable<D extends ParameterDeclarations, Instance> {
  readonly id: string;
  readonly parameters: D;
  create(context: PluginContext<D>): Instance | Promise<Instance>;
}

/**
 * Creates a plugin as the host does, for tests: its own defaults, replaced by the given parameters and checked. Without
 * more it has the system clock, a silent logger, no bar cache, and finds files from the working directory.
 * @throws PluginError `not_configured` that names every parameter at fault, known or not; what `create` throws
 */
export async function createPlugin<D extends ParameterDeclarations, Instance>(
  definition: Creatable<D, Instance>,
  given: Readonly<Record<string, unknown>> = {},
  more: Partial<Omit<PluginContext<D>, 'parameters'>> = {},
): Promise<Instance> {
  const { values, faults } = checkParameters(definition.parameters, given);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(definition.parameters, name));
  const all = [...faults, ...unknown.map((name) => `${name}: ${definition.id} has no such parameter`)];
  if (all.length > 0) throw new PluginError('not_configured', all.join('; '));
  return definition.create({
    // Checked against the declarations, from which the type is derived.
    parameters: values as ParametersOf<D>,
    clock: systemClock,
    logger: silent,
    barCache: null,
    resolveFile: (path) => (isAbsolute(path) ? path : resolve(path)),
    ...more,
  });
}
