import { type ExecutionContext, SetMetadata } from '@nestjs/common';
import { currentContext } from '#libs/kernel';
import type { RequestContext } from '../request-context.js';

export const PREPARED = Symbol('PREPARED');

/**
 * The route answers hundreds of requests a second, so its ordinary ones take a short way past the framework: the same
 * guards, the same validator, the same interceptors and the same handler, called directly. The handler takes one validated
 * `@Body()`, and what `createParamDecorator` makes of the request; its interceptors are {@link PreparedInterceptor}s. Without
 * any it returns JSON text, or promises it. Whatever is refused takes the usual way.
 */
export const Prepared = (): MethodDecorator => SetMetadata(PREPARED, true);

/** An interceptor that prepared routes may have: what it does, without streams. */
export interface PreparedInterceptor {
  /** A request with this header takes the usual way. */
  readonly usualWith?: string;
  /** Before the handler is asked. @returns what makes the answer of the handler, or of the interceptor inside, into its own */
  prepare(context: ExecutionContext): (answer: unknown) => unknown;
}

/**
 * For the end of the transaction that does the work of a request, from inside of it: where the request is on a short way, its
 * answer is made now and its audit row added here, so that both share a commit. It leaves when that is durable.
 * @param result what the handler will return
 */
export const answerWithin = (result: unknown): unknown =>
  (currentContext() as RequestContext | undefined)?.answerWithin?.(result);
