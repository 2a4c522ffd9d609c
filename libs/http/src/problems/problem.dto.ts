import { IntegerField, StringField } from '../fields/scalar-fields.js';
import {
  AnyField,
  ListField,
  NestedField,
  ObjectField,
  TextOrIndexField,
} from '../fields/compound-fields.js';

/** An error, as described by RFC 9457. */
export class ProblemDetails {
  @StringField({
    description: 'Stable type of the problem.',
    example: 'urn:prediction-provider:problem:not-found',
  })
  type!: string;

  @StringField({ description: 'Text of the HTTP status.', example: 'Not Found' }) title!: string;
  @IntegerField({ min: 400, max: 599, example: 404 }) status!: number;

  @StringField({ description: 'Human-readable description of the problem.', example: 'Prediction not found' })
  detail!: string;

  @StringField({ description: 'Path of the request.', example: '/api/v1/predictions/9999' })
  instance!: string;

  @StringField({
    description: 'Same value as the header `X-Request-Id`; include it when you report the problem.',
    example: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e',
  })
  requestId!: string;

  @StringField({
    optional: true,
    description: 'Under `/v2` only: the description alone, as the Open Inference Protocol has it.',
  })
  error?: string;
}

/** One violated rule of a request. */
export class ViolationItem {
  @StringField({ description: 'Stable code of the violated rule.', example: 'string_too_long' })
  type!: string;

  @ListField(TextOrIndexField, {
    description: '`body`, `query`, `path` or `header`, then field names and list indexes (numbers).',
    example: ['body', 'symbol'],
  })
  loc!: (string | number)[];

  @StringField({ description: 'What is wrong.', example: 'String should have at most 32 characters' })
  msg!: string;

  @AnyField({
    optional: true,
    description:
      'The value that was sent, or the enclosing object if a field is missing; omitted for secrets.',
    example: { symbol: 'ABC' },
  })
  input?: unknown;

  @ObjectField({ optional: true, description: 'The violated limit.', example: { max_length: 32 } })
  ctx?: Record<string, unknown>;
}

/** A 422, with all violated rules. */
export class ValidationProblem {
  @StringField({ example: 'urn:prediction-provider:problem:invalid' }) type!: string;
  @StringField({ example: 'Unprocessable Content' }) title!: string;
  @IntegerField({ example: 422 }) status!: number;
  @ListField(NestedField(ViolationItem)) detail!: ViolationItem[];
  @StringField({ example: '/api/v1/predictions/' }) instance!: string;
  @StringField({ example: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' }) requestId!: string;
  @StringField({ optional: true, description: 'Under `/v2` only: all faults in one text.' }) error?: string;
}
