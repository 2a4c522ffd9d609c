import { unsupported } from '../errors.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { binary, cast, where } from '../graph/tensor-ops.js';
import { first, type Operation, setting, tensor } from './operands.js';
import { LARGEST } from './order.js';

/** The types of whole numbers that Keras has. Graphs hold all of them in 64 bits. */
const WHOLE: Readonly<Record<string, { readonly bits: number; readonly signed: boolean }>> = {
  int8: { bits: 8, signed: true },
  uint8: { bits: 8, signed: false },
  int16: { bits: 16, signed: true },
  uint16: { bits: 16, signed: false },
  int32: { bits: 32, signed: true },
  uint32: { bits: 32, signed: false },
  int64: { bits: 64, signed: true },
};

/** Types of floats with their largest number. */
const FLOATS: Readonly<Record<string, number>> = {
  float16: 65_504,
  bfloat16: 3.3895313892515355e38,
  float32: LARGEST,
  float64: LARGEST,
};

/** The low bits of a whole number, read as its type reads them. */
function wrapped(emit: Emitter, x: Value, dtype: string): Value {
  const type = WHOLE[dtype];
  if (type === undefined || type.bits === 64) return x;
  const number = (value: number): Value => emit.integers([value], []);
  const low = (value: Value): Value => binary(emit, 'BitwiseAnd', value, number(2 ** type.bits - 1));
  if (!type.signed) return low(x);
  const half = number(2 ** (type.bits - 1));
  return binary(emit, 'Sub', low(binary(emit, 'Add', x, half)), half);
}

/** Whole numbers of a type, as NumPy makes them: what does not fit into 32 bits is the least of those, and only low bits stay. */
function toWhole(emit: Emitter, x: Value, dtype: string): Value {
  if (x.type !== 'float32') return wrapped(emit, cast(emit, x, 'int64'), dtype);
  if (dtype === 'int64' || dtype === 'uint32') return wrapped(emit, cast(emit, x, 'int64'), dtype);
  const least = emit.scalar(-(2 ** 31));
  const isFit = binary(
    emit,
    'And',
    binary(emit, 'GreaterOrEqual', x, least, 'bool'),
    binary(emit, 'Less', x, emit.scalar(2 ** 31), 'bool'),
    'bool',
  );
  return wrapped(emit, cast(emit, where(emit, isFit, x, least), 'int64'), dtype);
}

/** A number rounded to what a narrower type of floats can hold. */
function rounded(emit: Emitter, x: Value, dtype: string): Value {
  return dtype === 'float16' || dtype === 'bfloat16' ? cast(emit, cast(emit, x, dtype), 'float32') : x;
}

const castTo: Operation = (call) => {
  const { emit } = call;
  const dtype = String(setting(call, 'dtype'));
  if (Object.hasOwn(FLOATS, dtype)) return rounded(emit, first(call), dtype);
  const x = tensor(call, call.args[0] ?? call.kwargs.x);
  if (dtype === 'bool') return cast(emit, x, 'bool');
  if (Object.hasOwn(WHOLE, dtype)) return toWhole(emit, x, dtype);
  throw unsupported(`a cast to ${dtype}`, 'cast to a float, an integer or bool', call.layer.name);
};

/** The ends of a type of whole numbers; the nearest floats inside where they are none. */
function endsOf(dtype: string): readonly [number, number] | undefined {
  const type = WHOLE[dtype];
  if (type === undefined) return undefined;
  const high = 2 ** (type.signed ? type.bits - 1 : type.bits);
  return [type.signed ? -high : 0, type.bits < 24 ? high - 1 : high - high / 2 ** 24];
}

const saturate: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const dtype = String(setting(call, 'dtype'));
  const largest = FLOATS[dtype];
  const ends = dtype === 'bool' ? ([0, 1] as const) : endsOf(dtype);
  const bounds = largest === undefined ? ends : ([-largest, largest] as const);
  if (bounds === undefined)
    throw call.config.refuse(`a cast to ${dtype}`, 'cast to a float, a bool or an integer');
  if (dtype === 'float32') return x;
  const [low, high] = bounds;
  const clipped = emit.op('Clip', [x, emit.scalar(low), emit.scalar(high)], x.shape);
  if (largest !== undefined) return rounded(emit, clipped, dtype);
  return dtype === 'bool' ? cast(emit, clipped, 'bool') : toWhole(emit, clipped, dtype);
};

/** Operations that give numbers another type. */
export const types: Readonly<Record<string, Operation>> = { Cast: castTo, SaturateCast: saturate };
