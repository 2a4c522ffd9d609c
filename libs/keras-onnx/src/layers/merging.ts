import { corrupt } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  cast,
  concat,
  expand,
  matmul,
  scale,
  squeeze,
  transpose,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import { masked, type LayerCall, type LayerDefinition } from './definition.js';
import { unitLength } from './normalization.js';

/** Ranks are made equal by inserting axes behind the rows, as Keras does. */
function sameRank(call: LayerCall): Value[] {
  const rank = Math.max(...call.inputs.map((input) => input.shape.length));
  return call.inputs.map((input) => {
    let grown = input;
    while (grown.shape.length < rank) grown = unsqueeze(call.emit, grown, 1);
    return grown;
  });
}

function fold(
  op: string,
  finish: (call: LayerCall, sum: Value) => Value = (_call, sum) => sum,
): LayerDefinition {
  return {
    masks: 'use',
    emit(call) {
      const [first, ...rest] = sameRank(call);
      if (first === undefined || rest.length === 0)
        throw corrupt('merges at least two tensors', call.layer.name);
      const merged = rest.reduce((sum, next) => binary(call.emit, op, sum, next), first);
      return masked(call, finish(call, merged), anyMask(call));
    },
  };
}

const subtract: LayerDefinition = {
  ...fold('Sub'),
  emit(call) {
    if (call.inputs.length !== 2) throw corrupt('subtracts exactly two tensors', call.layer.name);
    return fold('Sub').emit(call);
  },
};

/** The mask of an input laid over its features. A tensor that was given an axis has lost its mask. */
function wideMask(call: LayerCall, grown: Value, index: number): Value | undefined {
  const mask = call.masks[index];
  if (mask === undefined || call.layer.dialect === 'keras2' || grown !== call.inputs[index]) return undefined;
  return unsqueeze(call.emit, cast(call.emit, mask, 'bool'), -1);
}

/**
 * Maximum and Minimum as Keras 3 merges masked tensors: a step that one of them leaves out takes the other's number. Keras 2
 * took the numbers as they are.
 */
const extreme = (op: 'Max' | 'Min'): LayerDefinition => ({
  masks: 'use',
  emit(call) {
    const { emit } = call;
    const [first, ...rest] = sameRank(call);
    if (first === undefined || rest.length === 0)
      throw corrupt('merges at least two tensors', call.layer.name);
    const start = { all: first, mask: wideMask(call, first, 0) };
    const { all } = rest.reduce(({ all: before, mask: known }, next, index) => {
      const mask = wideMask(call, next, index + 1);
      const x = mask === undefined ? next : where(emit, mask, next, before);
      const other = known === undefined ? before : where(emit, known, before, x);
      return {
        all: binary(emit, op, other, x),
        mask: mask === undefined || known === undefined ? undefined : binary(emit, 'Or', known, mask, 'bool'),
      };
    }, start);
    return masked(call, all, anyMask(call));
  },
});

/** A product as Keras 3 merges masked tensors: a step that one leaves out counts as 1 there, and is 0 where all leave it out. */
const multiply: LayerDefinition = {
  masks: 'use',
  emit(call) {
    const { emit } = call;
    const inputs = sameRank(call);
    const masks = inputs.map((one, index) => wideMask(call, one, index));
    const factors = inputs.map((one, index) => {
      const mask = masks[index];
      return mask === undefined ? one : where(emit, mask, one, emit.scalar(1));
    });
    const [first, ...rest] = factors;
    if (first === undefined || rest.length === 0)
      throw corrupt('merges at least two tensors', call.layer.name);
    const product = rest.reduce((all, next) => binary(emit, 'Mul', all, next), first);
    const known = masks.filter((mask) => mask !== undefined);
    const seen =
      known.length === inputs.length ? known.reduce((a, b) => binary(emit, 'Or', a, b, 'bool')) : undefined;
    return masked(
      call,
      seen === undefined ? product : where(emit, seen, product, emit.scalar(0)),
      anyMask(call),
    );
  },
};

/** Where any input counts, if all of them have a mask. */
function anyMask(call: LayerCall): Value | undefined {
  const [first, ...rest] = call.masks;
  if (first === undefined || rest.includes(undefined)) return undefined;
  return rest.reduce<Value>((sum, next) => either(call, sum, next ?? sum), cast(call.emit, first, 'bool'));
}

const either = (call: LayerCall, a: Value, b: Value): Value =>
  binary(call.emit, 'Or', cast(call.emit, a, 'bool'), cast(call.emit, b, 'bool'), 'bool');

const concatenate: LayerDefinition = {
  masks: 'use',
  emit(call) {
    const axis = call.config.number('axis', -1);
    const [only] = call.inputs;
    if (call.inputs.length === 1 && only !== undefined) return only;
    return masked(call, concat(call.emit, call.inputs, axis), joinedMask(call, axis));
  },
};

/** Inputs without a mask count everywhere. Joined features count where any of them does; joined steps keep theirs. */
function joinedMask(call: LayerCall, axis: number): Value | undefined {
  const { emit, masks, inputs } = call;
  if (masks.every((mask) => mask === undefined)) return undefined;
  const rank = inputs[0]?.shape.length ?? 0;
  const full = inputs.map((input, index): Value => {
    const mask = masks[index];
    if (mask !== undefined && mask.shape.length !== rank - 1)
      throw call.config.refuse('a mask of as many axes as its tensor', 'leave the masking out');
    return mask === undefined
      ? cast(emit, expand(emit, emit.scalar(1), input.shape.slice(0, -1)), 'bool')
      : cast(emit, mask, 'bool');
  });
  if (axisOf(axis, rank) !== rank - 1) return concat(emit, full, axis < 0 ? axis + 1 : axis);
  return full.reduce((sum, next) => either(call, sum, next));
}

/** Batch-wise dot product over one axis of each tensor; the layout follows keras.layers.Dot. */
const dot: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const { emit, config } = call;
    const [x, y] = call.inputs;
    if (x === undefined || y === undefined || call.inputs.length !== 2)
      throw corrupt('takes two tensors', call.layer.name);
    const listed = config.integers('axes');
    const [left = -1, right = left] = listed;
    const axes = [axisOf(left, x.shape.length), axisOf(right, y.shape.length)] as const;
    if (axes.includes(0)) throw config.refuse('a dot product over the rows', 'use another axis');
    const normalize = config.flag('normalize', false);
    const [a, b] = normalize ? [unitLength(emit, x, [axes[0]]), unitLength(emit, y, [axes[1]])] : [x, y];
    if (a.shape.length > 3 || b.shape.length > 3)
      throw config.refuse('a dot product of more than three axes', 'reshape first');
    const wide = a.shape.length === 2 ? unsqueeze(emit, a, 1) : moveAxis(call, a, axes[0], 2);
    const tall = b.shape.length === 2 ? unsqueeze(emit, b, 2) : moveAxis(call, b, axes[1], 1);
    const product = matmul(emit, wide, tall);
    // Two vectors keep one axis of length 1; otherwise the axis that was added goes.
    if (a.shape.length === 2) return squeeze(emit, product, [1]);
    return b.shape.length === 2 ? squeeze(emit, product, [2]) : product;
  },
};

function moveAxis(call: LayerCall, x: Value, from: number, to: number): Value {
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  rest.splice(to, 0, from);
  return transpose(call.emit, x, rest);
}

/** Layers that join several tensors. */
export const MERGING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Add: fold('Add'),
  Subtract: subtract,
  Multiply: multiply,
  Average: fold('Add', (call, sum) => scale(call.emit, sum, 1 / call.inputs.length)),
  Maximum: extreme('Max'),
  Minimum: extreme('Min'),
  Concatenate: concatenate,
  Dot: dot,
};
