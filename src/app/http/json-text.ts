import { isUtf8 } from 'node:buffer';
import { invalid, type AppError } from '#libs/kernel';
import { faultInJson } from './json-fault.js';

/** Deeper bodies are refused: what recurses over a body later (redaction, serialising) must never run out of stack. */
const MAX_DEPTH = 64;

/** `"__proto__"` in any spelling that JSON allows; such keys are dropped, because copying them would set a prototype. */
const PROTO_KEY =
  /"(?:_|\\u005[fF]){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[fF])(?:t|\\u0074)(?:o|\\u006[fF])(?:_|\\u005[fF]){2}"/;

/**
 * Parses a JSON body.
 * @throws AppError `invalid`, type `json_invalid`, whose `loc` ends with the offset (in characters) of the fault
 */
export const parseJsonBody = (bytes: Buffer): unknown => parseJsonText(textOf(bytes));

/** @throws AppError `invalid`, type `json_invalid`, for bytes that are no UTF-8 */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw notJson('Invalid UTF-8', 0);
  return bytes.toString('utf8');
}

/**
 * As {@link parseJsonBody}, for text.
 * @param before characters of the body before this text
 */
export function parseJsonText(text: string, before = 0): unknown {
  const tooDeep = depthExceeded(text);
  if (tooDeep !== null) throw notJson(`Nested deeper than ${MAX_DEPTH} levels`, before + tooDeep);
  try {
    const value: unknown = JSON.parse(text);
    return PROTO_KEY.test(text) ? withoutProto(value) : value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const fault = faultInJson(text);
    throw notJson(fault.message, before + fault.offset);
  }
}

export function notJson(message: string, offset: number): AppError {
  return invalid({
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: message },
  });
}

const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [34, 92, 91, 123, 93, 125];

/** Offset of the bracket that opens one level too many, or null. A short text can't nest that deep. */
function depthExceeded(text: string): number | null {
  if (text.length <= MAX_DEPTH) return null;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > MAX_DEPTH) return at;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return null;
}

/** Offset of the quote that ends the string which begins at `start`; the text's length when none does. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function withoutProto(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutProto);
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutProto(inner)]));
}
