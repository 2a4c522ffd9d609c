import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { requestContext } from '#libs/http';
import { AppError } from '#libs/kernel';
import type { AuthenticatedRequest } from './access.guard.js';

/** Where a request comes from, as a session remembers it. */
export interface RequestOrigin {
  readonly address: string;
  readonly userAgent: string | null;
}

/** The request's {@link RequestOrigin}, as a parameter of a handler. */
export const Origin = createParamDecorator((): RequestOrigin => {
  const { clientAddress, userAgent } = requestContext();
  return { address: clientAddress, userAgent };
});

/** The login session of the presented token. @throws AppError `bad_request` when an API key was presented */
export const Session = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const { sessionId } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (sessionId !== undefined) return sessionId;
  throw new AppError('bad_request', 'Only a token can be revoked; this request came with an API key', {
    code: 'no_token',
  });
});
