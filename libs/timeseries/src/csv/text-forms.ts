const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

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
