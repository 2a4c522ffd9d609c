import { corrupt, ModelError } from '../errors.js';
import type { ModelLimits } from './limits.js';

/** A string, or a bare word that Python writes and JSON does not know. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\b(?:Infinity|NaN)\b/g;

/** Parses JSON as Python writes it: `Infinity` and `NaN` are legal there. NaN becomes null. */
export function parsePythonJson(bytes: Uint8Array | string, what: string, limits: ModelLimits): unknown {
  if (bytes.length > limits.configBytes)
    throw new ModelError('model_too_large', `${what} has ${bytes.length} bytes`);
  const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8').decode(bytes);
  try {
    return JSON.parse(text);
  } catch (first) {
    if (!/Infinity|NaN/.test(text)) throw corrupt(`${what} is no JSON`, undefined, first);
  }
  const plain = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    if (token === 'NaN') return 'null';
    return token.startsWith('-') ? '-1e999' : '1e999';
  });
  try {
    return JSON.parse(plain);
  } catch (second) {
    throw corrupt(`${what} is no JSON`, undefined, second);
  }
}
