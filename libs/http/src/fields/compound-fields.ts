import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsDefined,
  IsObject,
  ValidateNested,
  validateSync,
  type ValidationOptions,
} from 'class-validator';
import {
  checkedBy,
  field,
  memberHolder,
  type DtoClass,
  type FieldDecorator,
  type FieldOptions,
  type FieldType,
} from './field-type.js';
import { faultOfContents } from './printable.js';

/** Options of {@link ListField}. */
export interface ListFieldOptions extends FieldOptions<readonly unknown[]> {
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Answers only: a member may be null. */
  readonly sparse?: boolean;
  /** Each member may occur only once. */
  readonly unique?: boolean;
}

/** A list whose members are declared by another field: `ListField(IntegerField({ min: 1 }), { maxItems: 10 })`. */
export function ListField(member: FieldDecorator, options: ListFieldOptions = {}): FieldDecorator {
  const { minItems, maxItems, sparse, unique } = options;
  const holder = memberHolder(member);
  const type: FieldType = {
    shape: { kind: 'list', member: holder },
    checks: (first) => [
      IsArray(first),
      ...(maxItems === undefined ? [] : [ArrayMaxSize(maxItems)]),
      ...(minItems === undefined ? [] : [ArrayMinSize(minItems)]),
      everyMember(holder, (value) => (Array.isArray(value) ? value : null)),
      ...(unique === true ? [ArrayUnique()] : []),
    ],
    schema: {
      ...listSchema(sparse === true ? orNull(member.fieldType.schema) : member.fieldType.schema),
      ...(minItems !== undefined && { minItems }),
      ...(maxItems !== undefined && { maxItems }),
      ...(unique === true && { uniqueItems: true }),
    },
  };
  return field(type, options);
}

const orNull = (schema: FieldType['schema']): FieldType['schema'] => ({
  ...schema,
  type: [schema['type'], 'null'],
});

/** @nestjs/swagger finds the schema of classes and named enums only if they stay at the top level. */
function listSchema(member: FieldType['schema']): FieldType['schema'] {
  return typeof member['type'] === 'function' || 'enumName' in member
    ? { ...member, isArray: true }
    : { type: 'array', items: member };
}

/** Options of {@link MapField}. */
export interface MapFieldOptions extends FieldOptions<Readonly<Record<string, unknown>>> {
  /** Answers only: a value may be null. */
  readonly sparse?: boolean;
}

/** An object with any keys whose values are declared by another field. */
export function MapField(member: FieldDecorator, options: MapFieldOptions = {}): FieldDecorator {
  const holder = memberHolder(member);
  const { schema } = member.fieldType;
  return field(
    {
      shape: { kind: 'map', member: holder },
      checks: (first) => [
        IsObject(first),
        everyMember(holder, (value) =>
          typeof value === 'object' && value !== null ? Object.values(value) : null,
        ),
      ],
      schema: { type: 'object', additionalProperties: options.sparse === true ? orNull(schema) : schema },
    },
    options,
  );
}

/** Name of the check of all members; the compiled validator checks them itself, to report their exact place. */
export const EVERY_MEMBER = 'everyMember';

const everyMember = (
  holder: DtoClass,
  members: (value: unknown) => readonly unknown[] | null,
): PropertyDecorator =>
  checkedBy(EVERY_MEMBER, (value) => {
    const isRight = (member: unknown) =>
      validateSync(Object.assign(new holder(), { value: member })).length === 0;
    return members(value)?.every(isRight) === true ? null : 'every member must be valid';
  });

/** Options of {@link ObjectField}. */
export interface ObjectFieldOptions extends FieldOptions<Readonly<Record<string, unknown>>> {
  /** Answers only: what the description says of the object, which is sent as it is. */
  readonly describedAs?: DtoClass;
}

/** Any JSON object of finite numbers and printable text; tabs and line breaks are allowed. */
export function ObjectField(options: ObjectFieldOptions = {}): FieldDecorator {
  const { describedAs } = options;
  return field(
    {
      shape: { kind: 'object' },
      checks: (first) => [IsObject(first), checkedBy('keepable', faultOfContents)],
      schema:
        describedAs === undefined
          ? { type: 'object', additionalProperties: true }
          : { type: (): DtoClass => describedAs },
    },
    options,
  );
}

/** Any JSON value; mainly for answers. */
export function AnyField(options: FieldOptions<unknown> = {}): FieldDecorator {
  return field(
    {
      shape: { kind: 'any' },
      checks: (first) => [
        checkedBy('present', (value) => (value === undefined ? 'is missing' : null), first),
      ],
      schema: { anyOf: ANY_JSON },
    },
    options,
  );
}

const ANY_JSON = [
  { type: 'object', additionalProperties: true },
  { type: 'array', items: {} },
  { type: 'string' },
  { type: 'number' },
  { type: 'boolean' },
  { type: 'null' },
];

/** Answers only: a step on the way to a value, the name of a member or the index in a list. */
export const TextOrIndexField = field(
  {
    shape: { kind: 'any' },
    checks: (first) => [IsDefined(first)],
    schema: { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0 }] },
  },
  {},
);

/** Another DTO inside this one. Pass a function if the classes refer to each other. */
export function NestedField<T extends object>(
  dto: DtoClass<T> | (() => DtoClass<T>),
  options: FieldOptions<T> = {},
): FieldDecorator {
  // @nestjs/swagger calls a function to get the class only if the function is named `type`.
  const type = (): DtoClass<T> => (isClass(dto) ? dto : (dto as () => DtoClass<T>)());
  return field(
    {
      shape: { kind: 'nested', dto: type },
      checks: (first: ValidationOptions) => [ValidateNested(first)],
      schema: { type },
    },
    options,
  );
}

const isClass = <T extends object>(value: DtoClass<T> | (() => DtoClass<T>)): value is DtoClass<T> =>
  Function.prototype.toString.call(value).startsWith('class');
