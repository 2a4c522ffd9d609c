import { AppError, halfToNumber, numberToHalf } from '#libs/kernel';

/** The types of numbers of the Open Inference Protocol that a model may take or give; texts (`BYTES`) are none. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
] as const;
export type Datatype = (typeof DATATYPES)[number];

/** Names of ONNX and NumPy for the types that models take. */
export const DTYPES: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
};

export const isDatatype = (value: unknown): value is Datatype => DATATYPES.some((one) => one === value);

/** Numbers of a tensor, flat and row-major. Floats of 32 bits stay what they are, everything else is in doubles. */
export type TensorNumbers = Float32Array | Float64Array;

/** What a message says and cannot mean; `detail` names the tensor. */
export const tensorFault = (detail: string): AppError =>
  new AppError('bad_request', detail, { code: 'invalid_tensor' });

interface Layout {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly write: (view: DataView, at: number, value: number) => void;
  /** Least and greatest of whole numbers; null for floats. */
  readonly range: readonly [number, number] | null;
}

const whole = (bits: number, isSigned: boolean): readonly [number, number] =>
  isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
const [LEAST, GREATEST] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/** Little-endian, without padding, in the native size of the type, as the binary tensor extension wants it. */
const LAYOUTS: Readonly<Record<Datatype, Layout>> = {
  BOOL: {
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
    range: [0, 1],
  },
  UINT8: {
    bytes: 1,
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
    range: whole(8, false),
  },
  UINT16: {
    bytes: 2,
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, value) => view.setUint16(at, value, true),
    range: whole(16, false),
  },
  UINT32: {
    bytes: 4,
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, value, true),
    range: whole(32, false),
  },
  UINT64: {
    bytes: 8,
    read: (view, at) => Number(view.getBigUint64(at, true)),
    write: (view, at, value) => view.setBigUint64(at, BigInt(value), true),
    range: [0, GREATEST],
  },
  INT8: {
    bytes: 1,
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, value),
    range: whole(8, true),
  },
  INT16: {
    bytes: 2,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, value, true),
    range: whole(16, true),
  },
  INT32: {
    bytes: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
    range: whole(32, true),
  },
  INT64: {
    bytes: 8,
    read: (view, at) => Number(view.getBigInt64(at, true)),
    write: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
    range: [LEAST, GREATEST],
  },
  FP16: {
    bytes: 2,
    read: (view, at) => halfToNumber(view.getUint16(at, true)),
    write: (view, at, value) => view.setUint16(at, numberToHalf(value), true),
    range: null,
  },
  FP32: {
    bytes: 4,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value, true),
    range: null,
  },
  FP64: {
    bytes: 8,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value, true),
    range: null,
  },
};

/** Bytes of one element. */
export const bytesOf = (datatype: Datatype): number => LAYOUTS[datatype].bytes;

/** Room for so many numbers of a type. */
const roomFor = (datatype: Datatype, count: number): TensorNumbers =>
  datatype === 'FP32' ? new Float32Array(count) : new Float64Array(count);

/** @throws AppError for a whole number that the type, or a double, does not hold */
function assertHolds(datatype: Datatype, name: string, value: number): void {
  const { range } = LAYOUTS[datatype];
  if (range === null) return;
  if (Number.isInteger(value) && value >= range[0] && value <= range[1]) return;
  const told = datatype === 'BOOL' ? 'true or false' : `whole numbers from ${range[0]} to ${range[1]}`;
  throw tensorFault(`the tensor "${name}" is ${datatype}, so it holds ${told}, not ${value}`);
}

/** The numbers of a tensor's bytes. @param bytes exactly as many as the elements need */
export function numbersOfBytes(datatype: Datatype, name: string, bytes: Uint8Array): TensorNumbers {
  const { bytes: size, read } = LAYOUTS[datatype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = roomFor(datatype, bytes.byteLength / size);
  for (let index = 0; index < numbers.length; index += 1) {
    const value = read(view, index * size);
    assertHolds(datatype, name, value);
    numbers[index] = value;
  }
  return numbers;
}

/** A tensor's bytes. */
export function bytesOfNumbers(datatype: Datatype, name: string, numbers: ArrayLike<number>): Uint8Array {
  const { bytes: size, write } = LAYOUTS[datatype];
  const bytes = new Uint8Array(numbers.length * size);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < numbers.length; index += 1) {
    const value = numbers[index] ?? NaN;
    assertHolds(datatype, name, value);
    write(view, index * size, value);
  }
  return bytes;
}

/**
 * The numbers of a tensor as JSON has them: flat, or nested in its shape.
 * @param count elements of the shape
 * @param unknown what `null` is; JSON knows no NaN, and some servers write it so. Null: a fault
 * @throws AppError for another number of elements, or one that is no number of the type
 */
export function numbersOfJson(
  datatype: Datatype,
  name: string,
  data: unknown,
  count: number,
  unknown: number | null = null,
): TensorNumbers {
  if (!Array.isArray(data)) throw tensorFault(`the tensor "${name}" needs a list of numbers as its data`);
  const numbers = roomFor(datatype, count);
  let at = 0;
  const put = (value: unknown): void => {
    const number = typeof value === 'boolean' && datatype === 'BOOL' ? Number(value) : value;
    const known = number === null && unknown !== null ? unknown : number;
    if (typeof known !== 'number')
      throw tensorFault(`the tensor "${name}" holds ${JSON.stringify(value)}, which is no ${datatype}`);
    assertHolds(datatype, name, known);
    if (at < count) numbers[at] = datatype === 'FP16' ? halfToNumber(numberToHalf(known)) : known;
    at += 1;
  };
  const walk = (list: readonly unknown[], depth: number): void => {
    if (depth > MAX_NESTED)
      throw tensorFault(`the tensor "${name}" is nested deeper than ${MAX_NESTED} lists`);
    for (const item of list) {
      if (Array.isArray(item)) walk(item, depth + 1);
      else put(item);
    }
  };
  walk(data, 1);
  if (at === count) return numbers;
  throw tensorFault(`the tensor "${name}" has ${at} elements, its shape has ${count}`);
}

/** Axes of a tensor. */
export const MAX_NESTED = 8;
