import { SetMetadata } from '@nestjs/common';

export const BODY_LIMIT = Symbol('BODY_LIMIT');

/** Which configured limit a route's body has: `default` without a mark; an `ignored` one is not read. */
export type BodyLimitName = 'default' | 'batch' | 'ignored';

/** The body of this route may be as large as a batch (`batch_body_limit_bytes`). */
export const BatchBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'batch' satisfies BodyLimitName);

/** The route answers the same whatever its body is, even a broken one. */
export const IgnoreBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'ignored' satisfies BodyLimitName);
