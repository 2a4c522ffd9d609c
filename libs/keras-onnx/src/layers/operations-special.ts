import { sizeOf } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  expand,
  reduce,
  reshape,
  scale,
  shift,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import {
  alongAxis,
  axesOf,
  first,
  keeps,
  left,
  lengthOf,
  operand,
  type Operation,
  second,
  setting,
} from './operands.js';
import { runningProduct } from './operations-select.js';

/** Giles' approximation in single precision (2012). */
function inverseErf(emit: Emitter, x: Value): Value {
  const product = binary(emit, 'Mul', shift(emit, unary(emit, 'Neg', x), 1), shift(emit, x, 1));
  const w = unary(emit, 'Neg', unary(emit, 'Log', product));
  const horner = (at: Value, factors: readonly number[]): Value =>
    factors
      .slice(1)
      .reduce(
        (sum, factor) => shift(emit, binary(emit, 'Mul', sum, at), factor),
        emit.scalar(factors[0] ?? 0),
      );
  const near = horner(
    shift(emit, w, -2.5),
    [
      2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503,
      -0.00417768164, 0.246640727, 1.50140941,
    ],
  );
  const far = horner(
    shift(emit, unary(emit, 'Sqrt', w), -3),
    [
      -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
      0.00943887047, 1.00167406, 2.83297682,
    ],
  );
  const isNear = binary(emit, 'Less', w, emit.scalar(5), 'bool');
  const inside = binary(emit, 'Mul', x, where(emit, isNear, near, far));
  const isEdge = binary(emit, 'Equal', unary(emit, 'Abs', x), emit.scalar(1), 'bool');
  return where(emit, isEdge, binary(emit, 'Mul', x, emit.scalar(Infinity)), inside);
}

const nanPlace =
  (op: string, stand: number): Operation =>
  (call) => {
    const { emit } = call;
    const { x, axis } = alongAxis(call);
    const isNan = unary(emit, 'IsNaN', x, 'bool');
    const keep = setting(call, 'keepdims') === true;
    const shape = x.shape.flatMap((dim, one) => (one === axis ? (keep ? [1] : []) : [dim]));
    const found = emit.op(op, [where(emit, isNan, emit.scalar(stand), x)], shape, {
      type: 'int64',
      attributes: { axis: { int: axis }, keepdims: { int: keep ? 1 : 0 } },
    });
    // Rows of nothing but NaN have no place.
    const seen = reduce(emit, 'ReduceMin', cast(emit, isNan, 'float32'), [axis], keep);
    return where(emit, cast(emit, seen, 'bool'), emit.integers([-1], []), found);
  };

/** The largest or smallest of what is a number; NaN where nothing is. */
const nanExtreme =
  (op: string, stand: number): Operation =>
  (call) => {
    const { emit } = call;
    const x = first(call);
    const [axes, keep] = [axesOf(call, x), keeps(call)];
    const isNan = unary(emit, 'IsNaN', x, 'bool');
    const isAll = reduce(emit, 'ReduceMin', cast(emit, isNan, 'float32'), axes, keep);
    const found = reduce(emit, op, where(emit, isNan, emit.scalar(stand), x), axes, keep);
    return where(emit, cast(emit, isAll, 'bool'), emit.scalar(NaN), found);
  };

/** Whether a number is below 0, or the 0 that comes from there: 1 / −0 is −∞. */
const signBit: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  const side = where(emit, isZero, unary(emit, 'Reciprocal', x), x);
  return binary(emit, 'Less', side, emit.scalar(0), 'bool');
};

const unravel: Operation = (call) => {
  const { emit } = call;
  const index = cast(emit, operand(call, call.args[0] ?? call.kwargs.indices), 'int64');
  if (index.shape.length !== 1)
    throw call.config.refuse(
      'unravel_index over several axes, which Keras answers by its backend,',
      'give one row of indices',
    );
  const lengths = ([setting(call, 'shape')].flat() as unknown[]).map(Number);
  return lengths.map((length, axis) => {
    const stride = lengths.slice(axis + 1).reduce((product, one) => product * one, 1);
    const above = binary(emit, 'Div', index, emit.integers([stride], []));
    return binary(emit, 'Mod', above, emit.integers([length], []));
  });
};

/** Powers of a row of numbers as columns. */
const vander: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const count = Number(setting(call, 'N') ?? lengthOf(call, x, 0));
  const powers = Array.from({ length: count }, (_, at) =>
    setting(call, 'increasing') === true ? at : count - 1 - at,
  );
  return binary(emit, 'Pow', unsqueeze(emit, x, -1), emit.constant(Float32Array.from(powers), [count]));
};

const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  // The nearest floats inside.
  int32: [-2_147_483_648, 2_147_483_520],
  uint32: [0, 4_294_967_040],
  int64: [-9_223_371_487_098_961_920, 9_223_371_487_098_961_920],
};

const saturate: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const dtype = String(setting(call, 'dtype'));
  if (/^(b?float)/.test(dtype)) return x;
  const bounds = dtype === 'bool' ? [0, 1] : INTEGERS[dtype];
  if (bounds === undefined)
    throw call.config.refuse(`a cast to ${dtype}`, 'cast to a float, a bool or an integer');
  const [low, high] = bounds.map((bound) => emit.scalar(bound));
  return cast(emit, emit.op('Clip', [x, low ?? x, high ?? x], x.shape), dtype === 'bool' ? 'bool' : 'int64');
};

const integerShift =
  (sign: 1 | -1): Operation =>
  (call) => {
    const { emit } = call;
    const factor = binary(emit, 'Pow', emit.scalar(2), scale(emit, second(call), sign));
    return unary(emit, 'Floor', binary(emit, 'Mul', left(call), factor));
  };

const inverted: Operation = (call) => shift(call.emit, unary(call.emit, 'Neg', first(call)), -1);

/** Operations on numbers one by one, and on integers, that need more than an operator. */
export const special: Readonly<Record<string, Operation>> = {
  Erfinv: (call) => inverseErf(call.emit, first(call)),
  Nanmax: nanExtreme('ReduceMax', -Infinity),
  Nanmin: nanExtreme('ReduceMin', Infinity),
  Signbit: signBit,
  Nanargmax: nanPlace('ArgMax', -Infinity),
  Nanargmin: nanPlace('ArgMin', Infinity),
  Nancumsum: (call) => {
    const { x, axis } = alongAxis(call);
    const kept = where(call.emit, unary(call.emit, 'IsNaN', x, 'bool'), call.emit.scalar(0), x);
    return call.emit.op('CumSum', [kept, call.emit.builder.integers([axis], [])], x.shape);
  },
  Nancumprod: (call) => {
    const { x, axis } = alongAxis(call);
    const kept = where(call.emit, unary(call.emit, 'IsNaN', x, 'bool'), call.emit.scalar(1), x);
    return runningProduct(call, kept, axis);
  },
  UnravelIndex: unravel,
  Vander: vander,
  SaturateCast: saturate,
  LeftShift: integerShift(1),
  BitwiseLeftShift: integerShift(1),
  RightShift: integerShift(-1),
  BitwiseRightShift: integerShift(-1),
  BitwiseNot: inverted,
  BitwiseInvert: inverted,
  // Of real numbers.
  Angle: (call) => {
    const x = first(call);
    return where(
      call.emit,
      binary(call.emit, 'Less', x, call.emit.scalar(0), 'bool'),
      call.emit.scalar(Math.PI),
      call.emit.scalar(0),
    );
  },
  Imag: (call) => scale(call.emit, first(call), 0),
  Isreal: (call) => cast(call.emit, expand(call.emit, call.emit.scalar(1), first(call).shape), 'bool'),
  Array: (call) => first(call),
  Vdot: (call) => {
    const [a, b] = [left(call), second(call)];
    axesOf(call, a, 'every axis');
    return reduce(
      call.emit,
      'ReduceSum',
      binary(
        call.emit,
        'Mul',
        reshape(call.emit, a, [sizeOf(a.shape)]),
        reshape(call.emit, b, [sizeOf(b.shape)]),
      ),
      [0],
      false,
    );
  },
};
