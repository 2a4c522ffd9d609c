import { corrupt } from '../errors.js';
import { addDims, ceilDims, multiplyDims, sizeOf, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import type { SliceArgument } from '../graph/spec.js';
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
import { axesOf, numberOf, operand, ownAxis, setting, tensor, type Operation } from './operands.js';

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

/** Every element of an axis several times, one after the other. */
const repeating: Operation = (call) => {
  const x = only(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis'));
  const times = numberOf(call, 'repeats');
  const wide = unsqueeze(call.emit, x, axis + 1);
  const shape = wide.shape.map((dim, index) => (index === axis + 1 ? times : dim));
  return reshape(
    call.emit,
    expand(call.emit, wide, shape),
    x.shape.map((dim, index) => (index === axis ? multiplyDims(dim, times) : dim)),
  );
};

const padding: Operation = (call) => {
  const x = only(call);
  const widths = setting(call, 'pad_width');
  const fill = call.kwargs.constant_values ?? 0;
  if (
    !Array.isArray(widths) ||
    (setting(call, 'mode') ?? 'constant') !== 'constant' ||
    typeof fill !== 'number'
  ) {
    throw call.config.refuse('this padding', "use mode 'constant' with one number");
  }
  const ends = (side: 0 | 1): number[] =>
    x.shape.map((_, axis) => Number((widths[axis] as unknown[] | undefined)?.[side] ?? 0));
  const [before, after] = [ends(0), ends(1)];
  if ([...before, ...after].some((one) => !Number.isSafeInteger(one) || one < 0))
    throw call.config.bad('pad_width', 'pairs of numbers');
  if ((before[0] ?? 0) + (after[0] ?? 0) > 0) ownAxis(call, x, 0);
  const shape = x.shape.map((dim, axis) => addDims(dim, (before[axis] ?? 0) + (after[axis] ?? 0)));
  return call.emit.op(
    'Pad',
    [x, call.emit.builder.integers([...before, ...after]), call.emit.scalar(fill)],
    shape,
  );
};

const broadcasting: Operation = (call) => {
  const x = only(call);
  const shape = integers(call, 'shape').map((dim, axis): Dim =>
    axis === 0 && x.shape.length > 0 && dim === 1 ? (x.shape[0] ?? 1) : dim,
  );
  return expand(call.emit, x, shape);
};

/** x[…]: integers, slices, an ellipsis and new axes. */
const indexing: Operation = (call) => {
  const key = call.args[1];
  const items = Array.isArray(key) ? (key as readonly Resolved[]) : [key];
  const used = items.filter((item) => item !== null && !isEllipsis(item)).length;
  let value = only(call);
  if (used > value.shape.length) throw corrupt('has more indices than axes', call.layer.name);
  const gap = items.some(isEllipsis) ? value.shape.length - used : 0;
  let axis = 0;
  for (const item of items) {
    if (isEllipsis(item)) axis += gap;
    else if (item === null) value = unsqueeze(call.emit, value, axis++);
    else if (typeof item === 'number') value = takeIndex(call.emit, value, ownAxis(call, value, axis), item);
    else if (typeof item === 'object' && 'start' in item) value = sliced(call, value, axis++, item);
    else throw call.config.refuse('an index that is a tensor', 'index with integers and slices');
  }
  return value;
};

const isEllipsis = (item: Resolved | undefined): boolean => isObject(item) && item.kind === 'ellipsis';

/** A Python slice of one axis; bounds of an unknown length are taken to lie inside it. */
function sliced(call: LayerCall, x: Value, axis: number, { start, stop, step }: SliceArgument): Value {
  const stride = step ?? 1;
  if (start === null && stop === null && stride === 1) return x;
  const at = ownAxis(call, x, axis);
  const length = x.shape[at] ?? 1;
  if (start === null && stop === null && stride === -1) return flip(call.emit, x, at);
  if (stride < 1) throw call.config.refuse('a slice that steps backwards', 'reverse with [::-1]');
  const bound = (given: number | null, open: Dim): Dim => {
    if (given === null) return open;
    const counted = given < 0 ? addDims(length, given) : given;
    return typeof length === 'number' && typeof counted === 'number'
      ? Math.min(Math.max(counted, 0), length)
      : counted;
  };
  const [from, to] = [bound(start, 0), bound(stop, length)];
  const span = distance(from, to);
  if (span === undefined || (typeof span === 'number' && span < 1))
    throw call.config.refuse('an empty or unclear slice', 'slice inside the length');
  const shape = x.shape.map((dim, index) => (index === at ? ceilDims(span, stride) : dim));
  const parts = [[start ?? 0], [stop ?? Number.MAX_SAFE_INTEGER], [at], [stride]].map((one) =>
    call.emit.builder.integers(one),
  );
  return call.emit.op('Slice', [x, ...parts], shape);
}

/** to − from where both count from the same end. */
function distance(from: Dim, to: Dim): Dim | undefined {
  if (typeof from === 'number') return addDims(to, -from);
  const offset = (dim: Dim): number => (Array.isArray(dim) && dim[0] === '+' ? Number(dim[2]) : 0);
  return typeof to === 'number' ? undefined : offset(to) - offset(from);
}

const unstacking: Operation = (call) => {
  const x = only(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis', 0));
  const length = x.shape[axis];
  if (typeof length !== 'number') throw call.config.refuse('unstacking an unknown length', 'fix the length');
  return Array.from({ length }, (_, index) => takeIndex(call.emit, x, axis, index));
};

/** Operations that rearrange elements. */
export const arrange: Readonly<Record<string, Operation>> = {
  Reshape: reshaping,
  Transpose: transposing,
  Swapaxes: swapping,
  Moveaxis: moving,
  ExpandDims: (call) => unsqueeze(call.emit, only(call), numberOf(call, 'axis')),
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
  GetItem: indexing,
  Identity: only,
  StopGradient: (call) => tensor(call, call.args[0] ?? call.kwargs.variable ?? call.kwargs.x),
  Copy: only,
  ConvertToTensor: only,
  Real: only,
  Conj: only,
  Conjugate: only,
};
