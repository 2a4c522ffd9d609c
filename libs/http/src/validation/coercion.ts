import { readMoment } from '#libs/kernel';
import type { FieldShape } from '../fields/field-type.js';
import { choiceFault, Fault, valueError } from './fault.js';

/**
 * A body that is text by its content type. Newline-delimited JSON is recognised by its type `application/x-ndjson`;
 * a DTO refuses any other text as not an object (422 `model_attributes_type`).
 */
export class RawText {
  constructor(
    readonly text: string,
    readonly contentType: string,
  ) {}
}

/** A value of the field's type, or why the raw value cannot be converted to it. */
export type Coercion = (value: unknown) => unknown;

const STRING = new Fault('string_type', 'Input should be a valid string');
const INT_TYPE = new Fault('int_type', 'Input should be a valid integer');
const INT_TEXT = new Fault(
  'int_parsing',
  'Input should be a valid integer, unable to parse string as an integer',
);
const INT_FRACTION = new Fault(
  'int_from_float',
  'Input should be a valid integer, got a number with a fractional part',
);
const INT_SIZE = new Fault('int_parsing_size', 'Unable to parse input as an integer, exceeded maximum size');
const FLOAT_TYPE = new Fault('float_type', 'Input should be a valid number');
const FLOAT_TEXT = new Fault(
  'float_parsing',
  'Input should be a valid number, unable to parse string as a number',
);
const FINITE = new Fault('finite_number', 'Input should be a finite number');
const BOOL_TYPE = new Fault('bool_type', 'Input should be a valid boolean (true or false)');
const BOOL_TEXT = new Fault(
  'bool_parsing',
  'Input should be a valid boolean (true or false), unable to interpret input',
);
const LIST = new Fault('list_type', 'Input should be a valid list');
export const NO_DICTIONARY = new Fault('dict_type', 'Input should be a valid dictionary');
export const NOT_AN_OBJECT = new Fault(
  'model_attributes_type',
  'Input should be a valid dictionary or object to extract fields from',
);

const INTEGER_TEXT = /^[+-]?\d+(?:\.0*)?$/;
const NUMBER_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
/** A longer text of digits cannot be a safe integer, so it is not parsed. */
const MAX_NUMBER_TEXT = 400;

/** A JSON object: not null, not a list, not text of another content type. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawText);

function toInteger(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return integerFromText(value.trim());
  if (typeof value !== 'number') return INT_TYPE;
  if (!Number.isInteger(value)) return Number.isFinite(value) ? INT_FRACTION : FINITE;
  return Number.isSafeInteger(value) ? value + 0 : INT_SIZE;
}

function integerFromText(text: string): unknown {
  if (text.length > MAX_NUMBER_TEXT || !INTEGER_TEXT.test(text)) return INT_TEXT;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number + 0 : INT_SIZE;
}

/** The id that no row has: whoever asks for it finds nothing. */
const NOBODY = 0;
/** The largest 32-bit integer: the limit of offsets and of accounts' ids. Rows that come with the traffic have larger ones. */
export const MAX_INTEGER = 2_147_483_647;

/** An integer of any size is an id; one that no row can have is the id of nothing, not a fault of the request. */
const toId =
  (largest: number) =>
  (value: unknown): unknown => {
    const text = typeof value === 'string' ? value.trim() : '';
    if (text.length > MAX_NUMBER_TEXT || !INTEGER_TEXT.test(text)) return INT_TEXT;
    const id = Number(text);
    return id >= 1 && id <= largest ? id : NOBODY;
  };

function toNumber(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : FINITE;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return FLOAT_TYPE;
  const text = value.trim();
  if (/^[+-]?(?:inf(?:inity)?|nan)$/i.test(text)) return FINITE;
  if (text.length > MAX_NUMBER_TEXT || !NUMBER_TEXT.test(text)) return FLOAT_TEXT;
  const number = Number(text);
  return Number.isFinite(number) ? number : FINITE;
}

const WORDS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...(['1', 'true', 't', 'yes', 'y', 'on'] as const).map((word) => [word, true] as const),
  ...(['0', 'false', 'f', 'no', 'n', 'off'] as const).map((word) => [word, false] as const),
]);

function toBoolean(value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return WORDS.get(value.toLowerCase()) ?? BOOL_TEXT;
  if (typeof value === 'number') return value === 1 ? true : value === 0 ? false : BOOL_TEXT;
  return BOOL_TYPE;
}

/** ISO 8601 text (date, or date and time with optional seconds and offset) → `Date`; without an offset it is UTC. */
function toMoment(value: unknown): Date | Fault {
  if (typeof value !== 'string') return new Fault('datetime_type', 'Input should be a valid datetime');
  const time = readMoment(value);
  return typeof time === 'number' ? new Date(Math.floor(time)) : datetimeFault(time.fault);
}

const datetimeFault = (reason: string): Fault =>
  new Fault('datetime_from_date_parsing', `Input should be a valid datetime or date, ${reason}`, {
    error: reason,
  });

/** A conversion that takes less for a number than the original does. */
function narrowed(coerce: Coercion, fault: Fault, takes: FieldShape['takes']): Coercion {
  if (takes === undefined) return coerce;
  const refused = takes === 'no booleans' ? ['boolean'] : ['boolean', 'string'];
  return (value) => (refused.includes(typeof value) ? fault : coerce(value));
}

/** Conversions of raw values by kind of field; the validator handles `nested`. */
export function coercionOf(shape: FieldShape): Coercion {
  switch (shape.kind) {
    case 'any':
      return (value) => value;
    case 'string':
      return (value) => (typeof value === 'string' ? value : STRING);
    case 'integer':
      return narrowed(toInteger, INT_TYPE, shape.takes);
    case 'id':
      return toId(shape.largest ?? MAX_INTEGER);
    case 'number':
      return narrowed(toNumber, FLOAT_TYPE, shape.takes);
    case 'boolean':
      return toBoolean;
    case 'datetime':
      return toMoment;
    case 'list':
      return (value) => (Array.isArray(value) ? value : LIST);
    case 'map':
    case 'object':
      return (value) => (isJsonObject(value) ? value : NO_DICTIONARY);
    case 'nested':
      return (value) => (isJsonObject(value) ? value : NOT_AN_OBJECT);
    case 'choice':
      return choice(shape.choices ?? [], shape.refusal);
  }
}

const ASCII_TEXT = /^[ -~]*$/;

/**
 * A quick look whether a value needs no conversion and passes every check of its field, for numbers and text without
 * checks of their own: a tenth of what the checks cost. Null for other fields.
 * @param checks their names, in order
 */
export function plainOf(shape: FieldShape | undefined, checks: string): ((value: unknown) => boolean) | null {
  if (shape === undefined || shape.read !== undefined) return null;
  if (shape.kind === 'number' && checks === 'isNumber') return Number.isFinite;
  if (shape.kind !== 'string' || checks !== 'isString,printable') return null;
  return (value) => typeof value === 'string' && ASCII_TEXT.test(value);
}

function choice(choices: readonly (string | number)[], refusal: string | undefined): Coercion {
  const allowed = new Set<unknown>(choices);
  const fault = refusal === undefined ? choiceFault(choices) : valueError(refusal);
  const numeric = choices.every((one) => typeof one === 'number');
  return (value) => {
    if (numeric) {
      const number = toInteger(value);
      return allowed.has(number) ? number : fault;
    }
    if (allowed.has(value)) return value;
    return typeof value === 'string' ? fault : STRING;
  };
}
