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
 * One thing that the contract asks of a plugin. `run` resolves when the plugin does it and rejects with an error that says
 * what it does instead, so that a check is a test case in any runner: `for (const { name, run } of checks) test(name, run)`.
 */
export interface ConformanceCheck {
  readonly name: string;
  run(): Promise<void>;
}

/** The plugin does something else than the contract asks. */
export class ConformanceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConformanceError';
  }
}

/** One check with its outcome. */
export interface ConformanceResult {
  readonly name: string;
  /** Null when the plugin passed. */
  readonly error: Error | null;
}

/** Makes checks that each work with a plugin of their own, which is closed afterwards. */
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

/** Runs all checks one after the other, for those who have no test runner. Never rejects. */
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

/** @throws ConformanceError with this text when the condition does not hold */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new ConformanceError(otherwise);
}

/** @throws ConformanceError that lists the faults, when there are any */
export function mustHaveNone(faults: readonly string[]): void {
  must(faults.length === 0, faults.join('; '));
}

/** @throws ConformanceError unless the work fails with an error that carries one of these codes */
export async function mustFailWith(
  codes: readonly PluginErrorCode[],
  work: () => unknown,
  when: string,
): Promise<void> {
  const outcome = await settled(work);
  must('error' in outcome, `${when}: must fail with ${codes.join(' or ')}, but answers`);
  const code = pluginErrorCode(outcome.error);
  must(
    code !== null && codes.includes(code),
    `${when}: must fail with ${codes.join(' or ')}, not with ${code ?? String(outcome.error)}`,
  );
}

/** The outcome of work that may throw, reject or answer. */
export async function settled<T>(
  work: () => T | Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

/** Equal as JSON; numbers may differ in the last digits, as sums in another order do. */
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

/** What every definition must be, whatever its kind. The suites of the kinds include these checks. */
export function definitionConformance(definition: PluginDefinition): readonly ConformanceCheck[] {
  return [
    {
      name: 'is a definition for this version of the contract',
      run: async () => mustHaveNone(definitionFaults(definition)),
    },
    {
      name: 'declares defaults that its own rules allow, and says what each parameter does',
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
