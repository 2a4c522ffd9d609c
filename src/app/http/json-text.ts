import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalid, type AppError } from '#libs/kernel';

/** Where and why a text is not JSON. */
interface JsonFault {
  /** Characters before the fault. */
  readonly offset: number;
  /** In the words of the original's parser. */
  readonly message: string;
}

const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const WORD = /true|false|null/uy;
const BLANK = /[ \t\n\r]*/uy;
const STRING_START = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;

/** Walks over a text until it stops being JSON. `JSON.parse` tells the place only sometimes, and in changing words. */
class Scanner {
  #at = 0;

  constructor(private readonly text: string) {}

  /** The fault of the whole text; of a text that is JSON, its end. */
  document(): JsonFault {
    const fault = this.#value();
    if (fault !== null) return fault;
    this.#skip(BLANK);
    return { offset: this.#at, message: 'Extra data' };
  }

  #value(): JsonFault | null {
    this.#skip(BLANK);
    switch (this.text[this.#at]) {
      case '{':
        return this.#members('}', () => this.#member());
      case '[':
        return this.#members(']', () => this.#value());
      case '"':
        return this.#string();
      default:
        return this.#skip(NUMBER) || this.#skip(WORD) ? null : this.#fault('Expecting value');
    }
  }

  #members(close: string, one: () => JsonFault | null): JsonFault | null {
    this.#at += 1;
    this.#skip(BLANK);
    if (this.#takes(close)) return null;
    for (;;) {
      const fault = one();
      if (fault !== null) return fault;
      this.#skip(BLANK);
      if (this.#takes(close)) return null;
      if (!this.#takes(',')) return this.#fault("Expecting ',' delimiter");
    }
  }

  #member(): JsonFault | null {
    this.#skip(BLANK);
    if (this.text[this.#at] !== '"') return this.#fault('Expecting property name enclosed in double quotes');
    const fault = this.#string();
    if (fault !== null) return fault;
    this.#skip(BLANK);
    return this.#takes(':') ? this.#value() : this.#fault("Expecting ':' delimiter");
  }

  #string(): JsonFault | null {
    const start = this.#at;
    if (this.#skip(STRING)) return null;
    this.#skip(STRING_START);
    if (this.#at >= this.text.length) return { offset: start, message: 'Unterminated string starting at' };
    return this.#fault(this.text[this.#at] === '\\' ? 'Invalid \\escape' : 'Invalid control character at');
  }

  #takes(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found === null) return false;
    this.#at += found[0].length;
    return true;
  }

  #fault(message: string): JsonFault {
    return { offset: this.#at, message };
  }
}

/** Finds the first fault of a text that `JSON.parse` refused; its nesting must be limited already. */
export const faultInJson = (text: string): JsonFault => new Scanner(text).document();

/** Deeper bodies are refused: what recurses over a body later (redaction, serialising) must never run out of stack. */
const MAX_DEPTH = 64;

/**
 * Bodies with more members of objects are refused, and so are such items of a list: an object of 80,000 members keeps the
 * event loop for 50 ms when it is parsed and for 15 ms whenever its names are listed. The largest answer that an
 * evaluator can submit has a few hundred.
 */
const MAX_MEMBERS = 10_000;

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
  const excess = limitExceeded(text);
  if (excess !== null) throw notJson(excess.message, before + excess.offset);
  try {
    const value: unknown = JSON.parse(text);
    return PROTO_KEY.test(text) ? withoutProto(value) : value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const fault = faultInJson(text);
    throw notJson(fault.message, before + fault.offset);
  }
}

function notJson(message: string, offset: number): AppError {
  return invalid({
    type: 'json_invalid',
    loc: ['body', offset],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: message },
  });
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [34, 44, 58, 92];
const [OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [91, 123, 93, 125];

/** Where a text nests too deep or has too many members, or null. A short text can't. */
function limitExceeded(text: string): JsonFault | null {
  if (text.length <= MAX_DEPTH) return null;
  let [depth, members] = [0, 0];
  let isList = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COLON) {
      members += 1;
      if (members > MAX_MEMBERS)
        return { offset: at, message: `More than ${MAX_MEMBERS} members of objects` };
    } else if (code === COMMA) {
      if (depth === 1 && isList) members = 0;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth === 1) isList = code === OPEN_LIST;
      if (depth > MAX_DEPTH) return { offset: at, message: `Nested deeper than ${MAX_DEPTH} levels` };
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return null;
}

/** Offset of the quote that ends the string which begins at `start`; the text's length when none does. */
function endOfString(text: string, start: number): number {
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
  if (Array.isArray(value)) {
    for (const member of value) withoutProto(member);
    return value;
  }
  // an own member of this name, as `JSON.parse` makes it; the object's prototype stays
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  for (const name in value) withoutProto((value as Readonly<Record<string, unknown>>)[name]);
  return value;
}

/** Characters of a piece, about; parsed in 1 to 2 ms. */
const PIECE = 131_072;

/** Where a piece of a list ends: before a comma, before the bracket that ends the list, or where the text breaks off. */
interface PieceEnd {
  readonly at: number;
  readonly by: 'comma' | 'bracket' | 'fault';
}

/**
 * Parses a large JSON text; a list in pieces, between which other work gets its turn. Any other value is parsed at once.
 * @throws AppError `invalid`, type `json_invalid`, as for a small body
 */
export async function parseJsonList(text: string): Promise<unknown> {
  const start = text.search(/[^ \t\n\r]/);
  if (text.charCodeAt(start) !== OPEN_LIST) return parseJsonText(text);
  const items: unknown[] = [];
  let from = start + 1;
  // A piece is parsed as a list of its own; all but the first after a 0, so that nothing after a comma stays a fault.
  for (let opening = '['; ; opening = '[0,') {
    const end = pieceEnd(text, from);
    const piece = `${opening}${text.slice(from, end.at)}${end.by === 'fault' ? '' : ']'}`;
    const parsed = parseJsonText(piece, from - opening.length) as readonly unknown[];
    for (let index = opening === '[' ? 0 : 1; index < parsed.length; index += 1) items.push(parsed[index]);
    if (end.by === 'bracket') {
      refuseMore(text, end.at + 1);
      return items;
    }
    from = end.at + 1;
    await nextTurn();
  }
}

function pieceEnd(text: string, from: number): PieceEnd {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (depth > 0 && (code === CLOSE_LIST || code === CLOSE_OBJECT)) depth -= 1;
    else if (code === CLOSE_LIST) return { at, by: 'bracket' };
    else if (code === CLOSE_OBJECT) return { at: at + 1, by: 'fault' };
    else if (code === COMMA && depth === 0 && at - from >= PIECE) return { at, by: 'comma' };
  }
  return { at: text.length, by: 'fault' };
}

function refuseMore(text: string, from: number): void {
  const more = text.slice(from).search(/[^ \t\n\r]/);
  if (more >= 0) throw notJson('Extra data', from + more);
}
