import { RedactedCopy, redactText } from '#libs/http';

/** Characters of JSON that the fields of a line may have, about; a line that holds a whole body helps nobody. */
const LONGEST_FIELDS = 65_536;
/** Causes below this depth add nothing. */
const MAX_CAUSES = 5;

/**
 * The fields of a line as JSON, whatever they are, without secrets: errors by what they are, moments, collections and
 * large integers as text that tells their value.
 */
export function lineFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return new RedactedCopy(LONGEST_FIELDS, plainValue).of(fields) as Record<string, unknown>;
  } catch (error) {
    // a getter or a toJSON of someone else's object
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}

/** The text of a line, whatever was given as one. */
export const lineText = (message: unknown): string =>
  redactText(typeof message === 'string' ? message : textOf(message));

function textOf(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(lineFields({ value })['value']) ?? String(value);
}

/** An error as a line shows it: type, message, code and stack, not the statement or the values of a query. */
export function presentError(error: Error, depth = 0): Record<string, unknown> {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    stack: error.stack,
    ...(cause !== undefined &&
      depth < MAX_CAUSES && {
        cause: cause instanceof Error ? presentError(cause, depth + 1) : textOf(cause),
      }),
  };
}

/** What JSON knows in place of what it doesn't. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return String(value).slice(0, 100);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return presentError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), one]));
  if (value instanceof Set) return [...value];
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return Reflect.apply(toJSON, value, []) as unknown;
  return value;
}

/** What a logger was called with, sorted: texts are joined, fields merged, an error becomes `err`. */
export interface Line {
  readonly fields: Record<string, unknown>;
  readonly text: string | undefined;
}

/**
 * Puts the arguments of any logger's call together, in the ways that are in use: `(text)`, `(fields, text)`,
 * `(text, fields)`, `(error, text)`, several texts. Nothing that was given is lost.
 * @param stackAllowed whether a text that looks like a stack is one, as in Nest's `error(text, stack, context)`
 */
export function lineOf(given: readonly unknown[], stackAllowed = false): Line {
  const fields: Record<string, unknown> = {};
  const texts: string[] = [];
  for (const one of given) {
    if (one instanceof Error) fields['err' in fields ? `err${Object.keys(fields).length}` : 'err'] = one;
    else if (Array.isArray(one)) texts.push(textOf(one));
    else if (typeof one === 'object' && one !== null) {
      const { message, ...rest } = ownFields(one);
      if (typeof message === 'string') texts.unshift(message);
      Object.assign(fields, rest, message !== undefined && typeof message !== 'string' && { message });
    } else if (stackAllowed && typeof one === 'string' && STACK.test(one)) fields['stack'] = one;
    else if (one !== undefined) texts.push(String(one));
  }
  const error = Object.values(fields).find((value) => value instanceof Error);
  return { fields, text: texts.length > 0 ? texts.join(' ') : (error as Error | undefined)?.message };
}

/** A getter of someone else's object may throw. */
function ownFields(object: object): { message?: unknown } & Record<string, unknown> {
  try {
    return { ...object };
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}

const STACK = /^\w*Error\b|\n\s+at /;
