import type { JsonObject } from '../marketplace/marketplace.port.js';

/** Characters of JSON. */
const LARGEST = 16_384;
const DEEPEST = 8;

/** Whether free parameters are more than an order may carry; null when they are not. */
export function faultOfParameters(parameters: JsonObject): string | null {
  if (isDeeper(parameters, DEEPEST)) return `may be at most ${DEEPEST} levels deep`;
  return JSON.stringify(parameters).length > LARGEST ? `may be at most ${LARGEST} characters of JSON` : null;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));
