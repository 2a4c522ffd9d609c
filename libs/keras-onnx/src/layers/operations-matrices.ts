import { corrupt } from '../errors.js';
import { addDims, multiplyDims, sizeOf, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  cast,
  concat,
  expand,
  flip,
  reduce,
  reshape,
  takeIndex,
  transpose,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import {
  first,
  left,
  lengthOf,
  numberOf,
  operand,
  type Operation,
  ownAxis,
  second,
  setting,
} from './operands.js';

const diagonal: Operation = (call) => {
  const x = first(call);
  const offset = numberOf(call, 'offset', 0);
  const axes = [numberOf(call, 'axis1', 0), numberOf(call, 'axis2', 1)].map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const [one = 0, other = 1] = axes;
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const moved = transpose(call.emit, x, [...order, one, other]);
  const rank = x.shape.length;
  const [rows, columns] = [lengthOf(call, moved, rank - 2), lengthOf(call, moved, rank - 1)];
  const [down, right] = [Math.max(-offset, 0), Math.max(offset, 0)];
  const count = Math.min(rows - down, columns - right);
  if (count < 1) throw corrupt('the diagonal lies outside of the matrix', call.layer.name);
  const flat = reshape(call.emit, moved, [...moved.shape.slice(0, -2), rows * columns]);
  const places = Array.from({ length: count }, (_, at) => (at + down) * columns + at + right);
  const axis = flat.shape.length - 1;
  return call.emit.op('Gather', [flat, call.emit.integers(places)], [...flat.shape.slice(0, -1), count], {
    attributes: { axis: { int: axis } },
  });
};

/** A matrix with a vector on its diagonal, however long that is. */
function onDiagonal(call: LayerCall, x: Value, offset: number): Value {
  const { emit } = call;
  const count = x.shape[0] ?? 1;
  const size = addDims(count, Math.abs(offset));
  const rows = expand(emit, unsqueeze(emit, x, 0), [count, count]);
  const isOn = cast(emit, emit.op('EyeLike', [rows], rows.shape), 'bool');
  const square = where(emit, isOn, rows, emit.scalar(0));
  // Row r of the matrix shows element r − down at column r − down + right.
  const [down, right] = [Math.max(-offset, 0), Math.max(offset, 0)];
  if (offset === 0) return square;
  return emit.op('Pad', [square, emit.builder.integers([down, right, right, down])], [size, size]);
}

const diag: Operation = (call) => {
  const x = first(call);
  if (x.shape.length > 0) ownAxis(call, x, 0);
  const offset = numberOf(call, 'k', 0);
  return x.shape.length === 1
    ? onDiagonal(call, x, offset)
    : diagonal({ ...call, kwargs: { ...call.kwargs, offset } });
};

/** Turned by right angles in the plane of two axes. */
const rotate: Operation = (call) => {
  const x = operand(call, call.args[0] ?? call.kwargs.array);
  const [from = 0, to = 1] = (
    Array.isArray(setting(call, 'axes')) ? (setting(call, 'axes') as number[]) : [0, 1]
  ).map((axis) => axisOf(axis, x.shape.length));
  const turns = ((numberOf(call, 'k', 1) % 4) + 4) % 4;
  const swap = (value: Value): Value =>
    transpose(
      call.emit,
      value,
      [...value.shape.keys()].map((axis) => (axis === from ? to : axis === to ? from : axis)),
    );
  for (const axis of [from, to]) if (turns !== 0) ownAxis(call, x, axis);
  if (turns === 0) return x;
  const isSquare = JSON.stringify(x.shape[from]) === JSON.stringify(x.shape[to]);
  if (turns === 2 && !isSquare)
    throw call.config.refuse(
      'half a turn of what is not square, which Keras answers by its backend,',
      'flip both axes',
    );
  if (turns === 2) return flip(call.emit, flip(call.emit, x, from), to);
  return turns === 1 ? swap(flip(call.emit, x, to)) : flip(call.emit, swap(x), to);
};

/** The vector that stands upright on two others. */
const cross: Operation = (call) => {
  const { emit } = call;
  const axis = (key: string): number => Number(setting(call, 'axis') ?? setting(call, key) ?? -1);
  const toLast = (x: Value, at: number): Value => {
    const place = axisOf(at, x.shape.length);
    return transpose(emit, x, [...[...x.shape.keys()].filter((one) => one !== place), place]);
  };
  const [a, b] = [toLast(left(call), axis('axisa')), toLast(second(call), axis('axisb'))];
  const lengths = [a, b].map((one) => lengthOf(call, one, one.shape.length - 1));
  if (lengths.some((length) => length !== 3 && length !== 2))
    throw corrupt('takes vectors of two or three numbers', call.layer.name);
  const part = (x: Value, at: number): Value | undefined =>
    at < lengthOf(call, x, x.shape.length - 1) ? takeIndex(emit, x, -1, at) : undefined;
  const product = (i: number, j: number): Value => {
    const [one, other] = [part(a, i), part(b, j)];
    return one === undefined || other === undefined ? emit.scalar(0) : binary(emit, 'Mul', one, other);
  };
  const minus = (i: number, j: number): Value => binary(emit, 'Sub', product(i, j), product(j, i));
  if (lengths.every((length) => length === 2)) return minus(0, 1);
  const parts = [minus(1, 2), minus(2, 0), minus(0, 1)];
  const shape = parts[2]?.shape ?? [];
  const joined = concat(
    emit,
    parts.map((one) => unsqueeze(emit, one.shape.length === 0 ? expand(emit, one, shape) : one, -1)),
    -1,
  );
  const place = axisOf(axis('axisc'), joined.shape.length);
  const order = [...joined.shape.keys()].slice(0, -1);
  order.splice(place, 0, joined.shape.length - 1);
  return transpose(emit, joined, order);
};

const kron: Operation = (call) => {
  const { emit } = call;
  const [a, b] = [left(call), second(call)];
  const rank = Math.max(a.shape.length, b.shape.length);
  const wide = (x: Value, at: 0 | 1): Value => {
    const shape = [...Array.from({ length: rank - x.shape.length }, () => 1), ...x.shape];
    return reshape(
      emit,
      x,
      shape.flatMap((dim): Dim[] => (at === 0 ? [dim, 1] : [1, dim])),
    );
  };
  const product = binary(emit, 'Mul', wide(a, 0), wide(b, 1));
  return reshape(
    emit,
    product,
    Array.from({ length: rank }, (_, axis) =>
      multiplyDims(product.shape[2 * axis] ?? 1, product.shape[2 * axis + 1] ?? 1),
    ),
  );
};

/** The determinant of each square matrix, which the last two axes hold. */
function determinant(call: LayerCall): Value {
  const x = first(call);
  return call.emit.op('Det', [x], x.shape.slice(0, -2));
}

/** Sign and logarithm of the determinants. The largest number of each row is taken out, so that products of large ones stay in range. */
function logDeterminant(call: LayerCall): [Value, Value] {
  const { emit } = call;
  const x = first(call);
  const most = reduce(emit, 'ReduceMax', unary(emit, 'Abs', x), [-1], true);
  const isPlain = binary(
    emit,
    'And',
    binary(emit, 'Greater', most, emit.scalar(0), 'bool'),
    binary(emit, 'Less', most, emit.scalar(Infinity), 'bool'),
    'bool',
  );
  const size = where(emit, isPlain, most, emit.scalar(1));
  const found = emit.op('Det', [binary(emit, 'Div', x, size)], x.shape.slice(0, -2));
  const factor = reduce(emit, 'ReduceSum', unary(emit, 'Log', size), [-2, -1], false);
  const logged = unary(emit, 'Log', unary(emit, 'Abs', found));
  return [unary(emit, 'Sign', found), binary(emit, 'Add', logged, factor)];
}

/** Operations on matrices. */
export const matrices: Readonly<Record<string, Operation>> = {
  Diag: diag,
  Diagflat: (call) =>
    onDiagonal(call, reshape(call.emit, first(call), [sizeOf(first(call).shape)]), numberOf(call, 'k', 0)),
  Diagonal: diagonal,
  Trace: (call) => reduce(call.emit, 'ReduceSum', diagonal(call) as Value, [-1], false),
  Rot90: rotate,
  Cross: cross,
  Kron: kron,
  Det: determinant,
  Logdet: (call) => logDeterminant(call)[1],
  Slogdet: logDeterminant,
};
