/** What became of the rows of one kind. */
interface Tally {
  taken: number;
  already: number;
  /** How many were skipped, by reason. */
  readonly skipped: Map<string, number>;
}

/** A report is read by a person: so many reasons of a kind, and so many notes, are written out. */
const MOST_LINES = 40;

/** Counts what an import takes and leaves, kind by kind in the order they were first named. */
export class ImportReport {
  readonly #tallies = new Map<string, Tally>();
  readonly #notes: string[] = [];

  taken(kind: string, rows = 1): void {
    this.#of(kind).taken += rows;
  }

  /** An earlier run brought it. */
  already(kind: string): void {
    this.#of(kind).already += 1;
  }

  skipped(kind: string, reason: string, rows = 1): void {
    const { skipped } = this.#of(kind);
    if (rows > 0) skipped.set(reason, (skipped.get(reason) ?? 0) + rows);
  }

  /** Something that its reader should know or do. */
  note(text: string): void {
    this.#notes.push(text);
  }

  get lines(): readonly string[] {
    const kinds = [...this.#tallies].flatMap(([kind, { taken, already, skipped }]) => [
      `${kind}: ${taken} taken${already > 0 ? `, ${already} already here` : ''}`,
      ...atMost(
        [...skipped],
        ([reason, rows]) => `  ${rows} skipped: ${reason}`,
        (rest) => {
          const rows = rest.reduce((sum, [, count]) => sum + count, 0);
          return `  ${rows} skipped for further reasons of this kind`;
        },
      ),
    ]);
    const notes = atMost(
      this.#notes,
      (note) => `note: ${note}`,
      (rest) => `note: and ${rest.length} more of this kind`,
    );
    return [...kinds, ...notes];
  }

  #of(kind: string): Tally {
    const known = this.#tallies.get(kind) ?? { taken: 0, already: 0, skipped: new Map<string, number>() };
    this.#tallies.set(kind, known);
    return known;
  }
}

/** A line for each of the first ones, and one for all others. */
function atMost<T>(
  all: readonly T[],
  line: (one: T) => string,
  rest: (others: readonly T[]) => string,
): string[] {
  const others = all.slice(MOST_LINES);
  return [...all.slice(0, MOST_LINES).map(line), ...(others.length > 0 ? [rest(others)] : [])];
}
