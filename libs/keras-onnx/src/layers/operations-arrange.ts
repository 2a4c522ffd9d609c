import { addDims, multiplyDims, sizeOf, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  concat,
  expand,
  flip,
  inferShape,
  reshape,
  sliceAxis,
  squeeze,
  takeIndex,
  transpose,
  unsqueeze,
} from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';
import {
  alongAxis,
  axesOf,
  lengthOf,
  numberOf,
  operand,
  ownAxis,
  setting,
  tensor,
  type Operation,
} from './operands.js';
import { slicing } from './operations-slicing.js';

const only = (call: LayerCall): Value => tensor(call, call.args[0] ?? call.kwargs.x);

function integers(call: LayerCall, key: string): number[] {
  const list = [setting(call, key)].flat();
  return list.map((one) => {
    if (!Number.isSafeInteger(one)) throw call.config.bad(key, 'integers');
    return Number(one);
  });
}

/** The tensors of a list argument as floats. */
function listed(call: LayerCall): Value[] {
  const argument = call.args[0] ?? call.kwargs.xs ?? call.kwargs.x;
  const list = Array.isArray(argument) ? (argument as readonly Resolved[]) : [argument];
  return list.map((one) => operand(call, one));
}

const reshaping: Operation = (call) => {
  const x = only(call);
  const wanted = setting(call, 'newshape');
  // Rows that Keras did not know when it saved the node are null.
  const target = Array.isArray(wanted) ? wanted.map((dim: unknown) => (dim === null ? -1 : dim)) : wanted;
  if (!Array.isArray(target) || target.some((dim) => !Number.isSafeInteger(dim)))
    throw call.config.bad('newshape', 'lengths');
  const rows = x.shape[0];
  const lengths = target.map(Number);
  if (lengths[0] === -1 && rows !== undefined && lengths.filter((dim) => dim === -1).length === 2) {
    return reshape(call.emit, x, [rows, ...inferShape(sizeOf(x.shape.slice(1)), lengths.slice(1))]);
  }
  return reshape(call.emit, x, inferShape(sizeOf(x.shape), lengths));
};

const transposing: Operation = (call) => {
  const x = only(call);
  const axes = setting(call, 'axes') ?? null;
  return transpose(
    call.emit,
    x,
    axes === null ? x.shape.map((_, axis) => x.shape.length - 1 - axis) : integers(call, 'axes'),
  );
};

const swapping: Operation = (call) => {
  const x = only(call);
  const [a, b] = [
    axisOf(numberOf(call, 'axis1'), x.shape.length),
    axisOf(numberOf(call, 'axis2'), x.shape.length),
  ];
  return transpose(
    call.emit,
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  );
};

const moving: Operation = (call) => {
  const x = only(call);
  const [from, to] = [integers(call, 'source'), integers(call, 'destination')];
  const sources = from.map((axis) => axisOf(axis, x.shape.length));
  const order = x.shape.map((_, axis) => axis).filter((axis) => !sources.includes(axis));
  const pairs = sources.map((source, index) => [axisOf(to[index] ?? 0, x.shape.length), source] as const);
  for (const [target, source] of pairs.sort((one, other) => one[0] - other[0]))
    order.splice(target, 0, source);
  return transpose(call.emit, x, order);
};

const squeezing: Operation = (call) => {
  const x = only(call);
  const axis = setting(call, 'axis') ?? null;
  const axes =
    axis === null
      ? x.shape.flatMap((dim, index) => (dim === 1 && index > 0 ? [index] : []))
      : axesOf(call, x);
  return squeeze(call.emit, x, axes);
};

const stacking: Operation = (call) => {
  const values = listed(call);
  const rank = (values[0]?.shape.length ?? 0) + 1;
  const axis = axisOf(numberOf(call, 'axis', 0), rank);
  return concat(
    call.emit,
    values.map((value) => unsqueeze(call.emit, value, axis)),
    axis,
  );
};

const splitting: Operation = (call) => {
  const x = only(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis', 0));
  const length = x.shape[axis];
  if (typeof length !== 'number') throw call.config.refuse('a split of an unknown length', 'fix the length');
  const wanted = setting(call, 'indices_or_sections');
  const cuts = Array.isArray(wanted) ? wanted.map(Number) : evenCuts(call, length, Number(wanted));
  const bounds = [0, ...cuts, length];
  if (bounds.some((bound, index) => !(bound >= (bounds[index - 1] ?? 0))))
    throw call.config.bad('indices_or_sections', 'rising');
  return cuts.concat(length).map((stop, index) => sliceAxis(call.emit, x, axis, bounds[index] ?? 0, stop));
};

function evenCuts(call: LayerCall, length: number, parts: number): number[] {
  if (!Number.isSafeInteger(parts) || parts < 1 || length % parts !== 0)
    throw call.config.bad('indices_or_sections', 'a divisor of the length');
  return Array.from({ length: parts - 1 }, (_, index) => ((index + 1) * length) / parts);
}

const tiling: Operation = (call) => {
  const x = only(call);
  const repeats = integers(call, 'repeats');
  while (repeats.length < x.shape.length) repeats.unshift(1);
  if (repeats.length > x.shape.length || repeats.some((one) => one < 1))
    throw call.config.bad('repeats', 'one number an axis');
  if (repeats[0] !== 1) ownAxis(call, x, 0);
  const shape = x.shape.map((dim, axis) => multiplyDims(dim, repeats[axis] ?? 1));
  return call.emit.op('Tile', [x, call.emit.builder.integers(repeats)], shape);
};

/** Every element of an axis several times, one after the other; each may have a number of its own. */
const repeating: Operation = (call) => {
  const isFlat = (setting(call, 'axis') ?? null) === null;
  const { x, axis } = isFlat
    ? alongAxis(call)
    : { x: only(call), axis: ownAxis(call, only(call), numberOf(call, 'axis')) };
  const counts = integers(call, 'repeats');
  const [times = 1] = counts;
  if (counts.length > 1) {
    if (counts.length !== x.shape[axis] || counts.some((one) => one < 0))
      throw call.config.bad('repeats', 'one number, or one for each place of the axis');
    return places(
      call,
      x,
      axis,
      counts.flatMap((count, at) => Array.from({ length: count }, () => at)),
    );
  }
  const wide = unsqueeze(call.emit, x, axis + 1);
  const shape = wide.shape.map((dim, index) => (index === axis + 1 ? times : dim));
  return reshape(
    call.emit,
    expand(call.emit, wide, shape),
    x.shape.map((dim, index) => (index === axis ? multiplyDims(dim, times) : dim)),
  );
};

/** The elements at some places of an axis, in that order. */
function places(call: LayerCall, x: Value, axis: number, list: readonly number[]): Value {
  const shape = x.shape.map((dim, index) => (index === axis ? list.length : dim));
  return call.emit.op('Gather', [x, call.emit.integers(list)], shape, {
    attributes: { axis: { int: axis } },
  });
}

const MODES = ['constant', 'reflect', 'symmetric', 'edge'] as const;

const padding: Operation = (call) => {
  const x = only(call);
  const widths = setting(call, 'pad_width');
  const fill = call.args[1] ?? call.kwargs.constant_values ?? 0;
  const mode = MODES.find((one) => one === (setting(call, 'mode') ?? 'constant'));
  if (!Array.isArray(widths) || mode === undefined || typeof fill !== 'number')
    throw call.config.refuse('this padding', `use one number, and one of the modes ${MODES.join(', ')}`);
  const ends = (side: 0 | 1): number[] =>
    x.shape.map((_, axis) => Number((widths[axis] as unknown[] | undefined)?.[side] ?? 0));
  const [before, after] = [ends(0), ends(1)];
  if ([...before, ...after].some((one) => !Number.isSafeInteger(one) || one < 0))
    throw call.config.bad('pad_width', 'pairs of numbers');
  if ((before[0] ?? 0) + (after[0] ?? 0) > 0) ownAxis(call, x, 0);
  if (mode === 'symmetric') return mirrored(call, x, before, after);
  const shape = x.shape.map((dim, axis) => addDims(dim, (before[axis] ?? 0) + (after[axis] ?? 0)));
  const given = [x, call.emit.builder.integers([...before, ...after])];
  return mode === 'constant'
    ? call.emit.op('Pad', [...given, call.emit.scalar(fill)], shape)
    : call.emit.op('Pad', given, shape, { attributes: { mode: { text: mode } } });
};

/** Padded by what stands at each end, the outermost number twice; ONNX has only the mirror without that. */
function mirrored(call: LayerCall, x: Value, before: readonly number[], after: readonly number[]): Value {
  return x.shape.reduce<Value>((padded, _, axis) => {
    const [left = 0, right = 0] = [before[axis], after[axis]];
    if (left + right === 0) return padded;
    const length = lengthOf(call, padded, axis);
    if (Math.max(left, right) > length) throw call.config.bad('pad_width', 'at most the lengths');
    const list = Array.from({ length: left + length + right }, (_one, at) => {
      const place = at - left;
      return place < 0 ? -1 - place : place < length ? place : 2 * length - 1 - place;
    });
    return places(call, padded, axis, list);
  }, x);
}

const broadcasting: Operation = (call) => {
  const x = only(call);
  const shape = integers(call, 'shape').map((dim, axis): Dim =>
    axis === 0 && x.shape.length > 0 && dim === 1 ? (x.shape[0] ?? 1) : dim,
  );
  return expand(call.emit, x, shape);
};

const unstacking: Operation = (call) => {
  const x = only(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis', 0));
  const length = x.shape[axis];
  if (typeof length !== 'number') throw call.config.refuse('unstacking an unknown length', 'fix the length');
  return Array.from({ length }, (_, index) => takeIndex(call.emit, x, axis, index));
};

/** Operations that rearrange elements. */
export const arrange: Readonly<Record<string, Operation>> = {
  ...slicing,
  Reshape: reshaping,
  Transpose: transposing,
  Swapaxes: swapping,
  Moveaxis: moving,
  ExpandDims: (call) => {
    const x = only(call);
    const axes = integers(call, 'axis');
    return axes
      .map((axis) => axisOf(axis, x.shape.length + axes.length))
      .sort((one, other) => one - other)
      .reduce((wide, axis) => unsqueeze(call.emit, wide, axis), x);
  },
  Squeeze: squeezing,
  Concatenate: (call) => concat(call.emit, listed(call), numberOf(call, 'axis', -1)),
  Stack: stacking,
  Split: splitting,
  Unstack: unstacking,
  Flip: (call) => {
    const x = only(call);
    return axesOf(call, x).reduce((turned, axis) => flip(call.emit, turned, axis), x);
  },
  Tile: tiling,
  Repeat: repeating,
  Pad: padding,
  BroadcastTo: broadcasting,
  Identity: only,
  StopGradient: (call) => tensor(call, call.args[0] ?? call.kwargs.variable ?? call.kwargs.x),
  Copy: only,
  ConvertToTensor: only,
  Real: only,
  Conj: only,
  Conjugate: only,
};
