import { isAbsolute, resolve } from 'node:path';
import {
  checkParameter,
  checkParameters,
  type ParameterDeclarations,
  type ParametersOf,
  systemClock,
} from '#libs/kernel';
import { PluginError, pluginErrorCode, type PluginErrorCode } from '../plugin-error.js';
import type { PluginContext, PluginDefinition, PluginLogger } from '../definitions.js';
import { definitionFaults } from '../contract-checks.js';

/**
 * One requirement of the contract. `run` resolves if the plugin meets it; otherwise it rejects with an error that says
 * what the plugin does instead. A check is a test case in any runner: `for (const { name, run } of checks) test(name, run)`.
 */
export interface ConformanceCheck {
  readonly name: string;
  run(): Promise<void>;
}

/** The plugin does not meet a requirement of the contract. */
export class ConformanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConformanceError';
  }
}

/** A check and its outcome. */
export interface ConformanceResult {
  readonly name: string;
  /** Null if the plugin passed. */
  readonly error: Error | null;
}

/** Makes checks that each create a new plugin and close it afterwards. */
export const freshChecks =
  <P extends object>(create: () => P | Promise<P>) =>
  (name: string, work: (plugin: P) => Promise<void> | void): ConformanceCheck => ({
    name,
    run: async () => {
      const plugin: P & { close?(): Promise<void> } = await create();
      try {
        await work(plugin);
      } finally {
        await plugin.close?.();
      }
    },
  });

/** Runs all checks one after the other without a test runner. Never rejects. */
export async function runConformance(
  checks: readonly ConformanceCheck[],
): Promise<readonly ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const { name, run } of checks) {
    const error = await run().then(
      () => null,
      (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
    );
    results.push({ name, error });
  }
  return results;
}

/** @throws ConformanceError with the text `otherwise` if the condition is false */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new ConformanceError(otherwise);
}

/** @throws ConformanceError that lists the faults, if there are any */
export function mustHaveNone(faults: readonly string[]): void {
  must(faults.length === 0, faults.join('; '));
}

/** @throws ConformanceError unless the work fails with an error that has one of these codes */
export async function mustFailWith(
  codes: readonly PluginErrorCode[],
  work: () => unknown,
  when: string,
): Promise<void> {
  const outcome = await settled(work);
  must('error' in outcome, `${when}: must fail with ${codes.join(' or ')}, but it succeeded`);
  const code = pluginErrorCode(outcome.error);
  must(
    code !== null && codes.includes(code),
    `${when}: must fail with ${codes.join(' or ')}, not with ${code ?? String(outcome.error)}`,
  );
}

/** The result or the error of work that may throw, reject or succeed. */
export async function settled<T>(
  work: () => T | Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

/** Equal as JSON. Numbers may differ by a relative 1e-9, because the order of a sum changes its last digits. */
export function sameAnswer(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') {
    return (
      Object.is(left, right) || Math.abs(left - right) <= 1e-9 * Math.max(1, Math.abs(left), Math.abs(right))
    );
  }
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return left === right;
  }
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => sameAnswer(left[name as keyof typeof left], right[name as keyof typeof right]))
  );
}

const silent: PluginLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Any kind of definition: it has parameters and `create`. */
export interface Creatable<D extends ParameterDeclarations, Instance> {
  readonly id: string;
  readonly parameters: D;
  create(context: PluginContext<D>): Instance | Promise<Instance>;
}

/**
 * Creates a plugin as the host does, for tests: the given parameters replace its defaults, and all are checked. Unless
 * `more` says otherwise, it gets the system clock, a silent logger and no bar cache, and resolves files from the working
 * directory.
 * @throws PluginError `not_configured` that names every invalid or unknown parameter; also whatever `create` throws
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
    // The values were checked against the declarations that the type is derived from.
    parameters: values as ParametersOf<D>,
    clock: systemClock,
    logger: silent,
    barCache: null,
    resolveFile: (path) => (isAbsolute(path) ? path : resolve(path)),
    ...more,
  });
}

/** Checks of every kind of definition. The suite of each kind includes them. */
export function definitionConformance(definition: PluginDefinition): readonly ConformanceCheck[] {
  return [
    {
      name: 'is a definition for this version of the contract',
      run: async () => mustHaveNone(definitionFaults(definition)),
    },
    {
      name: 'has valid defaults and a help text for each parameter',
      run: async () => mustHaveNone(parameterFaults(definition)),
    },
  ];
}

function parameterFaults({ parameters }: PluginDefinition): readonly string[] {
  return Object.entries(parameters).flatMap(([name, declaration]) => {
    const checked = checkParameter(declaration, declaration.default);
    return [
      ...('fault' in checked ? [`the default of ${name} ${checked.fault}`] : []),
      ...(declaration.help.trim() === '' ? [`${name} has no help`] : []),
    ];
  });
}
