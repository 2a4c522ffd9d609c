import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes, SSE_METADATA } from '@nestjs/common/internal';
import { headerOf, requestContext, warnOfParameters, WARNINGS_HEADER } from '#libs/http';

interface AdapterResponse {
  header(name: string, value: string): unknown;
}

/** What a route does with a query: it says itself what it ignores of one that it reads. */
interface QueryUse {
  readonly isRead: boolean;
  readonly streams: boolean;
}

/** Says of routes that read no query what they were asked for in one, streams of events included. */
export class UnreadQuery {
  readonly #uses = new Map<object, QueryUse>();

  /** For the current request, before its handler runs. */
  warn(execution: ExecutionContext): void {
    const { query } = requestContext();
    if (query === '') return;
    const use = this.#useOf(execution);
    if (use.isRead) return;
    warnOfParameters(query);
    const { warnings } = requestContext();
    // No interceptor sees the answer of a stream: it has begun before there would be anything to see.
    if (use.streams && warnings !== undefined)
      execution.switchToHttp().getResponse<AdapterResponse>().header(WARNINGS_HEADER, headerOf(warnings));
  }

  #useOf(execution: ExecutionContext): QueryUse {
    const handler = execution.getHandler();
    const known = this.#uses.get(handler);
    if (known !== undefined) return known;
    const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, execution.getClass(), handler.name) ??
      {}) as object;
    const isRead = Object.keys(parameters).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
    const use = { isRead, streams: Reflect.hasMetadata(SSE_METADATA, handler) };
    this.#uses.set(handler, use);
    return use;
  }
}
