/** What became of the rows of one kind. */
interface Tally {
  taken: number;
  already: number;
  /** How many were skipped, by reason. */
  readonly skipped: Map<string, number>;
}

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
      ...[...skipped].map(([reason, rows]) => `  ${rows} skipped: ${reason}`),
    ]);
    return [...kinds, ...this.#notes.map((note) => `note: ${note}`)];
  }

  #of(kind: string): Tally {
    const known = this.#tallies.get(kind) ?? { taken: 0, already: 0, skipped: new Map<string, number>() };
    this.#tallies.set(kind, known);
    return known;
  }
}
