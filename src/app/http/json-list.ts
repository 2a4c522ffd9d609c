import { setImmediate as nextTurn } from 'node:timers/promises';
import { endOfString, notJson, parseJsonText } from './json-text.js';

/** Characters of a piece, about; parsed in 1 to 2 ms. */
const PIECE = 131_072;

const [QUOTE, COMMA, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [34, 44, 91, 123, 93, 125];

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
