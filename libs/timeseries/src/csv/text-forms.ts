const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const EQUALS = 0x3d;

/** Whether bytes are UTF-16: by the byte order mark, or because every second byte of plain text is zero. */
export function isUtf16(head: Buffer): 'utf16le' | 'utf16be' | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf16be';
  const pairs = Math.min(64, head.length >>> 1);
  if (pairs < 4) return null;
  let [even, odd] = [0, 0];
  for (let at = 0; at < pairs; at += 1) {
    if (head[2 * at] === 0) even += 1;
    if (head[2 * at + 1] === 0) odd += 1;
  }
  if (even === 0 && odd >= 0.9 * pairs) return 'utf16le';
  return odd === 0 && even >= 0.9 * pairs ? 'utf16be' : null;
}

/** UTF-16 as UTF-8, without a byte order mark. */
export async function* utf16Lines(
  chunks: AsyncGenerator<Buffer>,
  form: 'utf16le' | 'utf16be',
): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(form === 'utf16le' ? 'utf-16le' : 'utf-16be');
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

/** Lines that are looked at. */
const LINES = 20;

/** Whether each whole line is one quoted cell with separators in it. */
export function isQuotedLines(text: string): boolean {
  const lines = text
    .split(/\r\n?|\n/)
    .filter((line) => line.trim() !== '')
    .slice(0, LINES);
  // The last line may be cut off.
  const whole = lines.length > 2 ? lines.slice(0, -1) : lines;
  return (
    whole.length > 0 &&
    whole.every((line) => {
      const inner = /^"(.*)"$/.exec(line)?.[1];
      return inner !== undefined && /[,;\t|]/.test(inner) && !inner.replaceAll('""', '').includes('"');
    })
  );
}

/** Lines without the quotes around each of them; a doubled quote inside becomes one. */
export async function* unquoteLines(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let atStart = true;
  let pending = false;
  for await (const chunk of chunks) {
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let size = 0;
    for (const byte of chunk) {
      if (byte === QUOTE && (atStart || !pending)) {
        pending = !atStart;
        atStart = false;
        continue;
      }
      const isEnd = byte === LF || byte === CR;
      if (pending && byte !== QUOTE && !isEnd) {
        out[size] = QUOTE;
        size += 1;
      }
      pending = false;
      atStart = isEnd;
      out[size] = byte;
      size += 1;
    }
    yield out.subarray(0, size);
  }
}

/** Cells that a spreadsheet is to take as text: `="2024-01-30"`. */
export const hasFormulas = (text: string): boolean => /(?:^|[,;\t\n])="[^"\n]*"(?:[,;\t\r\n]|$)/.test(text);

/** Whether single quotes stand where double ones belong: around each name of the first line. */
export const isSingleQuoted = (text: string): boolean => /^'[^'\n]*'(?:[,;\t|]'[^'\n]*')+\r?\n/.test(text);

/** Text without the sign before the quotes of formulas. */
export async function* withoutFormulas(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const text = Buffer.concat([rest, chunk]);
    // The quote may be the next chunk's first byte.
    const end = text.at(-1) === EQUALS ? text.length - 1 : text.length;
    rest = text.subarray(end);
    yield Buffer.from(text.toString('latin1', 0, end).replaceAll('="', '"'), 'latin1');
  }
  yield rest;
}

/** Text with double quotes for single ones. */
export async function* doubleQuoted(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield chunk.map((byte) => (byte === 0x27 ? QUOTE : byte)) as Buffer;
}
