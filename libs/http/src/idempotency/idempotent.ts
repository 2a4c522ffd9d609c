import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/** Marks a POST that creates something: repeated with the same `Idempotency-Key` it happens once. */
export const Idempotent = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Makes a repeat of this request answer as the first did (with `Idempotency-Replayed: true`) instead of doing it again. Kept for 24 hours.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      example: '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11',
    }),
  );
