import { corrupt } from '../errors.js';
import type { ElementType } from '../onnx/builder.js';
import { ELEMENT_TYPES } from '../onnx/protobuf.js';
import { addDims, sameDim, showShape, sizeOf, divideDims, type Dim } from './dims.js';
import { isFanned, type Emitter, type Value } from './emitter.js';

/** The axis counted from the front; refuses one outside the rank. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isSafeInteger(axis) || positive < 0 || positive >= rank)
    throw corrupt(`axis ${axis} of ${rank} axes`);
  return positive;
}

/** The shape NumPy broadcasting gives. */
export function broadcastShapes(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - (rank - a.length)] ?? 1;
    const right = b[index - (rank - b.length)] ?? 1;
    if (sameDim(left, right) || right === 1) return left;
    if (left === 1) return right;
    if (typeof left === 'number' && typeof right === 'number') {
      throw corrupt(`shapes ${showShape(a)} and ${showShape(b)} do not fit together`);
    }
    return typeof left === 'number' ? left : right;
  });
}

/** An operator that keeps the shape. */
export function unary(emit: Emitter, op: string, x: Value, type?: ElementType): Value {
  return emit.op(op, [x], x.shape, type === undefined ? {} : { type });
}

/** An elementwise operator with broadcasting. */
export function binary(emit: Emitter, op: string, a: Value, b: Value, type?: ElementType): Value {
  return emit.op(op, [a, b], broadcastShapes(a.shape, b.shape), type === undefined ? {} : { type });
}

/** x · factor. */
export function scale(emit: Emitter, x: Value, factor: number): Value {
  return factor === 1 ? x : binary(emit, 'Mul', x, emit.scalar(factor));
}

/** x + term. */
export function shift(emit: Emitter, x: Value, term: number): Value {
  return term === 0 ? x : binary(emit, 'Add', x, emit.scalar(term));
}

/** NumPy's matmul. */
export function matmul(emit: Emitter, a: Value, b: Value): Value {
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [inner, outer] = [left.at(-1), right.at(-2)];
  if (inner === undefined || outer === undefined) throw corrupt('a matrix product of a scalar');
  if (typeof inner === 'number' && typeof outer === 'number' && inner !== outer) {
    throw corrupt(`shapes ${showShape(a.shape)} and ${showShape(b.shape)} cannot be multiplied`);
  }
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  const rows = a.shape.length === 1 ? [] : left.slice(-2, -1);
  const columns = b.shape.length === 1 ? [] : right.slice(-1);
  return emit.op('MatMul', [a, b], [...batch, ...rows, ...columns]);
}

/** x · kernel + bias over the last axis; `bend` is a function of each number or of that axis. */
export function project(
  emit: Emitter,
  x: Value,
  kernel: Value,
  bias: Value | undefined,
  bend: (sum: Value) => Value = (sum) => sum,
): Value {
  const plain = (rows: Value): Value => {
    const product = matmul(emit, rows, kernel);
    return bend(bias === undefined ? product : binary(emit, 'Add', product, bias));
  };
  if (x.shape.length < 3 || emit.mode === 'run' || !isFanned(x)) return plain(x);
  // Of two axes ONNX Runtime makes bias and product one operator. It adds up in another order, which costs the last digit
  // that `run` keeps and that samples do not need.
  const front = x.shape.slice(0, -1);
  const flat = plain(reshape(emit, x, [sizeOf(front), x.shape.at(-1) ?? 1]));
  return reshape(emit, flat, [...front, flat.shape.at(-1) ?? 1]);
}

/** Reorders the axes. */
export function transpose(emit: Emitter, x: Value, order: readonly number[]): Value {
  if (order.length !== x.shape.length || new Set(order).size !== order.length)
    throw corrupt('axes to permute do not match');
  const axes = order.map((axis) => axisOf(axis, order.length));
  if (axes.every((axis, index) => axis === index)) return x;
  return emit.op(
    'Transpose',
    [x],
    axes.map((axis) => x.shape[axis] ?? 1),
    { attributes: { perm: { ints: axes } } },
  );
}

/** Gives the elements another shape of the same size. */
export function reshape(emit: Emitter, x: Value, shape: readonly Dim[]): Value {
  if (shape.length === x.shape.length && shape.every((dim, axis) => sameDim(dim, x.shape[axis] ?? -1)))
    return x;
  const [before, after] = [sizeOf(x.shape), sizeOf(shape)];
  if (typeof before === 'number' && typeof after === 'number' && before !== after) {
    throw corrupt(`${showShape(x.shape)} cannot be given the shape ${showShape(shape)}`);
  }
  const unknown = shape.filter((dim, axis) => typeof dim !== 'number' && !sameDim(dim, x.shape[axis] ?? -1));
  if (unknown.length > 1) return emit.op('Reshape', [x, emit.shapeTensor(shape)], shape);
  const target = shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    return sameDim(dim, x.shape[axis] ?? -1) ? 0 : -1;
  });
  return emit.op('Reshape', [x, emit.builder.integers(target)], shape);
}

/** Works out a shape with at most one −1, as Reshape layers and operations give it. */
export function inferShape(size: Dim, target: readonly number[]): Dim[] {
  const known = target.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  if (target.filter((dim) => dim === -1).length > 1 || target.some((dim) => dim < -1 || dim === 0)) {
    throw corrupt(`(${target.join(', ')}) is no shape to reshape to`);
  }
  const rest = divideDims(size, known);
  if (typeof size === 'number' && size % known !== 0)
    throw corrupt(`${size} elements cannot be shaped (${target.join(', ')})`);
  return target.map((dim) => (dim === -1 ? rest : dim));
}

/** Sum, mean, … over the axes. */
export function reduce(emit: Emitter, op: string, x: Value, axes: readonly number[], keep: boolean): Value {
  const reduced = new Set(axes.map((axis) => axisOf(axis, x.shape.length)));
  const shape = x.shape.flatMap((dim, axis) => {
    if (!reduced.has(axis)) return [dim];
    return keep ? [1] : [];
  });
  const list = emit.builder.integers([...reduced]);
  return emit.op(op, [x, list], shape, { attributes: { keepdims: { int: keep ? 1 : 0 } } });
}

/** Joins tensors along an axis; rows that are not fanned out yet are repeated where others are. */
export function concat(emit: Emitter, values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw corrupt('nothing to concatenate');
  const rank = first.shape.length;
  const at = axisOf(axis, rank);
  const aligned = at === 0 ? values : alignRows(emit, values);
  const shape = aligned.reduce<readonly Dim[] | undefined>((sum, value) => {
    if (value.shape.length !== rank) throw corrupt('tensors to concatenate differ in rank');
    if (sum === undefined) return value.shape;
    return sum.map((dim, index) => {
      const other = value.shape[index] ?? 1;
      if (index === at) return addDims(dim, other);
      if (typeof dim === 'number' && typeof other === 'number' && dim !== other) {
        throw corrupt(`${showShape(sum)} and ${showShape(value.shape)} cannot be concatenated on axis ${at}`);
      }
      return typeof dim === 'number' ? dim : other;
    });
  }, undefined);
  return emit.op('Concat', aligned, shape ?? [], { attributes: { axis: { int: at } } });
}

/** Repeats rows so that all tensors are fanned out when one of them is. */
export function alignRows(emit: Emitter, values: readonly Value[]): Value[] {
  const fanned = values.find(isFanned)?.shape[0];
  if (fanned === undefined) return [...values];
  return values.map((value) =>
    isFanned(value) ? value : expand(emit, value, [fanned, ...value.shape.slice(1)]),
  );
}

/** Broadcasts to a shape. */
export function expand(emit: Emitter, x: Value, shape: readonly Dim[]): Value {
  return emit.op('Expand', [x, emit.shapeTensor(shape)], broadcastShapes(x.shape, shape));
}

/** Inserts an axis of length 1. */
export function unsqueeze(emit: Emitter, x: Value, axis: number): Value {
  const at = axisOf(axis, x.shape.length + 1);
  const shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
  return emit.op('Unsqueeze', [x, emit.builder.integers([at])], shape);
}

/** Removes axes of length 1. */
export function squeeze(emit: Emitter, x: Value, axes: readonly number[]): Value {
  const gone = axes.map((axis) => axisOf(axis, x.shape.length));
  const shape = x.shape.filter((_, axis) => !gone.includes(axis));
  return emit.op('Squeeze', [x, emit.builder.integers(gone)], shape);
}

/** Another element type. */
export function cast(emit: Emitter, x: Value, type: ElementType): Value {
  if (x.type === type) return x;
  return emit.op('Cast', [x], x.shape, { type, attributes: { to: { int: ELEMENT_TYPES[type] } } });
}

/** Reverses an axis. */
export function flip(emit: Emitter, x: Value, axis: number): Value {
  const { builder } = emit;
  // The end of a backward slice that includes index 0 is written as the smallest integer there is.
  const parts = [[-1], [-Number.MAX_SAFE_INTEGER], [axisOf(axis, x.shape.length)], [-1]].map((one) =>
    builder.integers(one),
  );
  return emit.op('Slice', [x, ...parts], x.shape);
}

/** The elements from `start` up to `stop` (both counted from the front) of one axis. */
export function sliceAxis(emit: Emitter, x: Value, axis: number, start: number, stop: number): Value {
  const shape = x.shape.map((dim, index) => (index === axis ? stop - start : dim));
  const parts = [[start], [stop], [axis]].map((one) => emit.builder.integers(one));
  return emit.op('Slice', [x, ...parts], shape);
}

/** One index of an axis; the axis disappears. */
export function takeIndex(emit: Emitter, x: Value, axis: number, index: number): Value {
  const at = axisOf(axis, x.shape.length);
  const position = emit.builder.integers([index], []);
  return emit.op(
    'Gather',
    [x, position],
    x.shape.filter((_, one) => one !== at),
    { attributes: { axis: { int: at } } },
  );
}

/** Softmax or LogSoftmax over one axis. */
export function softmax(emit: Emitter, x: Value, axis: number, op = 'Softmax'): Value {
  return emit.op(op, [x], x.shape, { attributes: { axis: { int: axisOf(axis, x.shape.length) } } });
}

/** The largest or smallest number along axes. ONNX Runtime skips NaN, where Keras answers it. */
export function extremeAlong(
  emit: Emitter,
  op: 'ReduceMax' | 'ReduceMin',
  x: Value,
  axes: readonly number[],
  keep: boolean,
): Value {
  const found = reduce(emit, op, x, axes, keep);
  const gone = reduce(emit, 'ReduceMax', cast(emit, unary(emit, 'IsNaN', x, 'bool'), 'float32'), axes, keep);
  return where(emit, cast(emit, gone, 'bool'), emit.scalar(NaN), found);
}

/** Chooses `yes` where the condition holds. */
export function where(emit: Emitter, condition: Value, yes: Value, no: Value): Value {
  const shape = broadcastShapes(condition.shape, broadcastShapes(yes.shape, no.shape));
  return emit.op('Where', [condition, yes, no], shape, { type: yes.type });
}
