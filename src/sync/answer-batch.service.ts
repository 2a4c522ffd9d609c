import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import {
  compileValidator,
  type DtoClass,
  IgnoredInRows,
  RawText,
  requestContext,
  type Validator,
  type WireBytes,
} from '#libs/http';
import { Clock, invalid, type AppError } from '#libs/kernel';
import { AnswerPage, LINES, ARRAY } from './answer-page.js';
import { EntryRequest, ExitRequest } from './sync.dto.js';
import { ENTRY_BYTES, EXIT_BYTES, SyncAnswers, JSON_TYPE, NDJSON_TYPE } from './sync-answers.service.js';

/** The whole answer to a batch. */
export interface BatchAnswer {
  readonly contentType: string;
  readonly body: Buffer;
}

/** How long a batch may keep the event loop before it lets other requests in. */
const SLICE_MS = 5;
/** Rows between two looks at the clock; a row takes 1 to 20 microseconds. */
const ROWS_A_LOOK = 32;

/**
 * Promised answers that may be open at the same time. A predictor that computes in a thread of its own works on while the
 * next rows are asked; more would only wait there.
 */
const MOST_OPEN = 64;

/** Checks and answers one row; throws what a single request would be refused with. */
type AnswerRow<A> = (row: unknown) => A | Promise<A>;

/**
 * Answers whole back-tests in one call. Rows are asked in their order, so that sequential noise is drawn as if they had
 * been asked one by one; a predictor that answers with promises has up to {@link MOST_OPEN} of them open. Batches run one
 * after another; between slices of {@link SLICE_MS} other requests are served.
 */
@Injectable()
export class AnswerBatch {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly answers: SyncAnswers,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError `invalid` for a body that is no batch, `unsupported` */
  entry(body: unknown): Promise<BatchAnswer> {
    return this.inTurn(
      body,
      EntryRequest,
      checked(compileValidator(EntryRequest), (request) => this.answers.entryAnswer(request)),
      ENTRY_BYTES,
    );
  }

  /** @throws AppError `invalid` for a body that is no batch, `unsupported` */
  exit(body: unknown): Promise<BatchAnswer> {
    return this.inTurn(
      body,
      ExitRequest,
      checked(compileValidator(ExitRequest), (request) => this.answers.exitAnswer(request)),
      EXIT_BYTES,
    );
  }

  private async inTurn<A extends object>(
    body: unknown,
    row: DtoClass,
    answer: AnswerRow<A>,
    write: WireBytes<A>,
  ): Promise<BatchAnswer> {
    const batch = batchRows(body, this.config.max_batch_rows);
    const ignored = new IgnoredInRows(row);
    const { path, requestId } = requestContext();
    const page = new AnswerPage(batch.form === 'array' ? ARRAY : LINES, write, { instance: path, requestId });
    const turn = this.last.then(() => this.run(batch, answer, page, ignored));
    this.last = turn.catch(() => undefined);
    const answered = await turn;
    ignored.warn();
    return answered;
  }

  private async run<A extends object>(
    batch: BatchRows,
    answer: AnswerRow<A>,
    page: AnswerPage<A>,
    ignored: IgnoredInRows,
  ): Promise<BatchAnswer> {
    const isArray = batch.form === 'array';
    let sliceEnds = this.clock.monotonic() + SLICE_MS;
    const { rows } = batch;
    let values: readonly unknown[] | null = null;
    for (let index = 0; index < rows.length; index += 1) {
      const within = index % ROWS_A_LOOK;
      if (!isArray && within === 0) values = parseLines(rows.slice(index, index + ROWS_A_LOOK) as string[]);
      try {
        const row = isArray ? rows[index] : (values?.[within] ?? parseLine(rows[index] as string));
        ignored.look(row, index);
        page.add(answer(row));
      } catch (error) {
        page.refuse(error);
      }
      if (page.open >= MOST_OPEN) await page.settle(MOST_OPEN / 2);
      if (within === 0 && this.clock.monotonic() >= sliceEnds) {
        await nextTurn();
        sliceEnds = this.clock.monotonic() + SLICE_MS;
      }
    }
    return { contentType: isArray ? JSON_TYPE : NDJSON_TYPE, body: await page.finish() };
  }
}

const checked =
  <T extends object, A>(validate: Validator<T>, answer: (request: T) => A | Promise<A>): AnswerRow<A> =>
  (row) => {
    const result = validate(row, 'body');
    if ('violations' in result) throw invalid(...result.violations);
    return answer(result.value);
  };

/** The rows of a batch, not checked yet, and how they were written. */
interface BatchRows {
  readonly form: 'array' | 'lines';
  /** JSON values, or one JSON text a row. */
  readonly rows: readonly unknown[];
}

const NDJSON = /^application\/x-ndjson\s*(?:;|$)/i;

/**
 * Takes a JSON array, or newline-delimited JSON by its content type; blank lines are no rows.
 * @throws AppError `invalid` for any other body and for too many rows
 */
function batchRows(body: unknown, maxRows: number): BatchRows {
  const batch = readRows(body);
  if (batch.rows.length > maxRows) throw tooLong(batch.rows.length, maxRows);
  return batch;
}

function readRows(body: unknown): BatchRows {
  if (Array.isArray(body)) return { form: 'array', rows: body };
  if (body instanceof RawText && NDJSON.test(body.contentType)) {
    return { form: 'lines', rows: body.text.split('\n').filter((line) => line.trim() !== '') };
  }
  if (body === undefined) {
    throw invalid({ type: 'missing', loc: ['body'], msg: 'Field required', input: null });
  }
  throw invalid({ type: 'list_type', loc: ['body'], msg: 'Input should be a valid list' });
}

function tooLong(actual: number, most: number): AppError {
  return invalid({
    type: 'too_long',
    loc: ['body'],
    msg: `List should have at most ${most} items, not ${actual}`,
    ctx: { field_type: 'List', max_length: most, actual_length: actual },
  });
}

/** A question is one flat object; what opens more brackets than this could exhaust the stack of a serialiser. */
const MAX_BRACKETS = 64;

/**
 * Lines that are flat objects, parsed as one list, in two thirds of the time; null when any is something else. Each line begins
 * with the only `{` and ends with the only `}` in it. So when the list has as many members as there are lines, each brace
 * is one of JSON, and each line by itself is a member.
 */
function parseLines(lines: readonly string[]): readonly unknown[] | null {
  if (!lines.every(isFlatObject)) return null;
  try {
    const values = JSON.parse(`[${lines.join(',')}]`) as readonly unknown[];
    return values.length === lines.length ? values : null;
  } catch {
    return null; // the lines one by one show which it is
  }
}

const isFlatObject = (line: string): boolean =>
  line.charCodeAt(0) === 123 &&
  line.indexOf('}') === line.length - 1 &&
  !line.includes('{', 1) &&
  !line.includes('[');

/**
 * One line of newline-delimited JSON.
 * @throws AppError `invalid` with type `json_invalid`
 */
function parseLine(line: string): unknown {
  if (line.length > MAX_BRACKETS && hasManyBrackets(line)) throw notJson('Nested too deep');
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw notJson('The line is not JSON');
  }
}

function hasManyBrackets(line: string): boolean {
  let brackets = 0;
  for (const bracket of ['[', '{']) {
    for (let at = line.indexOf(bracket); at >= 0; at = line.indexOf(bracket, at + 1)) {
      brackets += 1;
      if (brackets > MAX_BRACKETS) return true;
    }
  }
  return false;
}

const notJson = (reason: string): AppError =>
  invalid({
    type: 'json_invalid',
    loc: ['body', 0],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: reason },
  });
