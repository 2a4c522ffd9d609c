import { problem, problemOf, titleOf, type Occurrence } from '#libs/http';
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
type Outcome = { readonly text: string } | { readonly error: unknown };

/** The growing answer to a batch: rows in their order, whenever the promised ones come. */
export class AnswerPage {
  readonly #slices: Buffer[] = [];
  readonly #open: (string | Promise<Outcome>)[] = [];
  #text: string;
  #isEmpty = true;
  #promised = 0;

  constructor(
    private readonly form: PageForm,
    private readonly occurrence: Occurrence,
  ) {
    this.#text = form.start;
  }

  /** Promised answers that have not been written yet. */
  get open(): number {
    return this.#promised;
  }

  /** The answer to the next row. */
  add(answer: string | Promise<string>): void {
    if (typeof answer === 'string') {
      if (this.#open.length === 0) this.#write(answer);
      else this.#open.push(answer);
      return;
    }
    this.#promised += 1;
    this.#open.push(
      answer.then(
        (text) => ({ text }),
        (error: unknown) => ({ error }),
      ),
    );
  }

  /**
   * Waits for the oldest promised answers until so many are written.
   * @throws the error of an answer that is not about its row, see {@link refusalText}
   */
  async settle(count: number): Promise<void> {
    const most = Math.max(0, this.#promised - count);
    let settled = 0;
    for (const answer of this.#open) {
      if (typeof answer !== 'string' && this.#promised === most) break;
      settled += 1;
      if (typeof answer === 'string') {
        this.#write(answer);
        continue;
      }
      const outcome = await answer;
      this.#promised -= 1;
      this.#write('text' in outcome ? outcome.text : refusalText(outcome.error, this.occurrence));
    }
    this.#open.splice(0, settled);
  }

  /** Turns what is written so far into bytes, so that no text grows without end. */
  cut(): void {
    this.#slices.push(Buffer.from(this.#text));
    this.#text = '';
  }

  /** The whole answer, when all have come. @throws as {@link settle} */
  async finish(): Promise<Buffer> {
    await this.settle(this.#promised);
    if (!this.#isEmpty || this.form.start !== '') this.#text += this.form.end;
    this.cut();
    return Buffer.concat(this.#slices);
  }

  #write(text: string): void {
    this.#text += this.#isEmpty ? text : this.form.between + text;
    this.#isEmpty = false;
  }
}

/**
 * What stands in the place of a row that was refused: the problem that a single request would have got.
 * @throws the error itself when it is not about this row: the predictor lacks the operation, or a fault of ours
 */
export function refusalText(error: unknown, occurrence: Occurrence): string {
  if (!(error instanceof AppError) || error.kind === 'unsupported') throw error;
  const refusal =
    error.kind === 'internal'
      ? problem(500, 'internal', titleOf(500), occurrence)
      : problemOf(error, occurrence);
  return `{"error":${JSON.stringify(refusal)}}`;
}
