/** Runs work under the same name one after another; work under different names runs side by side. */
export class Turns {
  readonly #lines = new Map<string, { tail: Promise<unknown>; length: number }>();

  /** @param maxWaiting how many may stand in one line, the one at work included */
  constructor(private readonly maxWaiting: number) {}

  /** The work's result, or null when the line is full and the work was not begun. */
  async run<T>(name: string, work: () => Promise<T>): Promise<{ readonly result: T } | null> {
    const line = this.#lines.get(name) ?? { tail: Promise.resolve(), length: 0 };
    if (line.length >= this.maxWaiting) return null;
    this.#lines.set(name, line);
    line.length += 1;
    const turn = line.tail.then(work);
    line.tail = turn.then(
      () => undefined,
      () => undefined,
    );
    try {
      return { result: await turn };
    } finally {
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(name);
    }
  }
}
