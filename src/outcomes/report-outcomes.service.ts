import { Injectable } from '@nestjs/common';
import { compileValidator, IgnoredInRows, isAdministrator, RawText } from '#libs/http';
import { TransactionRunner } from '#libs/database';
import { type Actor, AppError, Clock, invalid, type Violation } from '#libs/kernel';
import { canonicalInterval } from '#libs/timeseries';
import { type NewReport, OutcomesRepository } from './outcomes.repository.js';
import { closeOfTarget } from './pin-forecast.service.js';
import { ReportedOutcome, type ReportedOut } from './report-outcomes.dto.js';

const NDJSON = /^application\/x-ndjson\s*(?:;|$)/i;
/** Lines of one request. */
const MOST_LINES = 10_000;
/** Faults that are told; a file of another kind has one a line. */
const MOST_FAULTS = 100;
/** Values in one transaction. */
const BATCH = 500;

/** Takes values of bars that the service's own source does not have. */
@Injectable()
export class ReportOutcomes {
  readonly #validate = compileValidator(ReportedOutcome);

  constructor(
    private readonly outcomes: OutcomesRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /**
   * Keeps every value of the body, or none.
   * @throws AppError `invalid` with the faults of all lines
   */
  async report(body: unknown, { userId, role }: Actor): Promise<ReportedOut> {
    const now = this.clock.now();
    const authority = isAdministrator({ userId, role } as Actor) ? 'administrator' : 'evaluator';
    const lines = this.#read(body, now);
    const figures = { received: lines.length, added: 0, revised: 0, unchanged: 0 };
    for (let first = 0; first < lines.length; first += BATCH)
      await this.transactions.run(async (tx) => {
        for (const line of lines.slice(first, first + BATCH)) {
          const revision = await this.outcomes.report(tx, {
            ...line,
            reporterId: userId,
            authority,
            reportedAt: new Date(now),
          });
          figures[revision === null ? 'unchanged' : revision === 0 ? 'added' : 'revised'] += 1;
        }
      });
    return figures;
  }

  #read(body: unknown, now: number): Omit<NewReport, 'reporterId' | 'authority' | 'reportedAt'>[] {
    const rows = rowsOf(body);
    if (rows.length > MOST_LINES)
      throw new AppError(
        'too_large',
        `One request takes ${MOST_LINES} lines, not ${rows.length}; send several`,
      );
    const faults: Violation[] = [];
    const ignored = new IgnoredInRows(ReportedOutcome);
    const values = rows.flatMap((row, at) => {
      ignored.look(row, at);
      const result = this.#validate(row, 'body');
      const own = 'violations' in result ? result.violations : faultsOf(result.value, now);
      faults.push(...own.map((one) => ({ ...one, loc: ['body', at, ...one.loc.slice(1)] })));
      if ('violations' in result || own.length > 0) return [];
      const { symbol, interval, column, time, value } = result.value;
      return [
        {
          symbol,
          interval: canonicalInterval(interval) ?? interval,
          targetColumn: column,
          barAt: time,
          value,
        },
      ];
    });
    ignored.warn();
    if (faults.length > 0) throw invalid(...faults.slice(0, MOST_FAULTS));
    return values;
  }
}

const faultsOf = ({ time, interval }: ReportedOutcome, now: number): Violation[] =>
  closeOfTarget(time.getTime(), interval) <= now
    ? []
    : [
        {
          type: 'value_error',
          loc: ['body', 'time'],
          msg: 'Value error, the bar of this time has not closed yet',
          input: time.toISOString(),
          ctx: { error: {} },
        },
      ];

/** A JSON array, one object, or one object a line. */
function rowsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (!(body instanceof RawText)) return [body];
  if (!NDJSON.test(body.contentType))
    throw new AppError('unsupported_media', 'Send application/json or application/x-ndjson');
  const lines = body.text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, at) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      throw invalid({ type: 'json_invalid', loc: ['body', at], msg: 'JSON decode error', input: {} });
    }
  });
}
