/** What a batch is answered with; the first axis counts rows. */
export interface RowsAnswer {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

type Send = (numbers: Float32Array, shape: readonly number[]) => Promise<RowsAnswer>;

/** Rows that wait for a request. */
interface Waiting {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly resolve: (answer: RowsAnswer) => void;
  readonly reject: (error: unknown) => void;
}

const rowsOf = ({ shape }: Pick<Waiting, 'shape'>): number => shape[0] ?? 1;
const restOf = ({ shape }: Pick<Waiting, 'shape'>): string => shape.slice(1).join();

/**
 * Puts rows that wait at the same moment into one request, at most so many. What comes while all requests are under way
 * waits together for the next one.
 */
export class RowBatches {
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(
    private readonly mostRows: number,
    private readonly atOnce: number,
    private readonly send: Send,
  ) {}

  /** The answer to these rows alone. */
  async run(shape: readonly number[], data: Float32Array): Promise<RowsAnswer> {
    const rows = shape[0] ?? 1;
    const size = data.length / rows;
    const parts: Promise<RowsAnswer>[] = [];
    for (let from = 0; from < rows; from += this.mostRows) {
      const to = Math.min(rows, from + this.mostRows);
      const part = { shape: [to - from, ...shape.slice(1)], data: data.subarray(from * size, to * size) };
      parts.push(new Promise((resolve, reject) => this.#waiting.push({ ...part, resolve, reject })));
    }
    this.#schedule();
    return joined(await Promise.all(parts));
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0 || this.#underWay >= this.atOnce) return;
    this.#isScheduled = true;
    // After everything that is ready to run: forecasts of one moment ask one after the other.
    setImmediate(() => {
      this.#isScheduled = false;
      while (this.#waiting.length > 0 && this.#underWay < this.atOnce) this.#begin(this.#next());
    });
  }

  #next(): readonly Waiting[] {
    const batch: Waiting[] = [];
    let rows = 0;
    for (let one = this.#waiting[0]; one !== undefined; one = this.#waiting[0]) {
      const [first = one] = batch;
      if (rows > 0 && (rows + rowsOf(one) > this.mostRows || restOf(one) !== restOf(first))) break;
      rows += rowsOf(one);
      batch.push(one);
      this.#waiting.shift();
    }
    return batch;
  }

  #begin(batch: readonly Waiting[]): void {
    this.#underWay += 1;
    this.#sent(batch)
      .catch((error: unknown) => {
        for (const { reject } of batch) reject(error);
      })
      .finally(() => {
        this.#underWay -= 1;
        this.#schedule();
      });
  }

  async #sent(batch: readonly Waiting[]): Promise<void> {
    const { shape, data } = joined(batch);
    const answer = await this.send(data, shape);
    const size = answer.data.length / rowsOf({ shape });
    let at = 0;
    for (const one of batch) {
      const rows = rowsOf(one);
      const own = answer.data.slice(at * size, (at + rows) * size);
      one.resolve({ shape: [rows, ...answer.shape.slice(1)], data: own });
      at += rows;
    }
  }
}

function joined(parts: readonly RowsAnswer[]): RowsAnswer {
  const [first] = parts;
  if (first === undefined) throw new Error('invariant broken: nothing is joined');
  if (parts.length === 1) return first;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [parts.reduce((sum, part) => sum + rowsOf(part), 0), ...first.shape.slice(1)], data };
}
