import { corrupt } from '../errors.js';
import type { Emitter, Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  concat,
  extremeAlong,
  reduce,
  sliceAxis,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import { known, only, type LayerCall, type LayerDefinition } from './definition.js';
import { isNan, LARGEST } from './order.js';
import {
  channelsFirst,
  channelsLast,
  isChannelsFirst,
  layoutOf,
  paddingOf,
  perAxis,
  windowCount,
} from './windows.js';

/** Max or mean of sliding windows over the axes of space. Padding is no member of a mean. */
export function pool(call: LayerCall, given: Value, op: string, spatial: number): Value {
  const { config, emit } = call;
  const x = channelsFirst(call, given);
  const kernel = perAxis(call, 'pool_size', spatial, [2]);
  const strides = (config.get('strides') ?? null) === null ? kernel : perAxis(call, 'strides', spatial);
  const padding = config.word('padding', ['valid', 'same'], 'valid');
  const windows = kernel.map((one, axis) => ({ kernel: one, stride: strides[axis] ?? one, dilation: 1 }));
  const [rows = 1, channels = 1, ...lengths] = x.shape;
  const counts = lengths.map((length, axis) =>
    windowCount(length, windows[axis] ?? { kernel: 1, stride: 1, dilation: 1 }, padding),
  );
  if (counts.some((count) => typeof count === 'number' && count < 1))
    throw corrupt('the window is longer than the input', call.layer.name);
  const pooled = emit.op(op, [x], [rows, channels, ...counts], {
    attributes: {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      ...paddingOf(lengths, windows, padding),
    },
  });
  return channelsLast(call, pooled);
}

const pooling = (op: string, spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit: (call) => pool(call, only(call, spatial + 2), op, spatial),
});

const globalPooling = (op: 'max' | 'mean', spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit(call) {
    const x = only(call, spatial + 2);
    const { space } = layoutOf(call, spatial);
    const keep = call.config.flag('keepdims', false);
    return op === 'max'
      ? extremeAlong(call.emit, 'ReduceMax', x, space, keep)
      : reduce(call.emit, 'ReduceMean', x, space, keep);
  },
});

/** The mean over the steps; masked ones are left out of sum and count. */
const globalAverage: LayerDefinition = {
  masks: 'use',
  emit(call) {
    const { emit } = call;
    const x = only(call, 3);
    const { space } = layoutOf(call, 1);
    const keep = call.config.flag('keepdims', false);
    const [mask] = call.masks;
    if (mask === undefined) return reduce(emit, 'ReduceMean', x, space, keep);
    const seen = unsqueeze(emit, cast(emit, mask, 'bool'), isChannelsFirst(call) ? 1 : 2);
    const sum = reduce(emit, 'ReduceSum', where(emit, seen, x, emit.scalar(0)), space, keep);
    return binary(emit, 'Div', sum, reduce(emit, 'ReduceSum', cast(emit, seen, 'float32'), space, keep));
  },
};

/** Max or mean of bins that share each of the axes evenly: bin i of n holds ⌊i·L/n⌋ up to ⌈(i+1)·L/n⌉. */
export function intoBins(
  call: LayerCall,
  given: Value,
  op: string,
  sizes: readonly number[],
  axes: readonly number[],
): Value {
  // Max pooling of TensorFlow passes over NaN and begins with the smallest finite number; ONNX Runtime's reductions do not.
  const started = op === 'ReduceMax' ? fromLowest(call.emit, given) : given;
  // Bins are rectangles, so that one axis can be done after the other.
  return axes.reduce((x, axis, index) => {
    const length = known(call, x.shape[axis], 'length');
    const count = sizes[index] ?? 1;
    if (count === length) return x;
    const bins = Array.from({ length: count }, (_, bin) => {
      const [start, stop] = [Math.floor((bin * length) / count), Math.ceil(((bin + 1) * length) / count)];
      return reduce(call.emit, op, sliceAxis(call.emit, x, axis, start, stop), [axis], true);
    });
    return concat(call.emit, bins, axis);
  }, started);
}

function fromLowest(emit: Emitter, x: Value): Value {
  const lowest = emit.scalar(-LARGEST);
  return where(emit, isNan(emit, x), lowest, emit.op('Max', [x, lowest], x.shape));
}

const adaptive = (op: string, spatial: number): LayerDefinition => ({
  masks: 'drop',
  emit: (call) =>
    intoBins(
      call,
      only(call, spatial + 2),
      op,
      perAxis(call, 'output_size', spatial),
      layoutOf(call, spatial).space,
    ),
});

const overAxes = (
  name: string,
  make: (spatial: number) => LayerDefinition,
): Record<string, LayerDefinition> =>
  Object.fromEntries([1, 2, 3].map((spatial) => [`${name}${spatial}D`, make(spatial)]));

/** Layers that summarize neighbours. */
export const POOLING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  ...overAxes('MaxPooling', (spatial) => pooling('MaxPool', spatial)),
  ...overAxes('AveragePooling', (spatial) => pooling('AveragePool', spatial)),
  ...overAxes('GlobalMaxPooling', (spatial) => globalPooling('max', spatial)),
  ...overAxes('GlobalAveragePooling', (spatial) => globalPooling('mean', spatial)),
  GlobalAveragePooling1D: globalAverage,
  ...overAxes('AdaptiveAveragePooling', (spatial) => adaptive('ReduceMean', spatial)),
  ...overAxes('AdaptiveMaxPooling', (spatial) => adaptive('ReduceMax', spatial)),
};
