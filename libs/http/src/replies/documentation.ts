import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { type Role, roleRequired } from '../access.js';
import type { DtoClass } from '../fields/field-type.js';
import { ProblemDetails, ValidationProblem, ViolationItem } from '../problems/problem.dto.js';
import { problem, titleOf } from '../problems/problem.js';
import { Presents } from './presenter.js';

const JSON_TYPE = 'application/json';

type Schema = Readonly<Record<string, unknown>>;

/** Options of {@link Answers}. */
export interface AnswerOptions {
  readonly description?: string;
  /** A complete answer, as a client receives it. */
  readonly example?: unknown;
  /** The answer is a list of such objects. */
  readonly list?: boolean;
  /** Default `application/json`. Give several if the route answers with any one of them. */
  readonly contentType?: string | readonly string[];
  /** The result of the handler is sent unchanged: JSON text of its own, or an object with undeclared properties. */
  readonly asIs?: boolean;
  /** Schemas of content types that are answered beside these, by content type. */
  readonly also?: Readonly<Record<string, Schema>>;
  /** The answer may have members that the DTO does not declare. */
  readonly open?: boolean;
  /** Where what was created is found, by what the handler returns: the header `Location`. */
  readonly location?: (created: never) => string;
  /** Descriptions of response headers, beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The JSON schema of an object that has these properties; the named ones may be absent. */
export const objectSchema = <K extends string>(
  properties: Readonly<Record<K, Schema>>,
  optional: readonly NoInfer<K>[] = [],
) => ({
  type: 'object',
  required: (Object.keys(properties) as K[]).filter((name) => !optional.includes(name)),
  properties,
});

const exampleOf = (example: unknown): Schema => (example === undefined ? {} : { example });

/**
 * A successful answer of a route: sets and documents its status and its body, a DTO or a plain JSON schema. The result of
 * the handler is written as the DTO declares it. A route may have several; the uppermost one sets the status and the DTO.
 */
export function Answers(
  status: number,
  body: DtoClass | Schema,
  options: AnswerOptions = {},
): MethodDecorator {
  const dto = typeof body === 'function' ? body : null;
  const one: Schema = dto === null ? (body as Schema) : { $ref: getSchemaPath(dto) };
  const shown = options.open === true ? { ...one, additionalProperties: true } : one;
  const schema = options.list === true ? { type: 'array', items: shown } : shown;
  const contentTypes = [options.contentType ?? JSON_TYPE].flat();
  const written = contentTypes.includes(JSON_TYPE) ? dto : null;
  // With an interceptor a stream of events would begin before its handler can refuse it.
  const asIs = options.asIs ?? contentTypes.includes('text/event-stream');
  return applyDecorators(
    HttpCode(status),
    ...(asIs ? [] : [Presents(written, options.list ?? false, options.location)]),
    ...(dto === null ? [] : [ApiExtraModels(dto)]),
    ApiResponse({
      status,
      description: options.description ?? 'The request succeeded.',
      headers: headersOf({
        ...options.headers,
        ...(options.location !== undefined && { Location: 'Path of what was created.' }),
      }),
      content: {
        ...Object.fromEntries(
          contentTypes.map((contentType) => [contentType, { schema, ...exampleOf(options.example) }]),
        ),
        ...Object.fromEntries(
          Object.entries(options.also ?? {}).map(([contentType, other]) => [contentType, { schema: other }]),
        ),
      },
    }),
  );
}

const headersOf = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' as const } },
    ]),
  );

/** Errors of a route: a status, or statuses with their `detail`. */
export type ProblemName = number | Readonly<Record<number, string>>;

/** The errors of a route, each with an example: `Problems(401, { 404: 'Prediction not found' })`. */
export function Problems(...names: ProblemName[]): MethodDecorator & ClassDecorator {
  const named = names.flatMap((name) =>
    typeof name === 'number'
      ? [[name, titleOf(name)] as const]
      : Object.entries(name).map(([status, detail]) => [Number(status), detail] as const),
  );
  return applyDecorators(
    ApiExtraModels(ProblemDetails, ValidationProblem, ViolationItem),
    ...named.map(([status, detail]) =>
      ApiResponse({
        status,
        description: detail,
        content: {
          'application/problem+json': {
            schema: { $ref: getSchemaPath(status === 422 ? ValidationProblem : ProblemDetails) },
            example: exampleProblem(status, detail),
          },
        },
      }),
    ),
  );
}

/** The refusals of routes that are for these roles: without a credential, and with another role's. */
export const RoleProblems = (...roles: Role[]): MethodDecorator & ClassDecorator =>
  Problems({ 401: 'API key required' }, { 403: roleRequired(roles) });

const EXAMPLE = { instance: '/api/v1/example', requestId: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' };
const EXAMPLE_VIOLATION = {
  type: 'missing',
  loc: ['body', 'symbol'],
  msg: 'Field required',
  input: { interval: '1d' },
} as const;

const exampleProblem = (status: number, detail: string) =>
  problem(
    status,
    status === 422 ? 'invalid' : titleOf(status).toLowerCase().replaceAll(' ', '_'),
    status === 422 ? [EXAMPLE_VIOLATION] : detail,
    EXAMPLE,
  );

/** Options of {@link Accepts}. */
export interface AcceptOptions {
  readonly description?: string;
  /** Valid bodies, each under a title for the reader. */
  readonly examples: Readonly<Record<string, unknown>>;
  /** The body is a list of such objects. */
  readonly list?: boolean;
  /** Content types that are accepted beside `application/json`, each with an example. */
  readonly also?: Readonly<Record<string, string>>;
}

/** Documents the body of a route with valid examples; not needed if `@Body() body: Dto` says enough. */
export function Accepts(body: DtoClass | Schema, options: AcceptOptions): MethodDecorator {
  const dto = typeof body === 'function' ? body : null;
  const one: Schema = dto === null ? (body as Schema) : { $ref: getSchemaPath(dto) };
  const schema = options.list === true ? { type: 'array', items: one } : one;
  const examples = Object.fromEntries(
    Object.entries(options.examples).map(([name, value]) => [name, { summary: name, value }]),
  );
  const others = Object.entries(options.also ?? {}).map(
    ([contentType, example]) => [contentType, { schema: { type: 'string' as const }, example }] as const,
  );
  return applyDecorators(
    ...(dto === null ? [] : [ApiExtraModels(dto)]),
    ApiBody({
      required: true,
      ...(options.description !== undefined && { description: options.description }),
      schema,
      examples,
      content: { [JSON_TYPE]: { schema, examples }, ...Object.fromEntries(others) },
    } as Parameters<typeof ApiBody>[0]),
  );
}
