import {
  IsBoolean,
  IsDate,
  IsIn,
  IsInt,
  IsNumber,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
} from 'class-validator';
import { microsOf, moneyOf, unitPriceOf } from '#libs/kernel';
import { field, type FieldDecorator, type FieldOptions, type FieldType } from './field-type.js';
import { isPrintable } from './printable.js';

/** Options of {@link StringField}. Lengths are in characters. */
export interface StringFieldOptions extends FieldOptions<string> {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** OpenAPI format, for example `email` or `uuid`; documentation only. */
  readonly format?: string;
  /** Tabs and line breaks are allowed; other control characters never are. */
  readonly multiline?: boolean;
}

/** Text. Control characters and broken surrogate pairs are refused; nothing is trimmed. */
export function StringField(options: StringFieldOptions = {}): FieldDecorator {
  const { minLength, maxLength, pattern, format } = options;
  const type: FieldType = {
    shape: { kind: 'string' },
    checks: (first) => [
      IsString(first),
      ...(minLength === undefined ? [] : [MinLength(minLength)]),
      ...(maxLength === undefined ? [] : [MaxLength(maxLength)]),
      ...(pattern === undefined ? [] : [Matches(pattern)]),
      printable(options.multiline ?? false),
    ],
    schema: {
      type: 'string',
      ...(minLength !== undefined && { minLength }),
      ...(maxLength !== undefined && { maxLength }),
      ...(pattern !== undefined && { pattern: pattern.source }),
      ...(format !== undefined && { format }),
    },
  };
  return field(type, options);
}

function printable(multiline: boolean): PropertyDecorator {
  return ValidateBy({
    name: 'printable',
    constraints: [],
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isPrintable(value, multiline),
      defaultMessage: () => 'control characters are not allowed',
    },
  });
}

/** Options of the number fields; both limits are inclusive. */
export interface NumberFieldOptions extends FieldOptions<number> {
  readonly min?: number;
  readonly max?: number;
}

const limits = ({ min, max }: NumberFieldOptions) => ({
  checks: [...(min === undefined ? [] : [Min(min)]), ...(max === undefined ? [] : [Max(max)])],
  schema: { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) },
});

/** An integer within ±(2^53 - 1). Numeric text, integral floats and booleans are accepted, as by the original. */
export function IntegerField(options: NumberFieldOptions = {}): FieldDecorator {
  const range = limits(options);
  return field(
    {
      shape: { kind: 'integer' },
      checks: (first) => [IsInt(first), ...range.checks],
      schema: { type: 'integer', ...range.schema },
    },
    options,
  );
}

/** A finite number. Numeric text and booleans are accepted, as by the original. */
export function NumberField(options: NumberFieldOptions = {}): FieldDecorator {
  const range = limits(options);
  return field(
    {
      shape: { kind: 'number' },
      checks: (first) => [IsNumber({}, first), ...range.checks],
      schema: { type: 'number', ...range.schema },
    },
    options,
  );
}

/** Larger than any amount in this product; keeps micro-units below 2^53. */
const MAX_AMOUNT = 9_000_000_000;

function amountField(write: (micros: number) => number, options: NumberFieldOptions): FieldDecorator {
  const { checks, schema } = limits(options);
  const ceiling = options.max === undefined ? [Max(MAX_AMOUNT)] : [];
  return field(
    {
      shape: { kind: 'number' },
      checks: (first) => [IsNumber({}, first), ...checks, ...ceiling],
      schema: { type: 'number', ...schema },
    },
    { read: microsOf, write, ...options },
  );
}

/** An amount of money: micro-units in the property, a number with at most 2 decimals in JSON. Limits apply to JSON. */
export const MoneyField = (options: NumberFieldOptions = {}): FieldDecorator => amountField(moneyOf, options);

/** A unit price: micro-units in the property, a number with at most 6 decimals in JSON. Limits apply to JSON. */
export const UnitPriceField = (options: NumberFieldOptions = {}): FieldDecorator =>
  amountField(unitPriceOf, options);

/** true or false; 1, 0 and the usual words (`yes`, `off`, …) are accepted, as by the original. */
export function BooleanField(options: FieldOptions<boolean> = {}): FieldDecorator {
  return field(
    { shape: { kind: 'boolean' }, checks: (first) => [IsBoolean(first)], schema: { type: 'boolean' } },
    options,
  );
}

export interface EnumFieldOptions<V> extends FieldOptions<V> {
  /** Name of the schema in the API description; give each set of values its own. */
  readonly name?: string;
}

/** One of the listed values, in exactly this spelling. */
export function EnumField<const V extends string | number>(
  values: readonly V[],
  options: EnumFieldOptions<NoInfer<V>> = {},
): FieldDecorator {
  return field(
    {
      shape: { kind: 'choice', choices: values },
      checks: (first) => [IsIn([...values], first)],
      schema: { enum: [...values], ...(options.name !== undefined && { enumName: options.name }) },
    },
    options,
  );
}

/** A time: ISO 8601 text, read as UTC if it has no offset. The value of the property is a `Date`. */
export function DateTimeField(options: FieldOptions<Date> = {}): FieldDecorator {
  return field(
    {
      shape: { kind: 'datetime' },
      checks: (first) => [IsDate(first)],
      schema: { type: 'string', format: 'date-time' },
    },
    options,
  );
}
