/** Writes lines to the terminal of whoever started the process. Never part of the log, so that secrets may be shown once. */
export type Console = (text: string) => void;

/** Injection token of the {@link Console}. */
export const CONSOLE = Symbol('CONSOLE');

export const terminal: Console = (text) => {
  process.stdout.write(`${text}\n`);
};
