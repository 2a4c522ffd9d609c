/** Writes a result for whoever ran the command; returns exit code 0. */
export function print(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Writes what went wrong, or a remark, beside the results. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}
