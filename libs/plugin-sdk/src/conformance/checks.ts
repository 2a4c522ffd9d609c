import { pluginErrorCode, type PluginErrorCode } from '../plugin-error.js';

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
