import { type AppError, type ErrorKind, isSecretName, type Violation } from '#libs/kernel';
import { RedactedCopy } from '../redaction/redacted-copy.js';
import { redactPath, redactText } from '../redaction/redact-text.js';
import type { AnswerForm, Warning } from '../request-context.js';

/** The HTTP status of each kind of error, with its title. */
const KINDS: Readonly<Record<ErrorKind, readonly [status: number, title: string]>> = {
  bad_request: [400, 'Bad Request'],
  unauthorized: [401, 'Unauthorized'],
  payment_required: [402, 'Payment Required'],
  forbidden: [403, 'Forbidden'],
  not_found: [404, 'Not Found'],
  method_not_allowed: [405, 'Method Not Allowed'],
  deadline_passed: [408, 'Request Timeout'],
  conflict: [409, 'Conflict'],
  gone: [410, 'Gone'],
  too_large: [413, 'Content Too Large'],
  unsupported_media: [415, 'Unsupported Media Type'],
  invalid: [422, 'Unprocessable Content'],
  too_many: [429, 'Too Many Requests'],
  internal: [500, 'Internal Server Error'],
  unsupported: [501, 'Not Implemented'],
  unavailable: [503, 'Service Unavailable'],
};

const TITLES: ReadonlyMap<number, string> = new Map([
  ...Object.values(KINDS),
  [406, 'Not Acceptable'],
  [414, 'URI Too Long'],
  [417, 'Expectation Failed'],
  [431, 'Request Header Fields Too Large'],
]);

/** The title of a status; for a status that this product does not use, the title of its class. */
export const titleOf = (status: number): string =>
  TITLES.get(status) ?? (status < 500 ? 'Bad Request' : 'Internal Server Error');

/** The HTTP status for an {@link AppError}. */
export const httpStatusOf = (kind: ErrorKind): number => KINDS[kind][0];

/** RFC 9457 problem details; `detail` is a list of violations for 422, as the original's clients parse it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string | readonly Violation[];
  readonly instance: string;
  readonly request_id: string;
  /** Under `/v2`: the text alone, as the Open Inference Protocol has it. */
  readonly error?: string;
  /** What of the request was ignored: a mistyped name beside the field that is missing. */
  readonly warnings?: readonly Warning[];
}

/** The request that had the problem. */
export interface Occurrence {
  readonly instance: string;
  readonly requestId: string;
}

/** Paths whose clients read errors as `{"error": text}`. */
const OPEN_INFERENCE = /^\/v2(?:\/|$)/;

/** `code` is stable and machine-readable; the problem's `type` ends with it. */
export const problem = (
  status: number,
  code: string,
  detail: Problem['detail'],
  { instance, requestId }: Occurrence,
): Problem => ({
  type: `urn:prediction-provider:problem:${code.replaceAll('_', '-')}`,
  title: titleOf(status),
  status,
  detail,
  instance: redactPath(instance),
  request_id: requestId,
  ...(OPEN_INFERENCE.test(instance) && { error: textOf(detail) }),
});

const textOf = (detail: Problem['detail']): string =>
  typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; ');

/** If the inputs of all violations have more characters than this, the answer leaves them out. */
const MAX_ECHO = 65_536;

/**
 * The problem details of an error of the product; with the original's text where its form is asked for.
 * @param body as it was sent: a use case knows what was made of it, a moment instead of its text
 */
export function problemOf(
  error: AppError,
  occurrence: Occurrence,
  form: AnswerForm['errors'] = 'problem',
  body?: unknown,
): Problem {
  const status = httpStatusOf(error.kind);
  const text = form === 'original' ? error.original : error.detail;
  return problem(
    status,
    error.code,
    error.kind === 'invalid' ? violationsOf(error, body) : redactText(text),
    occurrence,
  );
}

/** The header that names the type of a problem whose body does not. */
export const PROBLEM_TYPE_HEADER = 'X-Problem-Type';

/** How a problem is sent. */
export interface ProblemReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function problemReply(answered: Problem, form: AnswerForm['errors']): ProblemReply {
  return form === 'problem'
    ? {
        headers: { 'Content-Type': 'application/problem+json; charset=utf-8' },
        body: JSON.stringify(answered),
      }
    : {
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          [PROBLEM_TYPE_HEADER]: answered.type,
        },
        body: JSON.stringify({
          detail: answered.detail,
          ...(answered.error !== undefined && { error: answered.error }),
        }),
      };
}

function violationsOf({ violations, detail }: AppError, body: unknown): readonly Violation[] {
  if (violations.length === 0) {
    return [{ type: 'value_error', loc: ['body'], msg: `Value error, ${detail}`, ctx: { error: {} } }];
  }
  const copy = new RedactedCopy(MAX_ECHO);
  const sent = violations.map((violation) => asSent(violation, body));
  const echoed = sent.map((violation) => echo(violation, copy));
  return copy.isCut ? violations.map((violation) => echo(violation, null)) : echoed;
}

/** With the text, number or switch that stands in its place of the body. */
function asSent(violation: Violation, body: unknown): Violation {
  const [source, ...path] = violation.loc;
  if (source !== 'body' || path.length === 0 || violation.input === undefined) return violation;
  const input = path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string | number, unknown>>)[key]
        : undefined,
    body,
  );
  return ['string', 'number', 'boolean'].includes(typeof input) ? { ...violation, input } : violation;
}

/** A violation without secrets; without what was sent if there is no copy to take. */
function echo({ type, loc, msg, input, ctx }: Violation, copy: RedactedCopy | null): Violation {
  const isSecret = loc.some((part) => typeof part === 'string' && isSecretName(part));
  return {
    type,
    loc: loc.map((part) => (typeof part === 'string' ? redactText(part) : part)),
    msg: redactText(msg),
    ...(input !== undefined && copy !== null && !copy.isCut && !isSecret && { input: copy.of(input) }),
    ...(ctx !== undefined && { ctx }),
  };
}
