import { it } from '@jest/globals';
import type { ConformanceCheck } from '#libs/plugin-sdk';

/** Each check of a conformance suite as a test of its own. */
export function conform(checks: readonly ConformanceCheck[]): void {
  for (const { name, run } of checks) it(name, run);
}
