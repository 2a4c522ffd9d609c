import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { compileValidator, requestContext, type Occurrence, type Validator } from '#libs/http';
import { Clock, invalid } from '#libs/kernel';
import { AnswerPage, LINES, ARRAY, refusalText } from './answer-page.js';
import { JSON_TYPE, NDJSON_TYPE } from './answer-text.js';
import { batchRows, parseLine, type BatchRows } from './batch-rows.js';
import { EntryRequest, ExitRequest } from './sync.dto.js';
import { SyncAnswers } from './sync-answers.service.js';

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
type AnswerRow = (row: unknown) => string | Promise<string>;

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
      checked(compileValidator(EntryRequest), (request) => this.answers.entry(request)),
    );
  }

  /** @throws AppError `invalid` for a body that is no batch, `unsupported` */
  exit(body: unknown): Promise<BatchAnswer> {
    return this.inTurn(
      body,
      checked(compileValidator(ExitRequest), (request) => this.answers.exit(request)),
    );
  }

  private async inTurn(body: unknown, answer: AnswerRow): Promise<BatchAnswer> {
    const batch = batchRows(body, this.config.max_batch_rows);
    const { path, requestId } = requestContext();
    const turn = this.last.then(() => this.run(batch, answer, { instance: path, requestId }));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async run(batch: BatchRows, answer: AnswerRow, occurrence: Occurrence): Promise<BatchAnswer> {
    const isArray = batch.form === 'array';
    const page = new AnswerPage(isArray ? ARRAY : LINES, occurrence);
    let sliceEnds = this.clock.monotonic() + SLICE_MS;
    for (const [index, row] of batch.rows.entries()) {
      try {
        page.add(answer(isArray ? row : parseLine(row as string)));
      } catch (error) {
        page.add(refusalText(error, occurrence));
      }
      if (page.open >= MOST_OPEN) await page.settle(MOST_OPEN / 2);
      if (index % ROWS_A_LOOK === 0 && this.clock.monotonic() >= sliceEnds) {
        page.cut();
        await nextTurn();
        sliceEnds = this.clock.monotonic() + SLICE_MS;
      }
    }
    return { contentType: isArray ? JSON_TYPE : NDJSON_TYPE, body: await page.finish() };
  }
}

const checked =
  <T extends object>(validate: Validator<T>, answer: (request: T) => string | Promise<string>): AnswerRow =>
  (row) => {
    const result = validate(row, 'body');
    if ('violations' in result) throw invalid(...result.violations);
    return answer(result.value);
  };
