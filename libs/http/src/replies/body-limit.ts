import { SetMetadata } from '@nestjs/common';

export const BODY_LIMIT = Symbol('BODY_LIMIT');

/** Which configured limit a route's body has; `default` is that of every route without a mark. */
export type BodyLimitName = 'default' | 'batch';

/** The body of this route may be as large as a batch (`batch_body_limit_bytes`). */
export const BatchBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'batch' satisfies BodyLimitName);
