import { IntegerField } from '../fields/scalar-fields.js';

/** Most rows of one page. */
export const MAX_PAGE = 1000;

/** The largest 32-bit integer, which ids and offsets are in both databases. */
export const MAX_INTEGER = 2_147_483_647;

/** `limit` of a list that has a default. */
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

  @IntegerField({ default: 0, min: 0, description: 'Items to skip.' })
  offset!: number;
}

/** A part of a list: answered as the bare array, with `Link` (and `X-Total-Count` when the total is known). */
export class Page<T> {
  constructor(
    readonly items: readonly T[],
    readonly query: Pick<PageQuery, 'limit' | 'offset'>,
    /** Is there a next page? */
    readonly more: boolean,
    readonly total?: number,
  ) {}

  /** What the client gets: the list, or an object around it for a route whose DTO is that object. */
  get answer(): object {
    return this.items;
  }

  /** A page of a list whose rows and total are read side by side. */
  static async counted<T>(
    query: { readonly limit: number; readonly offset: number },
    reading: Promise<readonly T[]>,
    counting: Promise<number>,
  ): Promise<Page<T>> {
    const [rows, total] = await Promise.all([reading, counting]);
    return new Page(rows, query, query.offset + rows.length < total, total);
  }

  /** A page from one row more than was asked for: the surplus row tells that there is a next page. */
  static of<T>(rows: readonly T[], query: Pick<PageQuery, 'limit' | 'offset'>): Page<T> {
    const { limit } = query;
    return limit === undefined || rows.length <= limit
      ? new Page(rows, query, false)
      : new Page(rows.slice(0, limit), query, true);
  }
}

/** The headers of a page: `Link` to the ones around it, `X-Total-Count` when the total is known. */
export function pageHeaders(page: Page<unknown>, path: string, query: string): Record<string, string> {
  const links = linksOf(page, path, new URLSearchParams(query));
  return {
    ...(links !== '' && { Link: links }),
    ...(page.total !== undefined && { 'X-Total-Count': String(page.total) }),
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
