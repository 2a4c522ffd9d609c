import type { Emitter, Value } from '../graph/emitter.js';
import { binary, extremeAlong, reduce, unary, where } from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import { axesOf, first, keeps, numberOf, type Operation, setting } from './operands.js';
import { unitLength } from './normalization.js';

/** The order of a norm: a number, a name, or Infinity, which JSON holds in several ways. */
function orderOf(given: unknown): number | string | null {
  if (given === null || given === undefined) return null;
  if (typeof given === 'number') return given;
  const text = String(given).toLowerCase();
  if (/^[+-]?inf(inity)?$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return text;
}

/** The p-norm of the numbers along some axes. */
function vectorNorm(emit: Emitter, x: Value, order: number, axes: readonly number[], keep: boolean): Value {
  if (order === 2) return reduce(emit, 'ReduceL2', x, axes, keep);
  const size = unary(emit, 'Abs', x);
  if (order === 1) return reduce(emit, 'ReduceSum', size, axes, keep);
  if (order === Infinity) return extremeAlong(emit, 'ReduceMax', size, axes, keep);
  if (order === -Infinity) return extremeAlong(emit, 'ReduceMin', size, axes, keep);
  if (order === 0) {
    const isZero = binary(emit, 'Equal', x, emit.scalar(0), 'bool');
    return reduce(emit, 'ReduceSum', where(emit, isZero, emit.scalar(0), emit.scalar(1)), axes, keep);
  }
  const powers = binary(emit, 'Pow', size, emit.scalar(order));
  return binary(emit, 'Pow', reduce(emit, 'ReduceSum', powers, axes, keep), emit.scalar(1 / order));
}

/** The norm of matrices in two axes: the largest or smallest sum of a row or column. */
function matrixNorm(
  call: LayerCall,
  x: Value,
  order: number | string,
  [row, column]: readonly [number, number],
): Value {
  const { emit } = call;
  if (typeof order === 'string' || ![1, -1, Infinity, -Infinity].includes(order))
    throw call.config.refuse(
      `a matrix norm of order ${String(order)}, which needs singular values,`,
      "use 'fro', 1, -1 or infinity",
    );
  const [summed, kept] = Math.abs(order) === 1 ? [row, column] : [column, row];
  const sums = reduce(emit, 'ReduceSum', unary(emit, 'Abs', x), [summed], true);
  const found = extremeAlong(emit, order > 0 ? 'ReduceMax' : 'ReduceMin', sums, [kept], true);
  return keeps(call)
    ? found
    : emit.op('Squeeze', [found, emit.builder.integers([row, column])], without(x, [row, column]));
}

const without = (x: Value, axes: readonly number[]) => x.shape.filter((_, axis) => !axes.includes(axis));

const norm: Operation = (call) => {
  const x = first(call);
  const axes = axesOf(call, x);
  const order = orderOf(setting(call, 'ord'));
  if (order === null || (order === 'fro' && axes.length === 2))
    return reduce(call.emit, 'ReduceL2', x, axes, keeps(call));
  const [row, column] = axes;
  if (axes.length === 2 && row !== undefined && column !== undefined)
    return matrixNorm(call, x, order, [row, column]);
  if (typeof order === 'string' || axes.length !== 1)
    throw call.config.refuse(`a norm of order ${String(order)} over ${axes.length} axes`, 'use one axis');
  return vectorNorm(call.emit, x, order, axes, keeps(call));
};

const normalize: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const axes = axesOf(call, x);
  const order = orderOf(setting(call, 'order')) ?? 2;
  const epsilon = Number(setting(call, 'epsilon') ?? 1e-7);
  if (order === 2) return unitLength(emit, x, axes, epsilon * epsilon);
  if (typeof order === 'string' || axes.length !== 1)
    throw call.config.refuse(`normalize of order ${String(order)} over ${axes.length} axes`, 'use one axis');
  const length = vectorNorm(emit, x, order, axes, true);
  return binary(emit, 'Div', x, emit.op('Max', [length, emit.scalar(epsilon)], length.shape));
};

/** The largest or smallest number of some axes. */
export const extremeOf =
  (op: 'ReduceMax' | 'ReduceMin'): Operation =>
  (call) => {
    const { emit } = call;
    const x = first(call);
    const value = extremeAlong(emit, op, x, axesOf(call, x), keeps(call));
    if ((setting(call, 'initial') ?? null) === null) return value;
    return binary(emit, op === 'ReduceMax' ? 'Max' : 'Min', value, emit.scalar(numberOf(call, 'initial')));
  };

/** Lengths of vectors and matrices. */
export const norms: Readonly<Record<string, Operation>> = { Norm: norm, Normalize: normalize };
