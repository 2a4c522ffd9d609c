import { createParamDecorator } from '@nestjs/common';
import { assertPresent, currentContext, type OperationContext } from '#libs/kernel';

/** The operation context of an HTTP request: what its answer, its log line and its audit row have in common. */
export interface RequestContext extends OperationContext {
  /** The caller's address; that of the client itself when a trusted proxy says so. */
  readonly clientAddress: string;
  readonly userAgent: string | null;
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  /** The query with its `?`, or an empty string. */
  readonly query: string;
  /** The parsed body, for the audit row; undefined when there is none. */
  payload: unknown;
}

/** The context of the request at work. @throws Error outside of a request */
export const requestContext = (): RequestContext =>
  assertPresent(currentContext() as RequestContext | undefined, 'an HTTP request has a context');

/** The caller's address, as a parameter of a handler. */
export const ClientAddress = createParamDecorator((): string => requestContext().clientAddress);
