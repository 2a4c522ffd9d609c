import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  getMetadataStorage,
  IsOptional,
  ValidateBy,
  ValidateIf,
  type ValidationArguments,
  type ValidationOptions,
} from 'class-validator';
import { snakeCased } from '#libs/kernel';

/** A DTO class. */
export type DtoClass<T extends object = object> = new () => T;

/** Options of every field. */
export interface FieldOptions<T> {
  /** One sentence for the API description. */
  readonly description?: string;
  readonly example?: unknown;
  /** May be absent. Default false. */
  readonly optional?: boolean;
  /** May be an explicit null. Default false. */
  readonly nullable?: boolean;
  /** Replaces an absent value, and makes the field optional. */
  readonly default?: T | null;
  /** Never returned in an error, never stored in the audit log. */
  readonly secret?: boolean;
  /** Name in JSON, queries and paths; by default the property's in snake case. */
  readonly wire?: string;
  /** Converts the checked value to the property's. Checks and default apply before the conversion. Never throws. */
  readonly read?: (checked: never) => unknown;
  /** Converts the property's value to the one in JSON; not called for null. */
  readonly write?: (value: never) => unknown;
  /** Answers only: computes the value in JSON from the whole object; the property itself is not read. */
  readonly from?: (owner: never) => unknown;
  /** Answers only: a constant value in JSON. */
  readonly always?: T | null;
}

type Change = (value: unknown) => unknown;

/**
 * How a field's value is read from JSON and written to it. Stored in the `context` of class-validator's metadata.
 */
export interface FieldShape {
  /** See {@link FieldOptions}. */
  readonly wire: string;
  readonly from?: Change | undefined;
  readonly read?: Change | undefined;
  readonly write?: Change | undefined;
  readonly kind:
    | 'any'
    | 'string'
    | 'integer'
    | 'id'
    | 'number'
    | 'boolean'
    | 'choice'
    | 'datetime'
    | 'list'
    | 'map'
    | 'object'
    | 'nested';
  /** Numbers: what else than numbers of JSON is not taken for one. Absent: text and booleans are taken. */
  readonly takes?: 'numbers only' | 'no booleans';
  readonly secret: boolean;
  /** Replaces an absent value; undefined if there is no default. */
  readonly default: unknown;
  /** Lists and maps: a holder class whose only field, `value`, is declared like a member. */
  readonly member?: DtoClass;
  /** Nested objects. */
  readonly dto?: () => DtoClass;
  /** Ids: the largest that a row can have. Absent: that of 32 bits. */
  readonly largest?: number;
  /** Choices: the allowed values. */
  readonly choices?: readonly (string | number)[];
  /** Choices: what is said of other text; absent: the pattern of the choices. */
  readonly refusal?: string;
}

/** The reusable part of a field: its checks and its schema, without name, optionality or description. */
export interface FieldType {
  readonly shape: Pick<
    FieldShape,
    'kind' | 'takes' | 'member' | 'dto' | 'largest' | 'choices' | 'refusal' | 'read' | 'write'
  >;
  /** class-validator decorators, in the order in which they are checked. `options` go to the first one. */
  readonly checks: (options: ValidationOptions) => PropertyDecorator[];
  /** The OpenAPI schema, as @nestjs/swagger expects it. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A property decorator that can also describe the members of a list or map. */
export type FieldDecorator = PropertyDecorator & { readonly fieldType: FieldType };

/** Key of the {@link FieldShape} in the metadata's context. */
export const SHAPE = 'shape';

/**
 * Makes the decorator of a field: class-validator's checks, its optionality, its name in JSON and the API description
 * from one declaration.
 */
export function field<T>(type: FieldType, options: FieldOptions<T>): FieldDecorator {
  const optional = options.optional === true || options.default !== undefined;
  const fieldType: FieldType = { ...type, shape: { ...type.shape, ...changesOf(options) } };
  const decorate: PropertyDecorator = (target, property) => {
    const wire = options.wire ?? snakeCased(String(property));
    const shape: FieldShape = {
      ...fieldType.shape,
      wire,
      from: fromOf(options),
      secret: options.secret ?? false,
      default: options.default,
    };
    applyDecorators(
      ...presence(optional, options.nullable ?? false),
      ...type.checks({ context: { [SHAPE]: shape } }),
      ApiProperty({ name: wire, ...apiOptions(type, options, optional) }),
    )(target, property);
  };
  return Object.assign(decorate, { fieldType });
}

const changesOf = <T>({ read, write }: FieldOptions<T>): Pick<FieldShape, 'read' | 'write'> => ({
  ...(read !== undefined && { read: read as Change }),
  ...(write !== undefined && { write: write as Change }),
});

const fromOf = <T>({ from, always }: FieldOptions<T>): Change | undefined =>
  always === undefined ? (from as Change | undefined) : () => always;

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

/** A check of our own in class-validator's form; `faultOf` says what is wrong with a value, null when nothing is. */
export const checkedBy = (
  name: string,
  faultOf: (value: unknown) => string | null,
  options?: ValidationOptions,
): PropertyDecorator => {
  const validator = {
    validate: (value: unknown) => faultOf(value) === null,
    defaultMessage: (args?: ValidationArguments) => faultOf(args?.value) ?? 'is not allowed',
  };
  return ValidateBy({ name, constraints: [], validator }, options);
};

/** A class with one field, `value`, checked like a member of the list or map. */
export function memberHolder(member: FieldDecorator): DtoClass {
  class Member {
    value: unknown;
  }
  const shape: FieldShape = { ...member.fieldType.shape, wire: 'value', secret: false, default: undefined };
  for (const check of member.fieldType.checks({ context: { [SHAPE]: shape } }))
    check(Member.prototype, 'value');
  return Member;
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** A property of a DTO, with everything that class-validator has stored about it. */
export interface DeclaredField {
  readonly property: string;
  /** Undefined for a property that only has decorators of class-validator itself. */
  readonly shape: FieldShape | undefined;
  readonly metadatas: readonly Metadata[];
}

/** True for a class with declared fields. */
export const isDto = (type: unknown): type is DtoClass =>
  typeof type === 'function' && metadataOf(type as DtoClass).length > 0;

function metadataOf(dto: DtoClass): Metadata[] {
  return getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
}

/** The fields of a DTO in order of declaration, inherited ones first. @throws Error if it declares none */
export function declaredFields(dto: DtoClass): readonly DeclaredField[] {
  const chain: unknown[] = [];
  for (let one: unknown = dto; typeof one === 'function'; one = Object.getPrototypeOf(one))
    chain.unshift(one);
  const metadatas = metadataOf(dto).sort((a, b) => chain.indexOf(a.target) - chain.indexOf(b.target));
  if (metadatas.length === 0) throw new Error(`${dto.name} declares no field`);
  return [...new Set(metadatas.map(({ propertyName }) => propertyName))].map((property) => {
    const own = metadatas.filter(({ propertyName }) => propertyName === property);
    return { property, shape: shapeOf(own), metadatas: own };
  });
}

const shapeOf = (metadatas: readonly Metadata[]): FieldShape | undefined =>
  metadatas
    .map((metadata) => (metadata.context as Partial<Record<typeof SHAPE, FieldShape>> | undefined)?.[SHAPE])
    .find((found) => found !== undefined);
