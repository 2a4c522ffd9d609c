import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateIf, type ValidationOptions } from 'class-validator';

/** A DTO class. */
export type DtoClass<T extends object = object> = new () => T;

/** What every field may say about itself. */
export interface FieldOptions<T> {
  /** One sentence for the API description. */
  readonly description?: string;
  readonly example?: unknown;
  /** May be absent. Default false. */
  readonly optional?: boolean;
  /** May be an explicit null. Default false. */
  readonly nullable?: boolean;
  /** Takes the place of an absent value (and makes the field optional). */
  readonly default?: T | null;
  /** Never echoed in an error, never stored in the audit log. */
  readonly secret?: boolean;
}

/** How a raw value becomes the field's value; travels in the `context` of the class-validator metadata. */
export interface FieldShape {
  readonly kind:
    | 'any'
    | 'string'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'choice'
    | 'datetime'
    | 'list'
    | 'map'
    | 'object'
    | 'nested';
  readonly secret: boolean;
  /** Absent values take this one; undefined when there is none. */
  readonly default: unknown;
  /** Lists and maps: a holder class whose only field, `value`, is declared like a member. */
  readonly member?: DtoClass;
  /** Nested objects. */
  readonly dto?: () => DtoClass;
  /** Choices: what may be given. */
  readonly choices?: readonly (string | number)[];
}

/** The reusable part of a field: its checks and its schema, without name, optionality or description. */
export interface FieldType {
  readonly shape: Pick<FieldShape, 'kind' | 'member' | 'dto' | 'choices'>;
  /** class-validator decorators, in the order in which they are checked. `options` go to the first one. */
  readonly checks: (options: ValidationOptions) => PropertyDecorator[];
  /** The OpenAPI schema, in @nestjs/swagger's words. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A property decorator that can also describe the members of a list or map. */
export type FieldDecorator = PropertyDecorator & { readonly fieldType: FieldType };

/** Key of the {@link FieldShape} in the metadata's context. */
export const SHAPE = 'shape';

/**
 * Makes the decorator of a field: class-validator's checks, its optionality and the API description from one
 * declaration.
 */
export function field<T>(type: FieldType, options: FieldOptions<T>): FieldDecorator {
  const optional = options.optional === true || options.default !== undefined;
  const shape: FieldShape = {
    ...type.shape,
    secret: options.secret ?? false,
    default: options.default,
  };
  const decorators = [
    ...presence(optional, options.nullable ?? false),
    ...type.checks({ context: { [SHAPE]: shape } }),
    ApiProperty(apiOptions(type, options, optional)),
  ];
  return Object.assign(applyDecorators(...decorators) as PropertyDecorator, { fieldType: type });
}

function presence(optional: boolean, nullable: boolean): PropertyDecorator[] {
  if (optional && nullable) return [IsOptional()];
  if (optional) return [ValidateIf((_, value) => value !== undefined)];
  return nullable ? [ValidateIf((_, value) => value !== null)] : [];
}

function apiOptions<T>(type: FieldType, options: FieldOptions<T>, optional: boolean): ApiPropertyOptions {
  return {
    ...type.schema,
    required: !optional,
    ...(options.nullable === true && { nullable: true }),
    ...(options.default !== undefined && { default: options.default }),
    ...(options.description !== undefined && { description: options.description }),
    ...(options.example !== undefined && { example: options.example }),
    ...(options.secret === true && { format: 'password' }),
  } as ApiPropertyOptions;
}

/** A class with one field, `value`, checked like a member of the list or map. */
export function memberHolder(member: FieldDecorator): DtoClass {
  class Member {
    value: unknown;
  }
  const shape: FieldShape = { ...member.fieldType.shape, secret: false, default: undefined };
  for (const check of member.fieldType.checks({ context: { [SHAPE]: shape } }))
    check(Member.prototype, 'value');
  return Member;
}
