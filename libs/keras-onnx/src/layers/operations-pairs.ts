import type { Emitter, Value } from '../graph/emitter.js';
import { binary, broadcastShapes, cast, scale, shift, unary, where } from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import { left, type Operation, second, setting } from './operands.js';
import { isNan, isNegative } from './order.js';

type WritePair = (emit: Emitter, a: Value, b: Value) => Value;

const two =
  (write: WritePair): Operation =>
  (call) =>
    write(call.emit, left(call), second(call));

const is = (emit: Emitter, op: 'Less' | 'Greater' | 'Equal', x: Value, than: Value): Value =>
  binary(emit, op, x, than, 'bool');
const isInfinite = (emit: Emitter, x: Value): Value => unary(emit, 'IsInf', x, 'bool');
const or = (emit: Emitter, a: Value, b: Value): Value => binary(emit, 'Or', a, b, 'bool');
const size = (emit: Emitter, x: Value): Value => unary(emit, 'Abs', x);

/** The angle of (x, y) in all four quadrants, for infinite numbers and zeros of either sign, too. */
const arctan2: WritePair = (emit, y, x) => {
  const [high, wide] = [size(emit, y), size(emit, x)];
  const [least, most] = [binary(emit, 'Min', high, wide), binary(emit, 'Max', high, wide)];
  const alike = is(emit, 'Equal', high, wide);
  const ratio = where(emit, alike, emit.scalar(1), binary(emit, 'Div', least, most));
  const flat = unary(emit, 'Atan', where(emit, is(emit, 'Equal', most, emit.scalar(0)), most, ratio));
  const from = (angle: number, x0: Value): Value => shift(emit, unary(emit, 'Neg', x0), angle);
  const steep = where(emit, is(emit, 'Greater', high, wide), from(Math.PI / 2, flat), flat);
  const turned = where(emit, isNegative(emit, x), from(Math.PI, steep), steep);
  const signed = where(emit, isNegative(emit, y), unary(emit, 'Neg', turned), turned);
  return where(emit, or(emit, isNan(emit, x), isNan(emit, y)), emit.scalar(NaN), signed);
};

/** max + log(1 + e^−|a − b|), which does not overflow; of two infinite numbers their sum. */
const logAdd =
  (base: number): WritePair =>
  (emit, a, b) => {
    const apart = binary(emit, 'Sub', a, b);
    const raised = unary(emit, 'Exp', scale(emit, unary(emit, 'Neg', size(emit, apart)), Math.log(base)));
    const rest = scale(emit, unary(emit, 'Log', shift(emit, raised, 1)), 1 / Math.log(base));
    const sum = binary(emit, 'Add', binary(emit, 'Max', a, b), rest);
    return where(emit, isNan(emit, apart), binary(emit, 'Add', a, b), sum);
  };

/** 0 below 0, 1 above it, else the second number: that of NaN, too. */
const heaviside: WritePair = (emit, x, other) => {
  const above = where(emit, is(emit, 'Greater', x, emit.scalar(0)), emit.scalar(1), other);
  return where(emit, is(emit, 'Less', x, emit.scalar(0)), emit.scalar(0), above);
};

/** A quotient that is 0 where the divisor is. */
const divideNoNan: WritePair = (emit, a, b) => {
  const isZero = is(emit, 'Equal', b, emit.scalar(0));
  const safe = where(emit, isZero, emit.scalar(1), b);
  return where(emit, isZero, emit.scalar(0), binary(emit, 'Div', a, safe));
};

/** √(a² + b²) by the ratio of the two, which squares nothing large. */
const hypot: WritePair = (emit, a, b) => {
  const [one, other] = [size(emit, a), size(emit, b)];
  const most = binary(emit, 'Max', one, other);
  const ratio = divideNoNan(emit, binary(emit, 'Min', one, other), most);
  return binary(emit, 'Mul', most, unary(emit, 'Sqrt', shift(emit, binary(emit, 'Mul', ratio, ratio), 1)));
};

const fmod: WritePair = (emit, a, b) =>
  emit.op('Mod', [a, b], broadcastShapes(a.shape, b.shape), { attributes: { fmod: { int: 1 } } });

/** The remainder with the divisor's sign, as in Python. */
const modulo: WritePair = (emit, a, b) => {
  const rest = fmod(emit, a, b);
  const zero = emit.scalar(0);
  const isOther = binary(emit, 'Xor', is(emit, 'Less', b, zero), is(emit, 'Less', rest, zero), 'bool');
  const isNone = is(emit, 'Equal', rest, zero);
  const moved = where(emit, isOther, binary(emit, 'Add', rest, b), rest);
  return where(emit, isNone, rest, moved);
};

/** The one that is a number where the other is none. */
const known =
  (op: 'Max' | 'Min'): WritePair =>
  (emit, a, b) =>
    where(emit, isNan(emit, a), b, where(emit, isNan(emit, b), a, binary(emit, op, a, b)));

const isClose: Operation = (call) => {
  const { emit } = call;
  const [a, b] = [left(call), second(call)];
  const number = (at: number, key: string, fallback: number): number =>
    Number(call.args[at] ?? setting(call, key) ?? fallback);
  const room = shift(emit, scale(emit, size(emit, b), number(2, 'rtol', 1e-5)), number(3, 'atol', 1e-8));
  const near = binary(emit, 'LessOrEqual', size(emit, binary(emit, 'Sub', a, b)), room, 'bool');
  if ((call.args[4] ?? setting(call, 'equal_nan')) !== true) return near;
  return or(emit, near, binary(emit, 'And', isNan(emit, a), isNan(emit, b), 'bool'));
};

/** a · 2^b; what has no other multiple stays. */
const ldexp: WritePair = (emit, a, b) => {
  const product = binary(emit, 'Mul', a, binary(emit, 'Pow', emit.scalar(2), b));
  return where(emit, or(emit, isInfinite(emit, a), is(emit, 'Equal', a, emit.scalar(0))), a, product);
};

const integers =
  (op: string): Operation =>
  (call) => {
    const { emit } = call;
    return binary(emit, op, cast(emit, left(call), 'int64'), cast(emit, second(call), 'int64'));
  };

/** Numbers at both ends of an even row, and where TensorFlow computes what lies between: from the first end on. */
export function evenly(call: LayerCall, start: Value, stop: Value, count: number, closed: boolean): Value[] {
  const { emit } = call;
  const shape = broadcastShapes(start.shape, stop.shape);
  const part = (from: Value, to: Value, steps: number): Value =>
    binary(emit, 'Div', binary(emit, 'Sub', to, from), emit.scalar(steps));
  const end = closed ? stop : binary(emit, 'Sub', stop, part(start, stop, count));
  const step = part(start, end, Math.max(count - 1, 1));
  return Array.from({ length: count }, (_, at) => {
    if (at === 0) return emit.op('Expand', [start, emit.shapeTensor(shape)], shape);
    if (at === count - 1) return emit.op('Expand', [end, emit.shapeTensor(shape)], shape);
    return binary(emit, 'Add', start, scale(emit, step, at));
  });
}

/** Operations on two numbers that need more than an operator. */
export const pairs: Readonly<Record<string, Operation>> = {
  Arctan2: two(arctan2),
  BitwiseAnd: integers('BitwiseAnd'),
  BitwiseOr: integers('BitwiseOr'),
  BitwiseXor: integers('BitwiseXor'),
  DivideNoNan: two(divideNoNan),
  FloorDivide: two((emit, a, b) => unary(emit, 'Floor', binary(emit, 'Div', a, b))),
  Fmax: two(known('Max')),
  Fmin: two(known('Min')),
  Fmod: two(fmod),
  Heaviside: two(heaviside),
  Hypot: two(hypot),
  Isclose: isClose,
  Ldexp: two(ldexp),
  Logaddexp: two(logAdd(Math.E)),
  Logaddexp2: two(logAdd(2)),
  Mod: two(modulo),
};
