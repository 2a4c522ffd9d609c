import type { JsonObject } from '../marketplace/marketplace.port.js';

/** Characters of JSON. */
const LARGEST = 16_384;
const DEEPEST = 8;
const UNPRINTABLE = /[^\P{Cc}\t\n\r]|\p{Cs}/u;

/** What keeps free parameters from being stored as they are; null when nothing does. */
export function faultOfParameters(parameters: JsonObject): string | null {
  const fault = faultOf(parameters, 1);
  if (fault !== null) return fault;
  return JSON.stringify(parameters).length > LARGEST ? `may be at most ${LARGEST} characters of JSON` : null;
}

function faultOf(value: unknown, depth: number): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'may hold finite numbers only';
  if (typeof value === 'string')
    return UNPRINTABLE.test(value) ? 'may not hold control characters or broken characters' : null;
  if (typeof value !== 'object' || value === null) return null;
  if (depth > DEEPEST) return `may be at most ${DEEPEST} levels deep`;
  for (const [key, member] of Object.entries(value)) {
    const fault = faultOf(key, depth) ?? faultOf(member, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}
