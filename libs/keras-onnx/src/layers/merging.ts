import { corrupt } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { axisOf, binary, concat, matmul, scale, squeeze, transpose, unsqueeze } from '../graph/tensor-ops.js';
import type { LayerCall, LayerDefinition } from './definition.js';
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
      return finish(
        call,
        rest.reduce((sum, next) => binary(call.emit, op, sum, next), first),
      );
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

const concatenate: LayerDefinition = {
  masks: 'pass',
  emit(call) {
    const axis = call.config.number('axis', -1);
    if (call.inputs.length === 1 && call.inputs[0] !== undefined) return call.inputs[0];
    return concat(call.emit, call.inputs, axis);
  },
};

/** Batch-wise dot product over one axis of each tensor; the layout follows keras.layers.Dot. */
const dot: LayerDefinition = {
  masks: 'pass',
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
  Multiply: fold('Mul'),
  Average: fold('Add', (call, sum) => scale(call.emit, sum, 1 / call.inputs.length)),
  Maximum: fold('Max'),
  Minimum: fold('Min'),
  Concatenate: concatenate,
  Dot: dot,
};
