import { declaredFields, type DtoClass, type FieldShape } from './field-type.js';

/** What is sent: names as in JSON, values that `JSON.stringify` can write. */
export type WireObject = Readonly<Record<string, unknown>>;

type Write = (value: unknown) => unknown;
type Writer = (value: object) => WireObject;

const writers = new WeakMap<DtoClass, Writer>();

/**
 * Shows a domain object as its DTO declares it: the declared fields and no others, in order of declaration, under their
 * names in JSON. The object is read, never changed; what it holds beyond the DTO does not leave. Values that are unset
 * are left out, and free JSON (`ObjectField`, `AnyField`, keys of a map) goes out as it came in. Nothing is checked:
 * that the object fits is known from its type.
 * @throws Error when the class declares no field
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

/** How a value that is there is shown; null when as it is. */
function writeOf({ write, dto, kind, member }: FieldShape): Write | null {
  if (write !== undefined) return write;
  // Asked for when it is needed, because classes may refer to each other.
  if (dto !== undefined) return (value) => writerOf(dto())(value as object);
  const shape = member === undefined ? undefined : declaredFields(member)[0]?.shape;
  const each = shape === undefined ? null : writeOf(shape);
  if (each === null) return null;
  const one: Write = (value) => (value === null || value === undefined ? value : each(value));
  if (kind === 'list') return (value) => (value as readonly unknown[]).map(one);
  return (value) => Object.fromEntries(Object.entries(value as object).map(([key, own]) => [key, one(own)]));
}
