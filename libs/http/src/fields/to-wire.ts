import { declaredFields, type DtoClass, type FieldShape } from './field-type.js';
import { asciiBytes, type JsonBytes } from './json-bytes.js';

/** An object to send: with the names in JSON, and values that `JSON.stringify` can write. */
export type WireObject = Readonly<Record<string, unknown>>;

type Write = (value: unknown) => unknown;
type Writer = (value: object) => WireObject;

const writers = new WeakMap<DtoClass, Writer>();

/**
 * Writes a domain object as its DTO declares it: only the declared fields, in order of declaration, under their names in
 * JSON. The object is not changed, and its other properties are not sent. Undefined values are left out, and free JSON
 * (`ObjectField`, `AnyField`, keys of a map) is sent unchanged. Nothing is checked, because the type of the object
 * guarantees that it fits.
 * @throws Error if the class declares no field
 */
export const toWire = <T extends object>(dto: DtoClass<T>, value: T): WireObject => writerOf(dto)(value);

/** The function behind {@link toWire}, compiled once for a class. */
export function writerOf(dto: DtoClass): Writer {
  const known = writers.get(dto);
  if (known !== undefined) return known;
  const fields = declaredFields(dto).flatMap(({ property, shape }) =>
    shape === undefined ? [] : [{ property, name: shape.wire, from: shape.from, write: writeOf(shape) }],
  );
  const writer: Writer = (value) => {
    const wire: Record<string, unknown> = {};
    for (const { property, name, from, write } of fields) {
      const own = from === undefined ? (value as WireObject)[property] : from(value);
      if (own !== undefined) wire[name] = own === null || write === null ? own : write(own);
    }
    return wire;
  };
  writers.set(dto, writer);
  return writer;
}

/** Converts a value that is not unset; null if it is sent unchanged. */
function writeOf({ write, dto, kind, member }: FieldShape): Write | null {
  if (write !== undefined) return write;
  // Resolved on first use, because classes may refer to each other.
  if (dto !== undefined) return (value) => writerOf(dto())(value as object);
  const shape = member === undefined ? undefined : declaredFields(member)[0]?.shape;
  const each = shape === undefined ? null : writeOf(shape);
  if (each === null) return null;
  const one: Write = (value) => (value === null || value === undefined ? value : each(value));
  if (kind === 'list') return (value) => (value as readonly unknown[]).map(one);
  return (value) => Object.fromEntries(Object.entries(value as object).map(([key, own]) => [key, one(own)]));
}

const EMPTY = asciiBytes('{}');
const CLOSE = asciiBytes('}');

/** Writes one object. */
export type WireBytes<T extends object> = (value: T, into: JsonBytes) => void;

/**
 * Writes a flat object as JSON in the way of the original's Python: numbers that are not declared as integers have a
 * fraction (`1.0`), which `JSON.stringify` cannot write, and unset fields stay out. Numbers must be finite.
 * @throws Error when the class declares no field
 */
export function wireBytesOf<T extends object>(dto: DtoClass<T>): WireBytes<T> {
  const fields = declaredFields(dto).flatMap(({ property, shape }) => {
    if (shape === undefined) return [];
    const { wire, from, write, kind } = shape;
    const name = JSON.stringify(wire);
    return [{ property, first: asciiBytes(`{${name}:`), next: asciiBytes(`,${name}:`), from, write, kind }];
  });
  return (value, into) => {
    let isFirst = true;
    for (const { property, first, next, from, write, kind } of fields) {
      const own = from === undefined ? (value as WireObject)[property] : from(value);
      if (own === undefined) continue;
      into.bytes(isFirst ? first : next);
      isFirst = false;
      const shown = own === null || write === undefined ? own : write(own);
      if (typeof shown !== 'number') into.text(JSON.stringify(shown));
      else if (kind === 'integer') into.integer(shown);
      else into.decimal(shown);
    }
    into.bytes(isFirst ? EMPTY : CLOSE);
  };
}

/** The same as a text, for a single answer. */
export function wireTextOf<T extends object>(dto: DtoClass<T>): (value: T) => string {
  const fields = declaredFields(dto).flatMap(({ property, shape }) => {
    if (shape === undefined) return [];
    const { wire, from, write, kind } = shape;
    return [{ property, key: `"${wire}":`, from, write, text: TEXTS[kind] ?? JSON.stringify }];
  });
  return (value) => {
    let text = '';
    for (const { property, key, from, write, text: textOf } of fields) {
      const own = from === undefined ? (value as WireObject)[property] : from(value);
      if (own === undefined) continue;
      const shown = own === null || write === undefined ? own : write(own);
      text += `${text === '' ? '' : ','}${key}${textOf(shown)}`;
    }
    return `{${text}}`;
  };
}

/** A whole number with `.0`; from 1e21 on JavaScript writes an exponent, which needs no fraction. */
const decimalText = (value: unknown): string =>
  Number.isInteger(value) && Math.abs(value as number) < 1e21 ? `${value as number}.0` : String(value);

const TEXTS: Partial<Record<FieldShape['kind'], (value: unknown) => string>> = {
  integer: String,
  number: decimalText,
};
