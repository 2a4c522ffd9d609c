import { addDims, type Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  broadcastShapes,
  cast,
  concat,
  expand,
  reduce,
  reshape,
  sliceAxis,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';
import { oneHot } from './encoding.js';
import {
  alongAxis,
  axesOf,
  first,
  keeps,
  left,
  lengthOf,
  listOf,
  numberOf,
  operand,
  type Operation,
  ownAxis,
  second,
  setting,
} from './operands.js';
import { placeOf, ranked } from './order.js';

/** Where the largest or smallest number of an axis stands. */
const extreme =
  (op: 'ArgMax' | 'ArgMin'): Operation =>
  (call) => {
    const { x, axis } = alongAxis(call);
    return placeOf(call.emit, op, x, axis, keeps(call));
  };

/** All numbers of an axis in rising order. */
export function sorted(call: LayerCall, x: Value, axis: number): [Value, Value] {
  const length = axis === 0 ? lengthOf(call, x, axis) : (x.shape[axis] ?? 1);
  return ranked(call.emit, x, axis, length, false);
}

const topK: Operation = (call) => {
  const x = first(call);
  return ranked(call.emit, x, ownAxis(call, x, -1), numberOf(call, 'k'), true);
};

/** Integers for an index: a tensor, or numbers among the arguments. */
function indicesOf(call: LayerCall, argument: Resolved | undefined): Value {
  if (typeof argument === 'number') return call.emit.integers([argument], []);
  if (Array.isArray(argument)) {
    const listed = listOf(argument as readonly Resolved[]);
    if (listed !== undefined) return call.emit.integers(listed.flat, listed.shape);
  }
  return cast(call.emit, operand(call, argument), 'int64');
}

const take: Operation = (call) => {
  const { x, axis } = alongAxis(call);
  const indices = indicesOf(call, call.args[1] ?? call.kwargs.indices);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return call.emit.op('Gather', [x, indices], shape, { attributes: { axis: { int: axis } } });
};

const takeAlong: Operation = (call) => {
  const { emit } = call;
  const { x, axis } = alongAxis(call);
  const indices = indicesOf(call, call.args[1] ?? call.kwargs.indices);
  const wide = broadcastShapes(
    indices.shape.map((dim, one) => (one === axis ? 1 : dim)),
    x.shape.map((dim, one) => (one === axis ? 1 : dim)),
  );
  const grown = (value: Value): Value => {
    const shape = wide.map((dim, one): Dim => (one === axis ? (value.shape[one] ?? 1) : dim));
    return expand(emit, value, shape);
  };
  const [source, places] = [grown(x), grown(indices)];
  return emit.op('GatherElements', [source, places], places.shape, {
    type: 'float32',
    attributes: { axis: { int: axis } },
  });
};

/** What leaves one end comes in at the other. */
const roll: Operation = (call) => {
  const { emit } = call;
  const shifts = [setting(call, 'shift')].flat().map(Number);
  const asked = setting(call, 'axis') ?? null;
  const given = first(call);
  const flat = asked === null ? alongAxis(call) : undefined;
  const axes = flat === undefined ? [asked].flat().map((axis) => ownAxis(call, given, Number(axis))) : [0];
  const turned = axes.reduce((x, axis, index) => {
    const length = x.shape[axis] ?? 1;
    const shift = shifts[index] ?? shifts[0] ?? 0;
    const cut = typeof length === 'number' ? ((shift % length) + length) % length : shift;
    return cut === 0 ? x : concat(emit, [ends(emit, x, axis, -cut), ends(emit, x, axis, 0, -cut)], axis);
  }, flat?.x ?? given);
  return flat === undefined ? turned : reshape(emit, turned, given.shape);
};

/** The elements from `start` to `stop`, which may be counted from the end. */
function ends(emit: Emitter, x: Value, axis: number, start: number, stop?: number): Value {
  const length = x.shape[axis] ?? 1;
  const count = stop === undefined ? Math.abs(start) : addDims(length, stop);
  const shape = x.shape.map((dim, one) => (one === axis ? count : dim));
  const parts = [[start], [stop ?? Number.MAX_SAFE_INTEGER], [axis]].map((one) => emit.builder.integers(one));
  return emit.op('Slice', [x, ...parts], shape);
}

/** Differences of neighbours, `n` times. */
const diff: Operation = (call) => {
  let { x } = alongAxis(call, 'axis', -1);
  const axis = ownAxis(call, x, numberOf(call, 'axis', -1));
  for (let times = numberOf(call, 'n', 1); times > 0; times -= 1) {
    const length = x.shape[axis] ?? 1;
    const shape = x.shape.map((dim, one) => (one === axis ? addDims(length, -1) : dim));
    const later = call.emit.op(
      'Slice',
      [x, ...[[1], [Number.MAX_SAFE_INTEGER], [axis]].map((one) => call.emit.builder.integers(one))],
      shape,
    );
    x = binary(call.emit, 'Sub', later, ends(call.emit, x, axis, 0, -1));
  }
  return x;
};

/** Products of all numbers up to each one; there is no such operator, so that they are written one by one. */
export function runningProduct(call: LayerCall, x: Value, axis: number): Value {
  const length = lengthOf(call, x, axis);
  if (length > 512) throw call.config.refuse(`a running product of ${length} numbers`, 'use at most 512');
  const parts: Value[] = [];
  for (let index = 0; index < length; index += 1) {
    const one = sliceAxis(call.emit, x, axis, index, index + 1);
    const before = parts.at(-1);
    parts.push(before === undefined ? one : binary(call.emit, 'Mul', before, one));
  }
  return concat(call.emit, parts, axis);
}

/** How many of a sorted row do not lie above (or not above or at) each number; all of them for NaN, as it is ordered last. */
function placesIn(call: LayerCall, row: Value, values: Value, op: 'Less' | 'LessOrEqual'): Value {
  const { emit } = call;
  const above = binary(emit, op, unsqueeze(emit, values, -1), row, 'bool');
  const others = emit.op('Not', [above], above.shape);
  return reduce(emit, 'ReduceSum', cast(emit, others, 'float32'), [-1], false);
}

/** Nested choices: the first condition that holds decides. */
const select: Operation = (call) => {
  const list = (argument: Resolved | undefined): Value[] =>
    ([argument].flat() as Resolved[]).map((one) => operand(call, one));
  const [conditions, choices] = [list(call.args[0]), list(call.args[1])];
  const other = operand(call, call.args[2] ?? call.kwargs.default ?? 0);
  return conditions.reduceRight(
    (rest, condition, index) =>
      where(call.emit, cast(call.emit, condition, 'bool'), choices[index] ?? rest, rest),
    other,
  );
};

/** The classes along `axis`. */
const hot: Operation = (call) => {
  const x = first(call);
  const made = oneHot(call.emit, x, numberOf(call, 'num_classes'));
  const axis = axisOf(numberOf(call, 'axis', -1), made.shape.length);
  const order = x.shape.map((_, one) => one);
  order.splice(axis, 0, made.shape.length - 1);
  return call.emit.op(
    'Transpose',
    [made],
    order.map((one) => made.shape[one] ?? 1),
    { attributes: { perm: { ints: order } } },
  );
};

/** Operations that look for numbers and choose them. */
export const selecting: Readonly<Record<string, Operation>> = {
  Argmax: extreme('ArgMax'),
  Argmin: extreme('ArgMin'),
  TopK: topK,
  Sort: (call) => {
    const { x, axis } = alongAxis(call, 'axis', -1);
    return sorted(call, x, axis)[0];
  },
  Argsort: (call) => {
    const { x, axis } = alongAxis(call, 'axis', -1);
    return sorted(call, x, axis)[1];
  },
  Take: take,
  TakeAlongAxis: takeAlong,
  Roll: roll,
  Diff: diff,
  Cumprod: (call) => {
    const { x, axis } = alongAxis(call);
    return runningProduct(call, x, axis);
  },
  Digitize: (call) => placesIn(call, operand(call, call.args[1] ?? call.kwargs.bins), first(call), 'Less'),
  SearchSorted: (call) =>
    placesIn(
      call,
      operand(call, call.args[0] ?? call.kwargs.sorted_sequence),
      operand(call, call.args[1] ?? call.kwargs.values),
      setting(call, 'side') === 'right' ? 'Less' : 'LessOrEqual',
    ),
  Select: select,
  OneHot: hot,
  MultiHot: (call) => {
    const x = operand(call, call.args[0] ?? call.kwargs.inputs);
    const made = oneHot(call.emit, x, numberOf(call, 'num_classes'));
    return reduce(call.emit, 'ReduceMax', made, [x.shape.length > 1 ? 1 : 0], false);
  },
  IsIn: (call) => {
    const { emit } = call;
    const pool = second(call);
    const row = reshape(emit, pool, [pool.shape.reduce<number>((size, dim) => size * Number(dim), 1)]);
    const same = binary(emit, 'Equal', unsqueeze(emit, left(call), -1), row, 'bool');
    const found = cast(emit, reduce(emit, 'ReduceMax', cast(emit, same, 'float32'), [-1], false), 'bool');
    return setting(call, 'invert') === true ? emit.op('Not', [found], found.shape) : found;
  },
  CountNonzero: (call) => {
    const x = first(call);
    const isZero = cast(call.emit, binary(call.emit, 'Equal', x, call.emit.scalar(0), 'bool'), 'float32');
    const ones = call.emit.op('Sub', [call.emit.scalar(1), isZero], x.shape);
    return reduce(call.emit, 'ReduceSum', ones, axesOf(call, x), false);
  },
};
