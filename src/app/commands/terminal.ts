/** Cells in columns that are as wide as their longest one, two blanks apart; the first row may be a heading. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => [...(row[at] ?? '')].length)));
  return rows.map(
    (row) =>
      indent +
      row
        .map((cell, at) => cell.padEnd(cell.length - [...cell].length + (widths[at] ?? 0) + 2))
        .join('')
        .trimEnd(),
  );
}

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, faint: 2 } as const;

/** Text in a colour where a terminal shows the results and wants any (`NO_COLOR`); as it is in a file or a pipe. */
export const coloured = (text: string, look: keyof typeof CODES): string =>
  process.stdout.isTTY && process.stdout.hasColors() ? `\u001b[${CODES[look]}m${text}\u001b[0m` : text;

/** A table whose first row is a heading. */
export const listing = (rows: readonly (readonly string[])[]): string =>
  table(rows)
    .map((line, at) => (at === 0 ? coloured(line, 'bold') : line))
    .join('\n');

const BAR_WIDTH = 30;
/** Between two pictures of the bar. */
const EVERY_MS = 100;

/**
 * How far long work has come: one line beside the results that is drawn over, and only where a terminal shows it.
 * @returns tells the part that is done, 0 to 1; 1 clears the line
 */
export function progressBar(work: string): (done: number) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  let drawnAt = -Infinity;
  return (done) => {
    if (done >= 1) return void stderr.write('\r\u001b[K');
    const now = performance.now();
    if (now - drawnAt < EVERY_MS) return;
    drawnAt = now;
    const filled = Math.round(done * BAR_WIDTH);
    const percent = `${Math.floor(done * 100)} %`.padStart(5);
    stderr.write(`\r${work} [${'#'.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}]${percent}\u001b[K`);
  };
}
