import { lineFields, lineText, presentError } from './line.js';

/**
 * Makes everything that this process writes a line of JSON, for whoever collects its output: what a command prints, what
 * `console` is given by a library, warnings of Node, and the error that ends the process. Lines of JSON pass as they are. What
 * native code writes by itself cannot be caught. A terminal is read by a person, so there everything stays as it is.
 * @returns how to end that
 */
export function writeJsonOnly(): () => void {
  const undo = [
    takeStream(process.stdout, () => 'INFO'),
    // remarks begin with this word
    takeStream(process.stderr, (text) => (text.startsWith('note:') ? 'WARNING' : 'ERROR')),
    process.stderr.isTTY ? () => undefined : takeProcessEvents(),
  ];
  return () => {
    for (const end of undo) end();
  };
}

const consoleLine = (level: string, text: string, fields: Record<string, unknown> = {}): string =>
  `${JSON.stringify({ level, time: new Date().toISOString(), name: 'prediction_provider.console', ...fields, msg: text })}\n`;

type Write = NodeJS.WriteStream['write'];

function takeStream(stream: NodeJS.WriteStream, levelOf: (text: string) => string): () => void {
  if (stream.isTTY) return () => undefined;
  const own = stream.write;
  const write = own.bind(stream) as (text: string, done?: () => void) => boolean;
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    const callback = [encoding, done].find((one) => typeof one === 'function') as (() => void) | undefined;
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const lines = text.replace(/\n+$/, '');
    if (lines === '') {
      callback?.();
      return true;
    }
    return write(isJson(lines) ? `${lines}\n` : consoleLine(levelOf(lines), lines), callback);
  }) as Write;
  return () => {
    stream.write = own;
  };
}

/** Whether each line is a JSON object by itself. */
const isJson = (lines: string): boolean => lines.split('\n').every(isJsonObject);

function isJsonObject(line: string): boolean {
  if (!line.startsWith('{') || !line.endsWith('}')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Node writes warnings and the last error to the standard error by itself, past the stream. */
function takeProcessEvents(): () => void {
  const ends = (error: unknown): void => {
    const err = error instanceof Error ? lineFields(presentError(error)) : { message: lineText(error) };
    const text = 'the process ends by an error that nothing handled';
    process.stderr.write(consoleLine('CRITICAL', text, { err }));
    process.exit(1);
  };
  process.on('uncaughtException', ends);
  const warners = process.listeners('warning');
  const warned = (warning: Error): void => {
    const { code } = warning as { code?: unknown };
    const text = lineText(`${warning.name}: ${warning.message}`);
    process.stderr.write(consoleLine('WARNING', text, typeof code === 'string' ? { code } : {}));
  };
  // without a listener warnings are switched off, and stay so
  if (warners.length > 0) process.removeAllListeners('warning').on('warning', warned);
  return () => {
    process.off('uncaughtException', ends).off('warning', warned);
    for (const warner of warners) process.on('warning', warner);
  };
}
