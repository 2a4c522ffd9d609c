import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { IntegerField } from '../fields/scalar-fields.js';
import { requestContext } from '../request-context.js';

/** Most rows of one page. */
export const MAX_PAGE = 1000;

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

  /** What the client gets. */
  get answer(): unknown {
    return this.items;
  }

  /** A page from one row more than was asked for: the surplus row tells that there is a next page. */
  static of<T>(rows: readonly T[], query: Pick<PageQuery, 'limit' | 'offset'>): Page<T> {
    const { limit } = query;
    return limit === undefined || rows.length <= limit
      ? new Page(rows, query, false)
      : new Page(rows.slice(0, limit), query, true);
  }
}

@Injectable()
export class PageInterceptor implements NestInterceptor {
  constructor(private readonly adapters: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<object>();
    return next.handle().pipe(
      map((answer: unknown) => {
        if (!(answer instanceof Page)) return answer;
        const { path, query } = requestContext();
        const links = linksOf(answer, path, new URLSearchParams(query));
        const { httpAdapter } = this.adapters;
        if (links !== '') httpAdapter.setHeader(response, 'Link', links);
        if (answer.total !== undefined) {
          httpAdapter.setHeader(response, 'X-Total-Count', String(answer.total));
        }
        return answer.answer;
      }),
    );
  }
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

/** Marks a route that answers a {@link Page}. */
export const Paged = (): MethodDecorator => applyDecorators(UseInterceptors(PageInterceptor));
