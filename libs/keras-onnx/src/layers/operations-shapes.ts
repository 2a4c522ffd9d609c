import { corrupt } from '../errors.js';
import { sizeOf, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  cast,
  concat,
  expand,
  reshape,
  sliceAxis,
  transpose,
  unary,
  unsqueeze,
} from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';
import { first, lengthOf, numberOf, operand, type Operation, ownAxis, setting } from './operands.js';
import { evenly } from './operations-pairs.js';

/** Plain whole numbers of an argument. */
function whole(call: LayerCall, given: unknown, key: string): number[] {
  const list = [given].flat(3) as unknown[];
  if (list.some((one) => !Number.isSafeInteger(one)))
    throw call.config.refuse(`'${key}' that are no plain integers`, 'use plain integers');
  return list.map(Number);
}

/** A block of a tensor that begins at plain integers. */
const slice: Operation = (call) => {
  const x = operand(call, call.args[0] ?? call.kwargs.inputs);
  const starts = whole(call, call.args[1] ?? call.kwargs.start_indices, 'start_indices');
  const lengths = [setting(call, 'shape')].flat();
  return starts.reduce((cut, start, axis) => {
    const asked = lengths[axis];
    const isAll = start === 0 && (asked === -1 || asked === null || asked === x.shape[axis]);
    if (isAll) return cut;
    const at = ownAxis(call, cut, axis);
    const length = asked === -1 || asked === null ? lengthOf(call, cut, at) - start : Number(asked);
    return sliceAxis(call.emit, cut, at, start, start + length);
  }, x);
};

/** A tensor with a block of it replaced. */
const sliceUpdate: Operation = (call) => {
  const { emit } = call;
  const [x, updates] = [
    operand(call, call.args[0] ?? call.kwargs.inputs),
    operand(call, call.args[2] ?? call.kwargs.updates),
  ];
  const starts = whole(call, call.args[1] ?? call.kwargs.start_indices, 'start_indices');
  // Along axes that it does not fill the block is joined with what stands before and behind it, the last axis first.
  const fill = (axis: number, all: Value, block: Value): Value => {
    const [length, part] = [all.shape[axis], block.shape[axis]];
    const start = starts[axis] ?? 0;
    if (axis === all.shape.length) return block;
    const isAll = start === 0 && JSON.stringify(length) === JSON.stringify(part);
    if (isAll) return fill(axis + 1, all, block);
    const [size, count] = [lengthOf(call, all, axis), lengthOf(call, block, axis)];
    const inner = fill(axis + 1, sliceAxis(emit, all, axis, start, start + count), block);
    const ends = [[0, start] as const, [start + count, size] as const].map(([from, to]) =>
      from === to ? [] : [sliceAxis(emit, all, axis, from, to)],
    );
    return concat(emit, [...(ends[0] ?? []), inner, ...(ends[1] ?? [])], axis);
  };
  return fill(0, x, updates);
};

/** Numbers that are added, or put, where rows of indices point. */
const scatter = (call: LayerCall, x: Value, indices: Value, updates: Value, how: string): Value => {
  if (!['add', 'none', 'max', 'min', 'mul'].includes(how))
    throw call.config.refuse(`the reduction '${how}'`, 'use add, max, min or mul');
  return call.emit.op('ScatterND', [x, indices, updates], x.shape, {
    attributes: { reduction: { text: how } },
  });
};

const indicesOf = (call: LayerCall, given: Resolved | undefined): Value =>
  cast(call.emit, operand(call, given), 'int64');

/** `b t (h d) -> b h t d` */
const rearrange: Operation = (call) => {
  const { emit } = call;
  const x = operand(call, call.args[0] ?? call.kwargs.tensor);
  const pattern = String(call.args[1] ?? call.kwargs.pattern);
  const [from = [], to = []] = pattern
    .split('->')
    .map((side) =>
      [...side.matchAll(/\w+|\(.*?\)/g)].map(([group]) => group.replaceAll(/[()]/g, ' ').trim().split(/\s+/)),
    );
  if (from.length !== x.shape.length)
    throw corrupt(`'${pattern.slice(0, 60)}' does not fit ${x.shape.length} axes`, call.layer.name);
  const lengths = new Map<string, Dim>(
    Object.entries(call.kwargs).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name, value] as const] : [],
    ),
  );
  from.forEach((names, axis) => {
    const open = names.filter((name) => !lengths.has(name));
    const [name] = open;
    const rest = names.reduce((product, one) => product * Number(lengths.get(one) ?? 1), 1);
    const length = x.shape[axis] ?? 1;
    if (open.length > 1) throw corrupt(`'${pattern.slice(0, 60)}' leaves lengths open`, call.layer.name);
    if (name !== undefined) lengths.set(name, names.length === 1 ? length : lengthOf(call, x, axis) / rest);
  });
  const names = from.flat();
  const split = reshape(
    emit,
    x,
    names.map((name) => lengths.get(name) ?? 1),
  );
  const moved = transpose(
    emit,
    split,
    to.flat().map((name) => names.indexOf(name)),
  );
  return reshape(
    emit,
    moved,
    to.map((group) => sizeOf(group.map((name) => lengths.get(name) ?? 1))),
  );
};

const splitAlong =
  (axisFor?: (x: Value) => number): Operation =>
  (call) => {
    const x = first(call);
    const axis = ownAxis(call, x, axisFor?.(x) ?? numberOf(call, 'axis', 0));
    const length = lengthOf(call, x, axis);
    const wanted = setting(call, 'indices_or_sections');
    const parts = Number(wanted);
    // The first parts are one longer where they cannot all be the same.
    const sizes = Array.isArray(wanted)
      ? []
      : Array.from({ length: parts }, (_, at) => Math.floor(length / parts) + (at < length % parts ? 1 : 0));
    const cuts = Array.isArray(wanted)
      ? wanted.map(Number)
      : sizes.slice(0, -1).map((_, at) => sizes.slice(0, at + 1).reduce((sum, one) => sum + one, 0));
    const bounds = [0, ...cuts, length];
    if (bounds.some((bound, index) => index > 0 && !(bound > (bounds[index - 1] ?? 0))))
      throw call.config.bad('indices_or_sections', 'rising, none of the parts empty');
    return bounds.slice(1).map((stop, index) => sliceAxis(call.emit, x, axis, bounds[index] ?? 0, stop));
  };

/** Blocks of space moved into the channels, or the other way round. */
const blocks =
  (toDepth: boolean): Operation =>
  (call) => {
    const { emit } = call;
    const given = first(call);
    const isFirst = call.config.get('data_format') === 'channels_first';
    const x = isFirst ? transpose(emit, given, [0, 2, 3, 1]) : given;
    const size = numberOf(call, 'block_size');
    const [rows = 1] = x.shape;
    const [height, width, channels] = [1, 2, 3].map((axis) => lengthOf(call, x, axis)) as [
      number,
      number,
      number,
    ];
    const split = toDepth
      ? [rows, height / size, size, width / size, size, channels]
      : [rows, height, width, size, size, channels / size ** 2];
    const moved = transpose(emit, reshape(emit, x, split), [0, 1, 3, 2, 4, 5]);
    const shape = toDepth
      ? [rows, height / size, width / size, channels * size ** 2]
      : [rows, height * size, width * size, channels / size ** 2];
    const done = reshape(emit, moved, shape);
    return isFirst ? transpose(emit, done, [0, 3, 1, 2]) : done;
  };

/** Numbers at even distances from one end to the other; `spread` makes what lies between. */
const spaced =
  (
    spread: (call: LayerCall, even: Value) => Value,
    even: (call: LayerCall, end: Value) => Value = (_, end) => end,
  ): Operation =>
  (call) => {
    const { emit } = call;
    if (setting(call, 'retstep') === true) throw call.config.refuse('retstep', 'leave it out');
    const [start, stop] = [
      operand(call, call.args[0] ?? call.kwargs.start),
      operand(call, call.args[1] ?? call.kwargs.stop),
    ].map((end) => even(call, end));
    if (start === undefined || stop === undefined) throw new Error('invariant broken: there are two ends');
    const count = numberOf(call, 'num', 50);
    const points = evenly(call, start, stop, count, setting(call, 'endpoint') !== false);
    const rank = points[0]?.shape.length ?? 0;
    const axis = axisOf(numberOf(call, 'axis', 0), rank + 1);
    const laid = points.map((one) => unsqueeze(emit, one, axis));
    return spread(call, concat(emit, laid, axis));
  };

const meshgrid: Operation = (call) => {
  const { emit } = call;
  const list = call.args
    .flatMap((one) => (Array.isArray(one) ? (one as readonly Resolved[]) : [one]))
    .map((one) => operand(call, one));
  const isXy = (setting(call, 'indexing') ?? 'xy') === 'xy' && list.length > 1;
  const place = (at: number): number => (isXy && at < 2 ? 1 - at : at);
  const shape = list.map((_, axis) => sizeOf(list[place(axis)]?.shape ?? [1]));
  return list.map((one, at) =>
    expand(
      emit,
      reshape(
        emit,
        one,
        list.map((_, axis) => (axis === place(at) ? sizeOf(one.shape) : 1)),
      ),
      shape,
    ),
  );
};

/** Operations that cut, turn, join and spread tensors. */
export const shaping: Readonly<Record<string, Operation>> = {
  Slice: slice,
  SliceUpdate: sliceUpdate,
  Scatter: (call) => {
    const shape = whole(call, setting(call, 'shape'), 'shape');
    const zeros = expand(call.emit, call.emit.scalar(0), shape);
    return scatter(
      call,
      zeros,
      indicesOf(call, call.args[0] ?? call.kwargs.indices),
      operand(call, call.args[1] ?? call.kwargs.values),
      'add',
    );
  },
  ScatterUpdate: (call) =>
    scatter(
      call,
      operand(call, call.args[0] ?? call.kwargs.inputs),
      indicesOf(call, call.args[1] ?? call.kwargs.indices),
      operand(call, call.args[2] ?? call.kwargs.updates),
      String(setting(call, 'reduction') ?? 'none'),
    ),
  Rearrange: rearrange,
  ArraySplit: splitAlong(),
  Hsplit: splitAlong((x) => (x.shape.length === 1 ? 0 : 1)),
  Vsplit: splitAlong(() => 0),
  Dsplit: splitAlong(() => 2),
  Dstack: (call) => {
    const [given] = call.args;
    const list = (Array.isArray(given) ? (given as readonly Resolved[]) : [given]).map((one) =>
      operand(call, one),
    );
    const deep = list.map((one) => {
      const flat = one.shape.length === 1 ? unsqueeze(call.emit, one, 0) : one;
      return flat.shape.length === 2 ? unsqueeze(call.emit, flat, 2) : flat;
    });
    return concat(call.emit, deep, 2);
  },
  SpaceToDepth: blocks(true),
  DepthToSpace: blocks(false),
  Linspace: spaced((_, even) => even),
  Logspace: spaced((call, even) =>
    binary(call.emit, 'Pow', call.emit.scalar(numberOf(call, 'base', 10)), even),
  ),
  Geomspace: spaced(
    (call, even) => unary(call.emit, 'Exp', even),
    (call, end) => unary(call.emit, 'Log', end),
  ),
  Meshgrid: meshgrid,
  Full: (call) =>
    expand(
      call.emit,
      operand(call, call.args[0] ?? call.kwargs.fill_value),
      whole(call, setting(call, 'shape'), 'shape'),
    ),
};
