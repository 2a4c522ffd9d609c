import { applyDecorators, SetMetadata } from '@nestjs/common';

export const BODY_LIMIT = Symbol('BODY_LIMIT');

/** The limit of a route's body: `default` for unmarked routes; an `ignored` body is not read. */
export type BodyLimitName = 'default' | 'batch' | 'ignored';

/** The body of this route may be as large as a batch (`batch_body_limit_bytes`). */
export const BatchBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'batch' satisfies BodyLimitName);

/** The route ignores its body, even a malformed one. */
export const IgnoreBody = (): MethodDecorator => SetMetadata(BODY_LIMIT, 'ignored' satisfies BodyLimitName);

export const BINARY_BODY = Symbol('BINARY_BODY');

/** What is no JSON in the body of this route is handed over as {@link RawBytes}; it may be as large as a batch. */
export const BinaryBody = (): MethodDecorator =>
  applyDecorators(SetMetadata(BINARY_BODY, true), SetMetadata(BODY_LIMIT, 'batch' satisfies BodyLimitName));

/** A body that is not read as a text, with the headers that say how it is to be read. */
export class RawBytes {
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string,
  ) {}
}
