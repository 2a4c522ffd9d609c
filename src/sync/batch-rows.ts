import { invalid, type AppError } from '#libs/kernel';
import { RawText } from '#libs/http';

/** The rows of a batch, not checked yet, and how they were written. */
export interface BatchRows {
  readonly form: 'array' | 'lines';
  /** JSON values, or one JSON text a row. */
  readonly rows: readonly unknown[];
}

const NDJSON = /^application\/x-ndjson\s*(?:;|$)/i;

/**
 * Takes a JSON array, or newline-delimited JSON by its content type; blank lines are no rows.
 * @throws AppError `invalid` for any other body and for too many rows
 */
export function batchRows(body: unknown, maxRows: number): BatchRows {
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
 * One line of newline-delimited JSON.
 * @throws AppError `invalid` with type `json_invalid`
 */
export function parseLine(line: string): unknown {
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
