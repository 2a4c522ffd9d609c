/** Characters that V8 quotes before the place of a fault, when it has to shorten the quotation. */
const CONTEXT = 10;
const QUOTATION = /, (?<cut>\.\.\.)?"(?<part>[^]*?)"(?:\.\.\.)? is not valid JSON$/;

/**
 * What is wrong with a text that is not JSON, and near which line. The engine's own message quotes the text around
 * the fault; that is left out, because a password may stand there.
 */
export function jsonFault(cause: unknown, text: string): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const quotation = QUOTATION.exec(message);
  const position = /at position (\d+)/.exec(message)?.[1];
  const reason = message
    .replace(QUOTATION, '')
    .replace(/ (in JSON )?at position.*$/, '')
    .replace(/^"[^]*" is not valid JSON$/, 'not JSON at all');
  const { part, cut } = quotation?.groups ?? {};
  const quoted = part === undefined ? text.length : text.indexOf(part) + (cut ? CONTEXT : 0);
  const index = position === undefined ? quoted : Number(position);
  const line = text.slice(0, Math.max(0, index)).split('\n').length;
  return text.includes('\n') ? `${reason}, near line ${line}` : reason;
}
