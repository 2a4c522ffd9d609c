import type { Checked, ParameterValue } from '#libs/kernel';

const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const JSON_OPENING = /^\s*[[{"]/;

/**
 * Reads the text of a plugin parameter whose declaration is not known yet: integer, float, `true`/`false`, `null`,
 * a JSON list, object or quoted text, otherwise the text itself. An integer too large to be exact stays text.
 * Text that opens like JSON and is none is a fault.
 */
export function parameterFromText(text: string): Checked {
  if (text === 'null') return { value: null };
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  if (INTEGER.test(text) || FLOAT.test(text)) return { value: numberOr(text) };
  if (!JSON_OPENING.test(text)) return { value: text };
  try {
    return { value: JSON.parse(text) as ParameterValue };
  } catch (cause) {
    return { fault: `opens like JSON but is none: ${(cause as SyntaxError).message}` };
  }
}

function numberOr(text: string): number | string {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  return INTEGER.test(text) && !Number.isSafeInteger(value) ? text : value;
}

/** The text form that {@link parameterFromText} reads back as the same value. */
export function parameterToText(value: ParameterValue): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const back = parameterFromText(value);
  return 'value' in back && back.value === value ? value : JSON.stringify(value);
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Names a plugin parameter may have: letters, digits and `_`, at most 64, a letter first; never an object's own parts. */
export const isParameterName = (name: string): boolean => NAME.test(name) && name !== 'constructor';
