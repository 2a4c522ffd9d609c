import { SetMetadata } from '@nestjs/common';

export const BODY_LIMIT = Symbol('BODY_LIMIT');

/** The limit of a route's body: `default` for unmarked routes; an `ignored` body is not read. */
export type BodyLimitName = 'default' | 'batch' | 'ignored';

/** The body of this route may be as large as a batch (`batch_body_limit_bytes`). */
export const BatchBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'batch' satisfies BodyLimitName);

/** The route ignores its body, even a malformed one. */
export const IgnoreBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'ignored' satisfies BodyLimitName);
