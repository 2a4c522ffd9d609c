import { BooleanField, IntegerField } from '../fields/scalar-fields.js';
import { MAX_INTEGER } from '../validation/coercion.js';

/** Maximum number of rows of a page. */
export const MAX_PAGE = 1000;

/** A part of a list: at most `limit` rows, after the first `offset`. */
export interface PageWindow {
  readonly limit: number;
  readonly offset: number;
}

/** `limit` of a list, with a default. */
export const LimitField = (options: {
  readonly default: number;
  readonly max: number;
  readonly example?: number;
}) => IntegerField({ min: 1, description: 'Maximum number of items.', ...options });

/** `offset` of a list. */
export const OffsetField = IntegerField({
  default: 0,
  min: 0,
  max: MAX_INTEGER,
  description: 'Items to skip.',
});

/** `limit` and `offset` of a list; extend it for lists with filters. */
export class PageQuery {
  @IntegerField({ optional: true, min: 1, max: MAX_PAGE, description: 'Maximum number of items.' })
  limit?: number;

  @OffsetField offset!: number;
}

/** Says of a total in the same object that it is not exact. */
export const IsExactField = BooleanField({
  wire: 'total_is_exact',
  optional: true,
  from: ({ isExact }: { readonly isExact: boolean }) => (isExact ? undefined : false),
  description:
    'Present and false if more rows may match than `total` says: at most 2,000 are counted, and of several filters ' +
    '4,000 rows (in the audit log 5,000) that one of them matches are looked at.',
});

/** A part of a list: sent as an array, with the header `Link`, and `X-Total-Count` if the total is known. */
export class Page<T> {
  constructor(
    readonly items: readonly T[],
    readonly query: Pick<PageQuery, 'limit' | 'offset'>,
    /** Whether there is a next page. */
    readonly more: boolean,
    readonly total?: number,
    /** False when there are more than the total says. */
    readonly isExact = true,
  ) {}

  /** The body to send: the list, or an object that contains it for a route whose DTO is that object. */
  get answer(): object {
    return this.items;
  }

  /** A page of a list whose rows and total are read in parallel. */
  static async counted<T>(
    query: PageWindow,
    reading: Promise<readonly T[]>,
    counting: Promise<number>,
  ): Promise<Page<T>> {
    const [rows, total] = await Promise.all([reading, counting]);
    return new Page(rows, query, query.offset + rows.length < total, total);
  }

  /** A page made from one row more than requested: the additional row shows that there is a next page. */
  static of<T>(rows: readonly T[], query: Pick<PageQuery, 'limit' | 'offset'>): Page<T> {
    const { limit } = query;
    return limit === undefined || rows.length <= limit
      ? new Page(rows, query, false)
      : new Page(rows.slice(0, limit), query, true);
  }
}

/** The headers of a page: `Link` to the pages around it, `X-Total-Count` if the total is known. */
export function pageHeaders(page: Page<unknown>, path: string, query: string): Record<string, string> {
  const links = linksOf(page, path, new URLSearchParams(query));
  return {
    ...(links !== '' && { Link: links }),
    ...(page.total !== undefined && { 'X-Total-Count': String(page.total) }),
    ...(!page.isExact && { 'X-Total-Count-Exact': 'false' }),
  };
}

function linksOf({ query, more }: Page<unknown>, path: string, parameters: URLSearchParams): string {
  const { limit, offset } = query;
  if (limit === undefined) return '';
  const to = (start: number, rel: string): string => {
    parameters.set('limit', String(limit));
    parameters.set('offset', String(start));
    return `<${path}?${parameters.toString()}>; rel="${rel}"`;
  };
  return [
    ...(more ? [to(offset + limit, 'next')] : []),
    ...(offset > 0 ? [to(Math.max(0, offset - limit), 'prev'), to(0, 'first')] : []),
  ].join(', ');
}
