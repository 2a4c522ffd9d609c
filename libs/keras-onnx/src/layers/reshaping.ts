import { corrupt } from '../errors.js';
import { addDims, multiplyDims, sizeOf, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { expand, inferShape, reshape, sliceAxis, transpose, unsqueeze } from '../graph/tensor-ops.js';
import { only, type LayerCall, type LayerDefinition } from './definition.js';

const rowsOf = (x: Value): Dim => x.shape[0] ?? 1;

const flatten: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call);
    if (call.config.get('data_format') === 'channels_first' && x.shape.length > 2) {
      throw call.config.refuse('channels_first', 'save the model with channels last');
    }
    return reshape(call.emit, x, [rowsOf(x), sizeOf(x.shape.slice(1))]);
  },
};

const reshaping: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call);
    const target = call.config.integers('target_shape');
    return reshape(call.emit, x, [rowsOf(x), ...inferShape(sizeOf(x.shape.slice(1)), target)]);
  },
};

const permute: LayerDefinition = {
  masks: 'drop',
  emit: (call) => transpose(call.emit, only(call), [0, ...call.config.integers('dims')]),
};

const repeatVector: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call, 2);
    const [rows = 1, features = 1] = x.shape;
    return expand(call.emit, unsqueeze(call.emit, x, 1), [rows, call.config.integer('n'), features]);
  },
};

/** Every step `size` times: a new axis behind the steps, broadcast and merged. */
const upSampling: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call, 3);
    const [rows = 1, steps = 1, features = 1] = x.shape;
    const size = call.config.single('size', 2);
    const repeated = expand(call.emit, unsqueeze(call.emit, x, 2), [rows, steps, size, features]);
    return reshape(call.emit, repeated, [rows, multiplyDims(steps, size), features]);
  },
};

/** `padding` or `cropping`: one number for both ends or a pair. */
function ends(call: LayerCall, key: string): [number, number] {
  const [before = 1, after = before] = call.config.integers(key, [1]);
  if (before < 0 || after < 0) throw call.config.bad(key, 'numbers of at least 0');
  return [before, after];
}

function lastStepsAxis(call: LayerCall): Value {
  if (call.config.get('data_format') === 'channels_first')
    throw call.config.refuse('channels_first', 'save the model with channels last');
  return only(call, 3);
}

const zeroPadding: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = lastStepsAxis(call);
    return padSteps(call, x, ...ends(call, 'padding'));
  },
};

/** Zeros before and after the steps (axis 1) of a sequence. */
export function padSteps(call: LayerCall, x: Value, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  const pads = x.shape.flatMap((_, axis) => (axis === 1 ? before : 0));
  const trailing = x.shape.flatMap((_, axis) => (axis === 1 ? after : 0));
  const shape = x.shape.map((dim, axis) => (axis === 1 ? addDims(dim, before + after) : dim));
  return call.emit.op('Pad', [x, call.emit.builder.integers([...pads, ...trailing])], shape);
}

const cropping: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = lastStepsAxis(call);
    const [before, after] = ends(call, 'cropping');
    const steps = x.shape[1] ?? 1;
    if (typeof steps === 'number') {
      if (before + after >= steps)
        throw corrupt(`crops ${before + after} of ${steps} steps`, call.layer.name);
      return sliceAxis(call.emit, x, 1, before, steps - after);
    }
    const { builder } = call.emit;
    const shape = x.shape.map((dim, axis) => (axis === 1 ? addDims(dim, -before - after) : dim));
    const parts = [[before], [after === 0 ? Number.MAX_SAFE_INTEGER : -after], [1]].map((one) =>
      builder.integers(one),
    );
    return call.emit.op('Slice', [x, ...parts], shape);
  },
};

/** Layers that rearrange elements. */
export const RESHAPING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Flatten: flatten,
  Reshape: reshaping,
  Permute: permute,
  RepeatVector: repeatVector,
  UpSampling1D: upSampling,
  ZeroPadding1D: zeroPadding,
  Cropping1D: cropping,
};
