import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { binary, cast, unary, where } from '../graph/tensor-ops.js';

/** The largest number of single precision: what TensorFlow begins a search for an extreme with. */
export const LARGEST = 3.4028234663852886e38;
/** The smallest normal number of single precision. */
const TINY = 1.1754943508222875e-38;

export const isNan = (emit: Emitter, x: Value): Value => unary(emit, 'IsNaN', x, 'bool');

/** Whether a number is below 0, or the 0 that comes from there: 1 / −0 is −∞. */
export function isNegative(emit: Emitter, x: Value): Value {
  const zero = emit.scalar(0);
  const isZero = binary(emit, 'Equal', x, zero, 'bool');
  return binary(emit, 'Less', where(emit, isZero, unary(emit, 'Reciprocal', x), x), zero, 'bool');
}

/**
 * The `count` largest or smallest numbers of an axis in order, and where they stand. Of equal ones the first comes first. NaN counts as
 * larger than every number, as NumPy has it: ONNX Runtime puts it anywhere.
 */
export function ranked(emit: Emitter, x: Value, axis: number, count: Dim, largest: boolean): [Value, Value] {
  const shape = x.shape.map((dim, one) => (one === axis ? count : dim));
  const wide = (value: Value): Value => cast(emit, value, 'float64');
  // In double precision there is room between the numbers of single precision and Infinity, which NaN takes.
  const infinite = binary(emit, 'Mul', wide(emit.scalar(LARGEST)), wide(emit.scalar(2)));
  const below = emit.op('Min', [wide(x), infinite], x.shape);
  const keys = where(emit, isNan(emit, x), wide(emit.scalar(Infinity)), below);
  const [, places = x] = emit.multi(
    'TopK',
    [keys, emit.length(count)],
    [shape, shape],
    { axis: { int: axis }, largest: { int: largest ? 1 : 0 } },
    ['float64', 'int64'],
  );
  const values = emit.op('GatherElements', [x, places], shape, { attributes: { axis: { int: axis } } });
  return [values, places];
}

/**
 * Where the largest or smallest number of an axis stands, by TensorFlow's rules: NaN is passed over, −0 is below 0, and infinite numbers
 * are no more than the last finite ones.
 */
export function placeOf(
  emit: Emitter,
  op: 'ArgMax' | 'ArgMin',
  x: Value,
  axis: number,
  keep: boolean,
): Value {
  const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
  const isBelow = binary(emit, 'And', isZero, isNegative(emit, x), 'bool');
  const apart = where(emit, isBelow, emit.scalar(-TINY), x);
  const worst = emit.scalar(op === 'ArgMax' ? -LARGEST : LARGEST);
  const clipped = emit.op(op === 'ArgMax' ? 'Max' : 'Min', [apart, worst], x.shape);
  const shape = x.shape.flatMap((dim, one) => (one === axis ? (keep ? [1] : []) : [dim]));
  return emit.op(op, [where(emit, isNan(emit, x), worst, clipped)], shape, {
    type: 'int64',
    attributes: { axis: { int: axis }, keepdims: { int: keep ? 1 : 0 } },
  });
}
