import { Tensor } from 'onnxruntime-node';
import { ModelError } from '../errors.js';
import type { Port } from '../graph/compile.js';
import { BATCH, evaluateDim, SAMPLES, showShape } from '../graph/dims.js';
import type { ElementType } from '../onnx/builder.js';
import { halfToNumber, numberToHalf } from '#libs/kernel';

/** A tensor given to a model. `data` is flat in row-major order; `shape[0]` is the number of rows. */
export interface InputTensor {
  /** The name of the input; inputs are taken in order when no name fits. */
  readonly name?: string | undefined;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** A tensor that a model answered, in the same layout. */
export interface OutputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const bad = (detail: string): ModelError => new ModelError('model_input', detail);

/** Brings inputs into the order of the model's ports and checks their shapes. Returns them with the symbols they bind. */
export function matchInputs(
  ports: readonly Port[],
  inputs: readonly InputTensor[],
): { ordered: InputTensor[]; rows: number; symbols: Record<string, number> } {
  if (inputs.length !== ports.length)
    throw bad(
      `the model takes ${ports.length} ${ports.length === 1 ? 'input' : 'inputs'}, not ${inputs.length}`,
    );
  const byName = new Map(inputs.map((input) => [input.name, input]));
  const named = ports.filter((port) => byName.has(port.name)).length;
  if (named !== 0 && named !== ports.length)
    throw bad(`the inputs are called ${ports.map((port) => port.name).join(', ')}`);
  const ordered = ports
    .map((port, index) => byName.get(port.name) ?? inputs[index])
    .filter((one) => one !== undefined);
  const symbols: Record<string, number> = {};
  ordered.forEach((input, index) => checkInput(input, ports[index], symbols));
  return { ordered, rows: symbols[String(BATCH)] ?? 1, symbols };
}

function checkInput(input: InputTensor, port: Port | undefined, symbols: Record<string, number>): void {
  if (port === undefined) throw new Error('invariant broken: an input without a port');
  if (port.anyShape === true) return checkSize(input, port);
  const fits =
    input.shape.length === port.shape.length &&
    port.shape.every((wanted, axis) => {
      const given = input.shape[axis];
      if (given === undefined || !Number.isSafeInteger(given) || given < 1) return false;
      if (typeof wanted === 'number') return given === wanted;
      const symbol = String(wanted);
      symbols[symbol] ??= given;
      return symbols[symbol] === given;
    });
  if (!fits)
    throw bad(
      `the input '${port.name}' must have the shape ${showShape(port.shape)}, not (${input.shape.join(', ')})`,
    );
  checkSize(input, port);
}

function checkSize(input: InputTensor, port: Port): void {
  const size = input.shape.reduce((product, dim) => product * dim, 1);
  if (!input.shape.every((dim) => Number.isSafeInteger(dim) && dim > 0))
    throw bad(`the input '${port.name}' has the shape (${input.shape.join(', ')}); lengths are at least 1`);
  if (input.data.length !== size)
    throw bad(`the input '${port.name}' has ${input.data.length} numbers for a shape of ${size}`);
}

/** A tensor for ONNX Runtime. Throws `model_input` for numbers that the type cannot hold. */
export function toOrt(
  type: ElementType,
  data: ArrayLike<number>,
  shape: readonly number[],
  name: string,
): Tensor {
  const dims = [...shape];
  if (type === 'float64') return new Tensor('float64', Float64Array.from(data), dims);
  if (type === 'float32') {
    const floats = data instanceof Float32Array ? data : Float32Array.from(data);
    return new Tensor('float32', floats, dims);
  }
  if (type === 'float16') return halves(data, dims);
  if (type === 'float8' || type === 'bfloat16')
    throw bad(`the input '${name}' takes numbers of a kind that none can be given`);
  const { least, most, array } = INTEGERS[type];
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index] ?? 0;
    if (!Number.isSafeInteger(value)) throw bad(`the input '${name}' takes integers`);
    if (value < least || value > most)
      throw bad(`the input '${name}' takes integers from ${least} to ${most} (${type}), not ${value}`);
  }
  return new Tensor(type, array(data), dims);
}

type Whole = Exclude<ElementType, 'float32' | 'float64' | 'float16' | 'bfloat16' | 'float8'>;
type Numbers = ArrayLike<number>;

/** What a type of integers holds, as far as JavaScript's numbers tell them apart, and the array that ONNX Runtime takes them in. */
const INTEGERS: Readonly<
  Record<
    Whole,
    { readonly least: number; readonly most: number; readonly array: (data: Numbers) => Tensor['data'] }
  >
> = {
  bool: { least: 0, most: 255, array: (data) => Uint8Array.from(data) },
  int8: { least: -128, most: 127, array: (data) => Int8Array.from(data) },
  int16: { least: -32_768, most: 32_767, array: (data) => Int16Array.from(data) },
  int32: { least: -(2 ** 31), most: 2 ** 31 - 1, array: (data) => Int32Array.from(data) },
  int64: {
    least: Number.MIN_SAFE_INTEGER,
    most: Number.MAX_SAFE_INTEGER,
    array: (data) => BigInt64Array.from(Array.from(data, BigInt)),
  },
  uint8: { least: 0, most: 255, array: (data) => Uint8Array.from(data) },
  uint16: { least: 0, most: 65_535, array: (data) => Uint16Array.from(data) },
  uint32: { least: 0, most: 2 ** 32 - 1, array: (data) => Uint32Array.from(data) },
  uint64: {
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    array: (data) => BigUint64Array.from(Array.from(data, BigInt)),
  },
};

/** Where the engine has an array of halves of its own, ONNX Runtime wants that one. */
const HalfArray = (globalThis as { Float16Array?: new (buffer: ArrayBuffer) => Uint16Array }).Float16Array;

function halves(data: ArrayLike<number>, dims: number[]): Tensor {
  const bits = Uint16Array.from(data, numberToHalf);
  return new Tensor('float16', HalfArray === undefined ? bits : new HalfArray(bits.buffer), dims);
}

/** The answer as floats, whatever type the graph gave. */
export function fromOrt(tensor: Tensor, name: string): OutputTensor {
  const { data, dims } = tensor;
  if (data instanceof Float32Array) return { name, shape: [...dims], data };
  if (Array.isArray(data))
    throw new ModelError(
      'model_run_failed',
      `the output '${name}' holds texts; export the model with numbers there`,
    );
  if (data instanceof Uint16Array && tensor.type === 'float16')
    return { name, shape: [...dims], data: Float32Array.from(data, halfToNumber) };
  return { name, shape: [...dims], data: Float32Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** The numbers of one row of an input. */
export function rowOf(input: InputTensor, row: number): InputTensor {
  const [rows = 1, ...rest] = input.shape;
  const size = input.data.length / rows;
  const data = Float64Array.from({ length: size }, (_, index) => input.data[row * size + index] ?? 0);
  return { name: input.name, shape: [1, ...rest], data };
}

/** A random input's shape for this many samples. */
export function randomShape(
  shape: Port['shape'],
  samples: number,
  symbols: Readonly<Record<string, number>>,
): number[] {
  const bound = { ...symbols, [String(SAMPLES)]: samples, [String(BATCH)]: 1 };
  return shape.map((dim) => evaluateDim(dim, bound));
}

/** The numbers of a tensor as they lie in memory. */
export function memoryOf({ data }: Tensor): Buffer {
  if (!ArrayBuffer.isView(data)) throw new Error('invariant broken: a tensor of texts between two graphs');
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Each row of the tensors several times, one behind the other. */
export function repeatRows(parts: readonly Tensor[], times: number): Tensor {
  const [first] = parts;
  if (first === undefined) throw new Error('invariant broken: nothing to repeat');
  const rows = parts.flatMap((part) => {
    const [count = 1, bytes] = [part.dims[0], memoryOf(part)];
    const length = bytes.length / count;
    return Array.from({ length: count }, (_, row) => bytes.subarray(row * length, (row + 1) * length));
  });
  const joined = Buffer.alloc(rows.reduce((sum, { length }) => sum + length, 0) * times);
  let at = 0;
  for (const row of rows) for (let time = 0; time < times; time += 1) at += row.copy(joined, at);
  const Elements = first.data.constructor as new (buffer: ArrayBuffer) => Tensor['data'];
  const data = new Elements(joined.buffer);
  return new Tensor(first.type, data as Float32Array, [rows.length * times, ...first.dims.slice(1)]);
}
