import { lookedNumber, rangeTerm, type Term, term } from '#libs/database';

/** What a listing is narrowed to; absent means any. */
export interface ApiLogFilter {
  readonly userId?: number;
  /** Exact path as it was sent, or the template of its route. */
  readonly endpoint?: string;
  readonly method?: string;
  readonly statusCodes?: readonly number[];
  readonly from?: Date;
  readonly to?: Date;
}

/** To the letter as in the conditions of the indexes. */
export const FAILED = 'l.response_status_code >= 400';

/** Each row with this path is found by one of these. */
export const pathsOf = (path: string | undefined): (Term | null)[] =>
  path === undefined
    ? [null]
    : [
        term('l.endpoint', '= :path', { path }),
        {
          found: 'l.route = :path AND l.route <> l.endpoint',
          looked: `COALESCE(l.route, '') = :path AND l.route <> l.endpoint`,
          values: { path },
        },
      ];

/** What a listing is narrowed to: what an index finds, what is looked at in each row, and the time. */
export function termsOf({ userId, method, statusCodes, from, to }: ApiLogFilter) {
  const dates = rangeTerm('l.request_timestamp', from?.toISOString(), to?.toISOString());
  const words: Term[] = [];
  const looked: Term[] = [];
  if (userId !== undefined) words.push(term('l.user_id', '= :userId', { userId }, lookedNumber));
  // to the letter as in the conditions of the indexes
  if (method !== undefined) {
    const one = term('l.method', '= :method', { method });
    if (['GET', 'POST'].includes(method)) looked.push(one);
    else words.push({ ...one, found: `${one.found} AND l.method NOT IN ('GET', 'POST')` });
  }
  let codes: readonly number[] | null = null;
  if (statusCodes !== undefined) {
    const one = term('l.response_status_code', 'IN (:...statusCodes)', { statusCodes }, lookedNumber);
    const areFailures = statusCodes.every((code) => code >= 400);
    if (areFailures && statusCodes.length === 1) words.push({ ...one, found: `${one.found} AND ${FAILED}` });
    else {
      // no index has the rows of several in one order: with other filters they are looked for among all that failed
      if (areFailures)
        words.push({ found: FAILED, looked: `${lookedNumber('l.response_status_code')} >= 400`, values: {} });
      looked.push(one);
      if (areFailures) codes = statusCodes;
    }
  }
  return { words, looked, dates: dates === null ? [] : [dates], codes };
}

/** Letter by letter; `LIKE` would ignore case on one of the two databases, and know wildcards. */
export function partTerm(part: string): Term {
  const contains = (column: string): string => `replace(${column}, :part, '') <> ${column}`;
  const looked = `(${contains('l.endpoint')} OR ${contains('l.route')})`;
  return { found: looked, looked, values: { part } };
}
