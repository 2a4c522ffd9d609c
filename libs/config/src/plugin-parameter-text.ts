import type { CheckedValue, ParameterValue } from '#libs/kernel';
import { jsonFault } from './files.js';

const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const JSON_OPENING = /^\s*[[{"]/;

/**
 * Reads the text of a plugin parameter whose declaration is not known yet: integer, float, `true`/`false`, `null`,
 * a JSON list, object or quoted text, otherwise the text itself. An integer too large to be exact stays text.
 * Text that opens like JSON and is none is a fault.
 */
export function parameterFromText(text: string): CheckedValue {
  if (text === 'null') return { value: null };
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  if (INTEGER.test(text) || FLOAT.test(text)) return { value: numberOr(text) };
  if (!JSON_OPENING.test(text)) return { value: text };
  try {
    return { value: JSON.parse(text) as ParameterValue };
  } catch (cause) {
    return { fault: `starts like JSON but is not valid: ${jsonFault(cause, text)}` };
  }
}

function numberOr(text: string): number | string {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return INTEGER.test(text) && !Number.isSafeInteger(value) ? text : value;
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Names a plugin parameter may have: letters, digits and `_`, at most 64, a letter first; never an object's own parts. */
export const isParameterName = (name: string): boolean => NAME.test(name) && name !== 'constructor';
