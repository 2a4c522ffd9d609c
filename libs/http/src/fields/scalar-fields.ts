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
  type ValidationOptions,
} from 'class-validator';
import { isWholeMicros, microsOf, moneyOf, unitPriceOf } from '#libs/kernel';
import { MAX_INTEGER } from '../validation/coercion.js';
import { checkedBy, field, type FieldDecorator, type FieldOptions, type FieldType } from './field-type.js';
import { isPrintable } from './printable.js';

/** Options of {@link StringField}. Lengths are in characters. */
export interface StringFieldOptions extends FieldOptions<string> {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** What is said of text that the pattern does not match, as a `value_error`. Absent: the pattern itself. */
  readonly refusal?: string;
  /** OpenAPI format, for example `email` or `uuid`; documentation only. */
  readonly format?: string;
  /** Tabs and line breaks are allowed; other control characters never are. */
  readonly multiline?: boolean;
}

/** Text. Control characters and broken surrogate pairs are refused; nothing is trimmed. */
export function StringField(options: StringFieldOptions = {}): FieldDecorator {
  const { minLength, maxLength, pattern, refusal, format, multiline = false } = options;
  const type: FieldType = {
    shape: { kind: 'string' },
    checks: (first) => [
      IsString(first),
      ...(minLength === undefined ? [] : [MinLength(minLength)]),
      ...(maxLength === undefined ? [] : [MaxLength(maxLength)]),
      ...(pattern === undefined ? [] : [matching(pattern, refusal)]),
      checkedBy('printable', (value) =>
        typeof value === 'string' && isPrintable(value, multiline)
          ? null
          : 'control characters are not allowed',
      ),
    ],
    schema: {
      type: 'string',
      ...(minLength !== undefined && { minLength }),
      ...(maxLength !== undefined && { maxLength }),
      ...(pattern !== undefined && isPortable(pattern) && { pattern: pattern.source }),
      ...(format !== undefined && { format }),
    },
  };
  return field(type, options);
}

/** Classes of Unicode (`\p{L}`) mean something else, or nothing, to most readers of an API description. */
const isPortable = ({ source }: RegExp): boolean => !source.includes('\\p{');

const matching = (pattern: RegExp, refusal: string | undefined): PropertyDecorator =>
  refusal === undefined
    ? Matches(pattern)
    : checkedBy('refusal', (value) => (typeof value === 'string' && pattern.test(value) ? null : refusal));

/** Options of the number fields; both limits are inclusive. */
export interface NumberFieldOptions extends FieldOptions<number> {
  readonly min?: number;
  readonly max?: number;
  /** Numbers of JSON only, neither text nor booleans: for bodies that the original does not have. */
  readonly strict?: boolean;
}

/** A check of the value, and the largest one where the options name none; neither is part of the description. */
interface Bounds {
  readonly ceiling?: number;
  readonly alsoChecked?: readonly PropertyDecorator[];
  readonly takes?: 'no booleans';
}

function numeric(
  kind: 'integer' | 'number',
  isOfKind: (first: ValidationOptions) => PropertyDecorator,
  options: NumberFieldOptions,
  { ceiling, alsoChecked = [], takes }: Bounds = {},
): FieldDecorator {
  const { min, max, strict = false } = options;
  const most = max ?? ceiling;
  const numbers = strict ? 'numbers only' : takes;
  return field(
    {
      shape: { kind, ...(numbers !== undefined && { takes: numbers }) },
      checks: (first) => [
        isOfKind(first),
        ...(min === undefined ? [] : [Min(min)]),
        ...(most === undefined ? [] : [Max(most)]),
        ...alsoChecked,
      ],
      schema: {
        type: kind,
        ...(min !== undefined && { minimum: min }),
        ...(max !== undefined && { maximum: max }),
      },
    },
    options,
  );
}

const isFinite = (first: ValidationOptions): PropertyDecorator => IsNumber({}, first);

/** An integer within ±(2^53 - 1). Numeric text, integral floats and booleans are accepted, as by the original, unless `strict`. */
export const IntegerField = (options: NumberFieldOptions = {}): FieldDecorator =>
  numeric('integer', IsInt, options);

/**
 * The id of a row, in a path. Integers of any size are taken: one that no row can have (0, negative, too large) reads
 * as 0, which is nothing's id, so that the answer is the same 404 on every database.
 * @param options `largest`: what the id's column holds; absent: 32 bits
 */
export const PathIdField = ({
  largest = MAX_INTEGER,
  ...options
}: FieldOptions<number> & { readonly largest?: number }): FieldDecorator =>
  field(
    {
      shape: { kind: 'id', largest },
      checks: (first) => [IsInt(first)],
      schema: { type: 'integer', minimum: 1, maximum: largest },
    },
    options,
  );

/** A finite number. Numeric text and booleans are accepted, as by the original, unless `strict`. */
export const NumberField = (options: NumberFieldOptions = {}): FieldDecorator =>
  numeric('number', isFinite, options);

/** Larger than any amount in this product; keeps micro-units below 2^53. */
const MAX_AMOUNT = 9_000_000_000;

/** Amounts are never rounded on their way in, and `true` is no amount. */
const amountField = (write: (micros: number) => number, options: NumberFieldOptions): FieldDecorator =>
  numeric(
    'number',
    isFinite,
    { read: microsOf, write, ...options },
    {
      ceiling: MAX_AMOUNT,
      takes: 'no booleans',
      alsoChecked: [
        checkedBy('decimalPlaces', (value) =>
          typeof value === 'number' && isWholeMicros(value) ? null : 'more than 6 decimals are not allowed',
        ),
      ],
    },
  );

/**
 * An amount of money: micro-units in the property, a number with at most 2 decimals in JSON; up to 6 are accepted. Limits
 * apply to JSON.
 */
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
  /** What is said of other text, as a `value_error`. Absent: the pattern of the values. */
  readonly refusal?: string;
}

/** One of the listed values, in exactly this spelling. */
export function EnumField<const V extends string | number>(
  values: readonly V[],
  options: EnumFieldOptions<NoInfer<V>> = {},
): FieldDecorator {
  return field(
    {
      shape: {
        kind: 'choice',
        choices: values,
        ...(options.refusal !== undefined && { refusal: options.refusal }),
      },
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
