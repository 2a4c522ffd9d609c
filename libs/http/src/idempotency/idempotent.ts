import { applyDecorators } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/internal';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/**
 * Wraps every other interceptor of the route, wherever its decorator stands: their work is part of the effect that is
 * stored, and an answer must not wait inside of the transaction.
 */
const outermost: MethodDecorator = (_target, _name, descriptor) => {
  const handler = descriptor.value as object;
  const others = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) as unknown[] | undefined) ?? [];
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [IdempotencyInterceptor, ...others], handler);
};

/** Marks a POST that creates something: with the same `Idempotency-Key` it runs only once. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    outermost,
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Key that makes retries safe: a repeated request with the same key is not carried out again but gets the first answer, with `Idempotency-Replayed: true`. Keys are kept for 24 hours.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11',
    }),
  );
