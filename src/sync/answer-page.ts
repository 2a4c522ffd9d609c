import {
  asciiBytes,
  JsonBytes,
  problem,
  problemOf,
  titleOf,
  type Occurrence,
  type WireBytes,
} from '#libs/http';
import { AppError } from '#libs/kernel';

/** How the answers of a batch are put together. */
interface PageForm {
  readonly start: string;
  readonly between: string;
  readonly end: string;
}

export const ARRAY: PageForm = { start: '[', between: ',', end: ']' };
export const LINES: PageForm = { start: '', between: '\n', end: '\n' };

/** An answer that has come, or the error that came instead. Never a rejection, which nobody might be waiting for yet. */
type Outcome<A> = { readonly answer: A } | { readonly error: unknown };

/** The growing answer to a batch: rows in their order, whenever the promised ones come. */
export class AnswerPage<A extends object> {
  readonly #bytes = new JsonBytes();
  readonly #open: (Outcome<A> | Promise<Outcome<A>>)[] = [];
  readonly #between: Uint8Array;
  #isEmpty = true;
  #promised = 0;

  constructor(
    private readonly form: PageForm,
    private readonly writeAnswer: WireBytes<A>,
    private readonly occurrence: Occurrence,
  ) {
    this.#between = asciiBytes(form.between);
    this.#bytes.text(form.start);
  }

  /** Promised answers that have not been written yet. */
  get open(): number {
    return this.#promised;
  }

  /** The answer to the next row. */
  add(answer: A | Promise<A>): void {
    if (!(answer instanceof Promise)) {
      if (this.#open.length === 0) this.#write(answer);
      else this.#open.push({ answer });
      return;
    }
    this.#promised += 1;
    this.#open.push(
      answer.then(
        (given) => ({ answer: given }),
        (error: unknown) => ({ error }),
      ),
    );
  }

  /** The next row was refused. @throws the error when it is not about this row, see {@link refusalText} */
  refuse(error: unknown): void {
    if (this.#open.length === 0) this.#writeOutcome({ error });
    else this.#open.push({ error });
  }

  /**
   * Waits for the oldest promised answers until so many are written.
   * @throws the error of an answer that is not about its row, see {@link refusalText}
   */
  async settle(count: number): Promise<void> {
    const most = Math.max(0, this.#promised - count);
    let settled = 0;
    for (const outcome of this.#open) {
      const isPromised = outcome instanceof Promise;
      if (isPromised && this.#promised === most) break;
      settled += 1;
      const come = isPromised ? await outcome : outcome;
      if (isPromised) this.#promised -= 1;
      this.#writeOutcome(come);
    }
    this.#open.splice(0, settled);
  }

  /** The whole answer, when all have come. @throws as {@link settle} */
  async finish(): Promise<Buffer> {
    await this.settle(this.#promised);
    if (!this.#isEmpty || this.form.start !== '') this.#bytes.text(this.form.end);
    return this.#bytes.finish();
  }

  #writeOutcome(outcome: Outcome<A>): void {
    if ('answer' in outcome) return this.#write(outcome.answer);
    const text = refusalText(outcome.error, this.occurrence);
    this.#begin();
    this.#bytes.text(text);
  }

  #write(answer: A): void {
    this.#begin();
    this.writeAnswer(answer, this.#bytes);
  }

  #begin(): void {
    if (!this.#isEmpty) this.#bytes.bytes(this.#between);
    this.#isEmpty = false;
  }
}

/**
 * What stands in the place of a row that was refused: the problem that a single request would have got.
 * @throws the error itself when it is not about this row: the predictor lacks the operation, or a fault of ours
 */
function refusalText(error: unknown, occurrence: Occurrence): string {
  if (!(error instanceof AppError) || error.kind === 'unsupported') throw error;
  const refusal =
    error.kind === 'internal'
      ? problem(500, 'internal', titleOf(500), occurrence)
      : problemOf(error, occurrence);
  return `{"error":${JSON.stringify(refusal)}}`;
}
