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
import { activationOf, hardShrink, softShrink, sparsemax } from './activations.js';
import type { LayerCall } from './definition.js';
import { axesOf, first, keeps, numberOf, operand, type Operation, setting } from './operands.js';
import { isNan, LARGEST } from './order.js';

type Write = (emit: Emitter, x: Value) => Value;
const one =
  (write: Write): Operation =>
  (call) =>
    write(call.emit, first(call));

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

/** sin(πx) / πx */
const sinc: Write = (emit, x) => {
  const turned = scale(emit, x, Math.PI);
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  const safe = where(emit, isZero, emit.scalar(1), turned);
  return where(emit, isZero, emit.scalar(1), binary(emit, 'Div', unary(emit, 'Sin', safe), safe));
};

const nanToNum: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const number = (key: string, fallback: number): Value => {
    const value = setting(call, key) ?? fallback;
    return emit.scalar(Number(value));
  };
  const finite = where(emit, isNan(emit, x), number('nan', 0), x);
  const lower = where(emit, isInfinite(false, true)(emit, finite), number('posinf', LARGEST), finite);
  return where(emit, isInfinite(true, false)(emit, lower), number('neginf', -LARGEST), lower);
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

/** Over those that are numbers; what infinite ones leave behind is none, but counts. */
function nanVariance(call: LayerCall): Value {
  const { emit } = call;
  const x = first(call);
  const axes = axesOf(call, x);
  const gone = isNan(emit, x);
  const off = where(emit, gone, emit.scalar(0), binary(emit, 'Sub', x, nanMean(call, x, true)));
  const sum = reduce(emit, 'ReduceSum', binary(emit, 'Mul', off, off), axes, keeps(call));
  const count = reduce(emit, 'ReduceSum', cast(emit, not(emit, gone), 'float32'), axes, keeps(call));
  return binary(emit, 'Div', sum, count);
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

const activation =
  (name: string): Operation =>
  (call) =>
    activationOf(name, call.layer.name, 'keras3')(call.emit, first(call));

/** Operations on numbers one by one, and summaries. */
export const numeric: Readonly<Record<string, Operation>> = {
  All: truth('ReduceMin'),
  Any: truth('ReduceMax'),
  Average: average,
  Cbrt: one((emit, x) =>
    binary(
      emit,
      'Mul',
      unary(emit, 'Sign', x),
      binary(emit, 'Pow', unary(emit, 'Abs', x), emit.scalar(1 / 3)),
    ),
  ),
  Deg2rad: one((emit, x) => scale(emit, x, Math.PI / 180)),
  Erfc: one((emit, x) => shift(emit, unary(emit, 'Neg', unary(emit, 'Erf', x)), 1)),
  Exp2: one((emit, x) => binary(emit, 'Pow', emit.scalar(2), x)),
  Fabs: one((emit, x) => unary(emit, 'Abs', x)),
  FullLike: (call) =>
    expand(call.emit, operand(call, call.args[1] ?? call.kwargs.fill_value), first(call).shape),
  HardShrink: (call) => hardShrink(numberOf(call, 'threshold', 0.5))(call.emit, first(call)),
  Isfinite: one((emit, x) =>
    not(emit, binary(emit, 'Or', isNan(emit, x), isInfinite(true, true)(emit, x), 'bool')),
  ),
  Isinf: one(isInfinite(true, true)),
  Isnan: one(isNan),
  Isneginf: one(isInfinite(true, false)),
  Isposinf: one(isInfinite(false, true)),
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
  SoftShrink: (call) => softShrink(numberOf(call, 'threshold', 0.5))(call.emit, first(call)),
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
