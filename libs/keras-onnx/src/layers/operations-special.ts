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
import { isNan, isNegative, LARGEST, placeOf } from './order.js';

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
  (op: 'ArgMax' | 'ArgMin'): Operation =>
  (call) => {
    const { emit } = call;
    const { x, axis } = alongAxis(call);
    const keep = keeps(call);
    const found = placeOf(emit, op, x, axis, keep);
    // Rows of nothing but NaN have no place.
    const seen = reduce(emit, 'ReduceMin', cast(emit, isNan(emit, x), 'float32'), [axis], keep);
    return where(emit, cast(emit, seen, 'bool'), emit.integers([-1], []), found);
  };

/** The largest or smallest of what is a number; NaN where nothing is. */
const nanExtreme =
  (op: string, stand: number): Operation =>
  (call) => {
    const { emit } = call;
    const x = first(call);
    const [axes, keep] = [axesOf(call, x), keeps(call)];
    const gone = isNan(emit, x);
    const isAll = reduce(emit, 'ReduceMin', cast(emit, gone, 'float32'), axes, keep);
    const found = reduce(emit, op, where(emit, gone, emit.scalar(stand), x), axes, keep);
    return where(emit, cast(emit, isAll, 'bool'), emit.scalar(NaN), found);
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

/** 0 for NaN, and the largest number for Infinity. */
function finite(emit: Emitter, x: Value): Value {
  const kept = where(emit, isNan(emit, x), emit.scalar(0), x);
  return emit.op('Clip', [kept, emit.scalar(-LARGEST), emit.scalar(LARGEST)], x.shape);
}

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
  Signbit: (call) => isNegative(call.emit, first(call)),
  Nanargmax: nanPlace('ArgMax'),
  Nanargmin: nanPlace('ArgMin'),
  Nancumsum: (call) => {
    const { x, axis } = alongAxis(call);
    // Keras on TensorFlow makes infinite numbers finite here, too.
    const kept = finite(call.emit, x);
    return call.emit.op('CumSum', [kept, call.emit.builder.integers([axis], [])], x.shape);
  },
  Nancumprod: (call) => {
    const { x, axis } = alongAxis(call);
    const kept = where(call.emit, unary(call.emit, 'IsNaN', x, 'bool'), call.emit.scalar(1), x);
    return runningProduct(call, kept, axis);
  },
  UnravelIndex: unravel,
  Vander: vander,
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
  Imag: (call) => expand(call.emit, call.emit.scalar(0), first(call).shape),
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
