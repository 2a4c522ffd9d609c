import { corrupt } from '../errors.js';
import { addDims, multiplyDims, sizeOf, type Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { expand, inferShape, reshape, sliceAxis, transpose, unsqueeze } from '../graph/tensor-ops.js';
import { only, type LayerCall, type LayerDefinition } from './definition.js';
import { endsOf, isChannelsFirst, layoutOf, perAxis } from './windows.js';

const rowsOf = (x: Value): Dim => x.shape[0] ?? 1;

const flatten: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call);
    // Channels in front are moved behind the rest first.
    const isFirst = call.config.get('data_format') === 'channels_first' && x.shape.length > 2;
    const axes = x.shape.map((_, axis) => axis);
    const turned = isFirst ? transpose(call.emit, x, [0, ...axes.slice(2), 1]) : x;
    return reshape(call.emit, turned, [rowsOf(x), sizeOf(x.shape.slice(1))]);
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

/** Every element `size` times along each axis of space, or between them by lines or cubic curves. */
const upSampling = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit(call) {
    const x = only(call, spatial + 2);
    const { space } = layoutOf(call, spatial);
    const sizes = perAxis(call, 'size', spatial, [2]);
    const asked = call.config.get('interpolation');
    if (asked === 'lanczos3' || asked === 'lanczos5')
      throw call.config.refuse(`the interpolation ${asked}`, 'use nearest, bilinear or bicubic');
    const how = call.config.word('interpolation', ['nearest', 'bilinear', 'bicubic'], 'nearest');
    return how === 'nearest'
      ? space.reduce((grown, axis, index) => repeatAxis(call.emit, grown, axis, sizes[index] ?? 1), x)
      : resized(call, x, space, sizes, how === 'bilinear' ? 'linear' : 'cubic');
  },
});

/** Each element of an axis several times, one after the other. */
export function repeatAxis(emit: Emitter, x: Value, axis: number, times: number): Value {
  if (times === 1) return x;
  const wide = unsqueeze(emit, x, axis + 1);
  const shape = wide.shape.map((dim, index) => (index === axis + 1 ? times : dim));
  return reshape(
    emit,
    expand(emit, wide, shape),
    x.shape.map((dim, index) => (index === axis ? multiplyDims(dim, times) : dim)),
  );
}

/** ONNX Resize with the pixel centres, cubic curves and edges of TensorFlow. */
function resized(
  call: LayerCall,
  x: Value,
  space: readonly number[],
  sizes: readonly number[],
  mode: 'linear' | 'cubic',
): Value {
  const { emit } = call;
  const isFirst = isChannelsFirst(call);
  const front = isFirst ? x : transpose(emit, x, [0, 3, 1, 2]);
  const factors = Float32Array.from([1, 1, ...sizes]);
  const shape = front.shape.map((dim, axis) => multiplyDims(dim, factors[axis] ?? 1));
  const grown = emit.op('Resize', [front, '', emit.constant(factors, [space.length + 2])], shape, {
    attributes: {
      mode: { text: mode },
      coordinate_transformation_mode: { text: 'half_pixel' },
      cubic_coeff_a: { float: -0.5 },
      exclude_outside: { int: mode === 'cubic' ? 1 : 0 },
    },
  });
  return isFirst ? grown : transpose(emit, grown, [0, 2, 3, 1]);
}

const zeroPadding = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit(call) {
    const x = only(call, spatial + 2);
    const { space } = layoutOf(call, spatial);
    const ends = endsOf(call, 'padding', spatial);
    const pads = ([0, 1] as const).flatMap((side) =>
      x.shape.map((_, axis) => ends[space.indexOf(axis)]?.[side] ?? 0),
    );
    if (pads.every((one) => one === 0)) return x;
    const shape = x.shape.map((dim, axis) =>
      addDims(dim, (pads[axis] ?? 0) + (pads[axis + x.shape.length] ?? 0)),
    );
    return call.emit.op('Pad', [x, call.emit.builder.integers(pads)], shape);
  },
});

const cropping = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit(call) {
    const { space } = layoutOf(call, spatial);
    const ends = endsOf(call, 'cropping', spatial);
    return space.reduce(
      (x, axis, index) => cropAxis(call, x, axis, ...(ends[index] ?? [0, 0])),
      only(call, spatial + 2),
    );
  },
});

function cropAxis(call: LayerCall, x: Value, axis: number, before: number, after: number): Value {
  if (before === 0 && after === 0) return x;
  const steps = x.shape[axis] ?? 1;
  if (typeof steps === 'number') {
    if (before + after >= steps) throw corrupt(`crops ${before + after} of ${steps} steps`, call.layer.name);
    return sliceAxis(call.emit, x, axis, before, steps - after);
  }
  const shape = x.shape.map((dim, one) => (one === axis ? addDims(dim, -before - after) : dim));
  const parts = [[before], [after === 0 ? Number.MAX_SAFE_INTEGER : -after], [axis]].map((one) =>
    call.emit.builder.integers(one),
  );
  return call.emit.op('Slice', [x, ...parts], shape);
}

/** Layers that rearrange elements. */
export const RESHAPING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Flatten: flatten,
  Reshape: reshaping,
  Permute: permute,
  RepeatVector: repeatVector,
  UpSampling1D: upSampling(1),
  UpSampling2D: upSampling(2),
  UpSampling3D: upSampling(3),
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
};
