import type { Emitter, Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  expand,
  extremeAlong,
  reduce,
  scale,
  shift,
  unary,
  where,
} from '../graph/tensor-ops.js';
import { activationOf, sparsemax } from './activations.js';
import type { LayerCall } from './definition.js';
import {
  axesOf,
  first,
  keeps,
  left,
  numberOf,
  operand,
  type Operation,
  second,
  setting,
} from './operands.js';

type Write = (emit: Emitter, x: Value) => Value;
type WritePair = (emit: Emitter, a: Value, b: Value) => Value;

const one =
  (write: Write): Operation =>
  (call) =>
    write(call.emit, first(call));
const two =
  (write: WritePair): Operation =>
  (call) =>
    write(call.emit, left(call), second(call));

const below = (emit: Emitter, x: Value, limit: number): Value =>
  binary(emit, 'Less', x, emit.scalar(limit), 'bool');
const isNan: Write = (emit, x) => unary(emit, 'IsNaN', x, 'bool');
const isInfinite =
  (low: boolean, high: boolean): Write =>
  (emit, x) =>
    emit.op('IsInf', [x], x.shape, {
      type: 'bool',
      attributes: { detect_negative: { int: low ? 1 : 0 }, detect_positive: { int: high ? 1 : 0 } },
    });
const not = (emit: Emitter, x: Value): Value => unary(emit, 'Not', x);
const whole: Write = (emit, x) =>
  binary(emit, 'Mul', unary(emit, 'Sign', x), unary(emit, 'Floor', unary(emit, 'Abs', x)));

/** The angle of (x, y) in all four quadrants. */
const arctan2: WritePair = (emit, y, x) => {
  const plain = unary(emit, 'Atan', binary(emit, 'Div', y, x));
  const half = where(emit, below(emit, y, 0), emit.scalar(-Math.PI), emit.scalar(Math.PI));
  const turned = where(emit, below(emit, x, 0), binary(emit, 'Add', plain, half), plain);
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  return where(emit, isZero, scale(emit, unary(emit, 'Sign', y), Math.PI / 2), turned);
};

/** max + log(1 + e^−|a − b|), which does not overflow. */
const logAdd =
  (base: number): WritePair =>
  (emit, a, b) => {
    const gap = unary(emit, 'Neg', unary(emit, 'Abs', binary(emit, 'Sub', a, b)));
    const raised = unary(emit, 'Exp', scale(emit, gap, Math.log(base)));
    const rest = scale(emit, unary(emit, 'Log', shift(emit, raised, 1)), 1 / Math.log(base));
    return binary(emit, 'Add', binary(emit, 'Max', a, b), rest);
  };

const heaviside: WritePair = (emit, x, atZero) => {
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  const side = where(emit, below(emit, x, 0), emit.scalar(0), emit.scalar(1));
  return where(emit, isZero, atZero, side);
};

/** sin(πx) / πx */
const sinc: Write = (emit, x) => {
  const turned = scale(emit, x, Math.PI);
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  const safe = where(emit, isZero, emit.scalar(1), turned);
  return where(emit, isZero, emit.scalar(1), binary(emit, 'Div', unary(emit, 'Sin', safe), safe));
};

/** A quotient that is 0 where the divisor is. */
const divideNoNan: WritePair = (emit, a, b) => {
  const isZero = binary(emit, 'Equal', b, emit.scalar(0), 'bool');
  const safe = where(emit, isZero, emit.scalar(1), b);
  return where(emit, isZero, emit.scalar(0), binary(emit, 'Div', a, safe));
};

const nanToNum: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const most = 3.4028234663852886e38;
  const number = (key: string, fallback: number): Value => {
    const value = setting(call, key) ?? fallback;
    return emit.scalar(Number(value));
  };
  const finite = where(emit, isNan(emit, x), number('nan', 0), x);
  const lower = where(emit, isInfinite(false, true)(emit, finite), number('posinf', most), finite);
  return where(emit, isInfinite(true, false)(emit, lower), number('neginf', -most), lower);
};

/** A reduction that takes no notice of what is no number. */
const nanReduction =
  (op: string, stand: number): Operation =>
  (call) => {
    const { emit } = call;
    const x = first(call);
    const kept = where(emit, isNan(emit, x), emit.scalar(stand), x);
    return reduce(emit, op, kept, axesOf(call, x), keeps(call));
  };

function nanMean(call: LayerCall, x: Value, keep: boolean): Value {
  const { emit } = call;
  const axes = axesOf(call, x);
  const gone = isNan(emit, x);
  const sum = reduce(emit, 'ReduceSum', where(emit, gone, emit.scalar(0), x), axes, keep);
  return binary(
    emit,
    'Div',
    sum,
    reduce(emit, 'ReduceSum', cast(emit, not(emit, gone), 'float32'), axes, keep),
  );
}

function nanVariance(call: LayerCall): Value {
  const x = first(call);
  const off = binary(call.emit, 'Sub', x, nanMean(call, x, true));
  return nanMean(call, binary(call.emit, 'Mul', off, off), keeps(call));
}

const truth =
  (op: string): Operation =>
  (call) => {
    const x = cast(call.emit, first(call), 'bool');
    return cast(
      call.emit,
      reduce(call.emit, op, cast(call.emit, x, 'float32'), axesOf(call, x), keeps(call)),
      'bool',
    );
  };

const average: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const weights = call.args[1] ?? call.kwargs.weights ?? null;
  const axes = axesOf(call, x);
  if (weights === null) return reduce(emit, 'ReduceMean', x, axes, false);
  const given = operand(call, weights);
  const [axis = 0] = axes;
  // Weights in one row belong to the axis that is averaged.
  const laid =
    given.shape.length === 1 && x.shape.length > 1 ? alongOf(call, given, axis, x.shape.length) : given;
  const all = expand(emit, laid, x.shape);
  const sum = reduce(emit, 'ReduceSum', binary(emit, 'Mul', x, all), axes, false);
  return binary(emit, 'Div', sum, reduce(emit, 'ReduceSum', all, axes, false));
};

function alongOf(call: LayerCall, x: Value, axis: number, rank: number): Value {
  const shape = Array.from({ length: rank }, (_, index) => (index === axis ? (x.shape[0] ?? 1) : 1));
  return call.emit.op('Reshape', [x, call.emit.shapeTensor(shape)], shape);
}

const rounding: Operation = (call) => {
  const factor = 10 ** numberOf(call, 'decimals', 0);
  return scale(call.emit, unary(call.emit, 'Round', scale(call.emit, first(call), factor)), 1 / factor);
};

const filled =
  (value: number): Operation =>
  (call) =>
    expand(call.emit, call.emit.scalar(value), first(call).shape);

const integerPair =
  (op: string): Operation =>
  (call) => {
    const { emit } = call;
    return binary(emit, op, cast(emit, left(call), 'int64'), cast(emit, second(call), 'int64'));
  };

const isClose: Operation = (call) => {
  const { emit } = call;
  const [a, b] = [left(call), second(call)];
  const number = (at: number, key: string, fallback: number): number =>
    Number(call.args[at] ?? setting(call, key) ?? fallback);
  const room = shift(
    emit,
    scale(emit, unary(emit, 'Abs', b), number(2, 'rtol', 1e-5)),
    number(3, 'atol', 1e-8),
  );
  return binary(emit, 'LessOrEqual', unary(emit, 'Abs', binary(emit, 'Sub', a, b)), room, 'bool');
};

const activation =
  (name: string): Operation =>
  (call) =>
    activationOf(name, call.layer.name, 'keras3')(call.emit, first(call));

/** Operations on numbers one by one, and summaries. */
export const numeric: Readonly<Record<string, Operation>> = {
  All: truth('ReduceMin'),
  Any: truth('ReduceMax'),
  Arctan2: two(arctan2),
  Average: average,
  BitwiseAnd: integerPair('BitwiseAnd'),
  BitwiseOr: integerPair('BitwiseOr'),
  BitwiseXor: integerPair('BitwiseXor'),
  Cbrt: one((emit, x) =>
    binary(
      emit,
      'Mul',
      unary(emit, 'Sign', x),
      binary(emit, 'Pow', unary(emit, 'Abs', x), emit.scalar(1 / 3)),
    ),
  ),
  Deg2rad: one((emit, x) => scale(emit, x, Math.PI / 180)),
  DivideNoNan: two(divideNoNan),
  Erfc: one((emit, x) => shift(emit, unary(emit, 'Neg', unary(emit, 'Erf', x)), 1)),
  Exp2: one((emit, x) => binary(emit, 'Pow', emit.scalar(2), x)),
  Fabs: one((emit, x) => unary(emit, 'Abs', x)),
  Fmax: two((emit, a, b) =>
    where(emit, isNan(emit, a), b, where(emit, isNan(emit, b), a, binary(emit, 'Max', a, b))),
  ),
  Fmin: two((emit, a, b) =>
    where(emit, isNan(emit, a), b, where(emit, isNan(emit, b), a, binary(emit, 'Min', a, b))),
  ),
  Fmod: two((emit, a, b) =>
    emit.op('Mod', [a, b], binary(emit, 'Add', a, b).shape, { attributes: { fmod: { int: 1 } } }),
  ),
  FullLike: (call) =>
    expand(call.emit, operand(call, call.args[1] ?? call.kwargs.fill_value), first(call).shape),
  HardShrink: (call) => {
    const x = first(call);
    const { emit } = call;
    const far = binary(
      emit,
      'Greater',
      unary(emit, 'Abs', x),
      emit.scalar(numberOf(call, 'threshold', 0.5)),
      'bool',
    );
    return where(emit, far, x, emit.scalar(0));
  },
  Heaviside: two(heaviside),
  Hypot: two((emit, a, b) =>
    unary(emit, 'Sqrt', binary(emit, 'Add', binary(emit, 'Mul', a, a), binary(emit, 'Mul', b, b))),
  ),
  Isclose: isClose,
  Isfinite: one((emit, x) =>
    not(emit, binary(emit, 'Or', isNan(emit, x), isInfinite(true, true)(emit, x), 'bool')),
  ),
  Isinf: one(isInfinite(true, true)),
  Isnan: one(isNan),
  Isneginf: one(isInfinite(true, false)),
  Isposinf: one(isInfinite(false, true)),
  Ldexp: two((emit, a, b) => binary(emit, 'Mul', a, binary(emit, 'Pow', emit.scalar(2), b))),
  LogicalXor: two((emit, a, b) => binary(emit, 'Xor', cast(emit, a, 'bool'), cast(emit, b, 'bool'), 'bool')),
  Logaddexp: two(logAdd(Math.E)),
  Logaddexp2: two(logAdd(2)),
  NanToNum: nanToNum,
  Nanprod: nanReduction('ReduceProd', 1),
  Nansum: nanReduction('ReduceSum', 0),
  Nanmean: (call) => nanMean(call, first(call), keeps(call)),
  Nanvar: nanVariance,
  Nanstd: (call) => unary(call.emit, 'Sqrt', nanVariance(call)),
  OnesLike: filled(1),
  ZerosLike: filled(0),
  Ptp: (call) => {
    const x = first(call);
    const [high, low] = (['ReduceMax', 'ReduceMin'] as const).map((op) =>
      extremeAlong(call.emit, op, x, axesOf(call, x), keeps(call)),
    );
    return binary(call.emit, 'Sub', high ?? x, low ?? x);
  },
  Rad2deg: one((emit, x) => scale(emit, x, 180 / Math.PI)),
  Round: rounding,
  Sinc: one(sinc),
  SoftShrink: (call) => {
    const x = first(call);
    const { emit } = call;
    const beyond = unary(emit, 'Relu', shift(emit, unary(emit, 'Abs', x), -numberOf(call, 'threshold', 0.5)));
    return binary(emit, 'Mul', unary(emit, 'Sign', x), beyond);
  },
  SparseSigmoid: activation('sparse_sigmoid'),
  Sparsemax: (call) => sparsemax(numberOf(call, 'axis', -1))(call.emit, first(call)),
  Threshold: (call) => {
    const x = first(call);
    const { emit } = call;
    const above = binary(emit, 'Greater', x, emit.scalar(numberOf(call, 'threshold')), 'bool');
    return where(emit, above, x, emit.scalar(numberOf(call, 'default_value')));
  },
  Trunc: one(whole),
};
