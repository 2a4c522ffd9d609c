import { corrupt } from '../errors.js';
import { addDims, ceilDims, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import type { SliceArgument } from '../graph/spec.js';
import { flip, takeIndex, unsqueeze } from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';
import { ownAxis, tensor, type Operation } from './operands.js';

/** x[…]: integers, slices, an ellipsis and new axes. */
const indexing: Operation = (call) => {
  const key = call.args[1] ?? call.kwargs.key;
  const items = Array.isArray(key) ? (key as readonly Resolved[]) : [key];
  const used = items.filter((item) => item !== null && !isEllipsis(item)).length;
  let value = tensor(call, call.args[0] ?? call.kwargs.x);
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
function sliced(call: LayerCall, x: Value, axis: number, slice: SliceArgument): Value {
  const { start, stop, step } = slice;
  const stride = step ?? 1;
  if (start === null && stop === null && stride === 1) return x;
  const at = ownAxis(call, x, axis);
  const length = x.shape[at] ?? 1;
  if (start === null && stop === null && stride === -1) return flip(call.emit, x, at);
  if (stride < 1) return backwards(call, x, at, slice);
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
  return cut(call, x, at, ceilDims(span, stride), [start ?? 0, stop ?? Number.MAX_SAFE_INTEGER, stride]);
}

/** A slice that steps backwards, of an axis whose length is known. */
function backwards(call: LayerCall, x: Value, at: number, { start, stop, step }: SliceArgument): Value {
  const length = x.shape[at];
  const stride = step ?? -1;
  if (typeof length !== 'number' || stride === 0)
    throw call.config.refuse('a slice that steps backwards', 'reverse with [::-1]');
  const bound = (given: number | null, open: number): number =>
    given === null ? open : Math.min(Math.max(given < 0 ? given + length : given, -1), length - 1);
  const [from, to] = [bound(start, length - 1), bound(stop, -1)];
  const count = Math.ceil((to - from) / stride);
  if (count < 1) throw call.config.refuse('an empty slice', 'slice inside the length');
  // The place before the first one is written as the smallest integer there is.
  return cut(call, x, at, count, [from, to < 0 ? -Number.MAX_SAFE_INTEGER : to, stride]);
}

function cut(
  call: LayerCall,
  x: Value,
  at: number,
  count: Dim,
  [start, stop, stride]: readonly [number, number, number],
): Value {
  const shape = x.shape.map((dim, index) => (index === at ? count : dim));
  const parts = [[start], [stop], [at], [stride]].map((one) => call.emit.builder.integers(one));
  return call.emit.op('Slice', [x, ...parts], shape);
}

/** to − from where both count from the same end. */
function distance(from: Dim, to: Dim): Dim | undefined {
  if (typeof from === 'number') return addDims(to, -from);
  const offset = (dim: Dim): number => (Array.isArray(dim) && dim[0] === '+' ? Number(dim[2]) : 0);
  return typeof to === 'number' ? undefined : offset(to) - offset(from);
}

/** Parts of a tensor by Python's indices. */
export const slicing: Readonly<Record<string, Operation>> = { GetItem: indexing };
