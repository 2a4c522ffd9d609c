import protobuf from 'protobufjs/minimal.js';

/** One field of a protobuf message as it stands in the file; `bytes` is its payload without tag and length. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  readonly bytes: Uint8Array;
}

/** The wire types that ONNX uses. */
export const VARINT = 0;
export const LENGTH = 2;
const FIXED32 = 5;

/** The fields of one message, in order and without loss. Throws a RangeError where the message is cut off. */
export function readFields(message: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [number, wire] = [tag >>> 3, tag & 7];
    if (wire === LENGTH) {
      const size = reader.uint32();
      const start = reader.pos;
      reader.skip(size);
      fields.push({ number, wire, bytes: message.subarray(start, start + size) });
      continue;
    }
    const start = reader.pos;
    reader.skipType(wire);
    fields.push({ number, wire, bytes: message.subarray(start, reader.pos) });
  }
  return fields;
}

/** A message of the given fields; what `readFields` read comes out the same. */
export function writeFields(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ number, wire, bytes }) => {
    const tag = varint(((number << 3) | wire) >>> 0);
    return wire === LENGTH ? [tag, varint(bytes.length), bytes] : [tag, bytes];
  });
  return Buffer.concat(parts);
}

/** A number as 7-bit groups, the lowest first. */
function varint(value: number): Uint8Array {
  const groups: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) groups.push((rest % 128) | 128);
  return Uint8Array.from([...groups, rest]);
}

/** A field that holds text, a message, or raw bytes. */
export function lengthField(number: number, content: string | Uint8Array | readonly Field[]): Field {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : content instanceof Uint8Array
        ? content
        : writeFields(content);
  return { number, wire: LENGTH, bytes };
}

/** A field that holds a small whole number. */
export const intField = (number: number, value: number): Field => ({
  number,
  wire: VARINT,
  bytes: varint(value),
});

/** A field that holds a 32-bit float. */
export function floatField(number: number, value: number): Field {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return { number, wire: FIXED32, bytes };
}

/** The text of the first field of this number. */
export function fieldText(fields: readonly Field[], number: number): string {
  const found = fields.find((field) => field.number === number);
  return found === undefined ? '' : Buffer.from(found.bytes).toString('utf8');
}

/** The number in the first varint field of this number. */
export function intOf(fields: readonly Field[], number: number): number | undefined {
  const found = fields.find((field) => field.number === number && field.wire === VARINT);
  return found === undefined ? undefined : Number(protobuf.Reader.create(found.bytes).int64());
}

/** The float in the first 32-bit field of this number. */
export function floatOf(fields: readonly Field[], number: number): number | undefined {
  const found = fields.find((field) => field.number === number && field.wire === FIXED32);
  return found === undefined ? undefined : Buffer.from(found.bytes).readFloatLE(0);
}

/** All numbers of a repeated varint field, packed or not. */
export function intsOf(fields: readonly Field[], number: number): number[] {
  return fields.flatMap((field) => {
    if (field.number !== number) return [];
    const reader = protobuf.Reader.create(field.bytes);
    const values: number[] = [];
    while (reader.pos < reader.len) values.push(Number(reader.int64()));
    return values;
  });
}
