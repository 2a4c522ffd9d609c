import { unsupported } from '../errors.js';
import { addDims, ceilDims, type Dim, divideDims } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import type { Attribute } from '../onnx/builder.js';
import { reduce, transpose } from '../graph/tensor-ops.js';
import { type LayerCall, type LayerDefinition, only } from './definition.js';

/** A sliding window over one axis. */
export interface SlidingWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** How many positions the window has, as Keras counts them. */
export function windowCount(length: Dim, window: SlidingWindow, padding: string): Dim {
  const reach = (window.kernel - 1) * window.dilation + 1;
  return padding === 'valid'
    ? addDims(divideDims(addDims(length, -reach), window.stride), 1)
    : ceilDims(length, window.stride);
}

/**
 * ONNX padding attributes. 'same' follows TensorFlow: the odd zero goes to the end, and how many there are depends on
 * the length unless the stride is 1, so an unknown length is left to ONNX's SAME_UPPER.
 */
export function paddingOf(
  lengths: readonly Dim[],
  windows: readonly SlidingWindow[],
  padding: string,
): Record<string, Attribute> {
  if (padding === 'valid') return {};
  const reach = windows.map((window) => (window.kernel - 1) * window.dilation + 1);
  if (padding === 'causal') return { pads: { ints: [(reach[0] ?? 1) - 1, 0] } };
  const totals = windows.map((window, axis) => {
    const length = lengths[axis] ?? 1;
    const over = (reach[axis] ?? 1) - 1;
    if (window.stride === 1) return over;
    if (typeof length !== 'number') return undefined;
    return Math.max((Math.ceil(length / window.stride) - 1) * window.stride + over + 1 - length, 0);
  });
  if (totals.includes(undefined)) {
    if (windows.some((window, axis) => window.stride > (reach[axis] ?? 1))) {
      throw unsupported(
        "padding 'same' of an unknown length with a stride above the window",
        'fix the length',
      );
    }
    return { auto_pad: { text: 'SAME_UPPER' } };
  }
  const before = totals.map((total) => Math.floor((total ?? 0) / 2));
  return { pads: { ints: [...before, ...totals.map((total, axis) => (total ?? 0) - (before[axis] ?? 0))] } };
}

/** Moves channels from the end to behind the rows, where ONNX wants them, unless they are there already. */
export function channelsFirst(call: LayerCall, x: Value): Value {
  if (isChannelsFirst(call)) return x;
  const axes = x.shape.map((_, axis) => axis);
  return transpose(call.emit, x, [0, axes.length - 1, ...axes.slice(1, -1)]);
}

/** The way back. */
export function channelsLast(call: LayerCall, x: Value): Value {
  if (isChannelsFirst(call)) return x;
  const axes = x.shape.map((_, axis) => axis);
  return transpose(call.emit, x, [0, ...axes.slice(2), 1]);
}

/** Whether the layer was saved with channels before the steps. */
export function isChannelsFirst(call: LayerCall): boolean {
  return (
    call.config.word('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first'
  );
}

function pooling(op: string): LayerDefinition {
  return {
    masks: 'drop',
    emit(call) {
      const { config, emit } = call;
      const x = channelsFirst(call, only(call, 3));
      const kernel = config.single('pool_size', 2);
      const stride = config.get('strides') === null ? kernel : config.single('strides', kernel);
      const padding = config.word('padding', ['valid', 'same'], 'valid');
      const window = { kernel, stride, dilation: 1 };
      const [rows = 1, channels = 1, steps = 1] = x.shape;
      const pooled = emit.op(op, [x], [rows, channels, windowCount(steps, window, padding)], {
        attributes: {
          kernel_shape: { ints: [kernel] },
          strides: { ints: [stride] },
          ...paddingOf([steps], [window], padding),
        },
      });
      return channelsLast(call, pooled);
    },
  };
}

function globalPooling(op: string, masks: LayerDefinition['masks']): LayerDefinition {
  return {
    masks,
    emit(call): Value {
      const steps = isChannelsFirst(call) ? 2 : 1;
      return reduce(call.emit, op, only(call, 3), [steps], call.config.flag('keepdims', false));
    },
  };
}

/** Layers that summarize neighbouring steps. */
export const POOLING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  MaxPooling1D: pooling('MaxPool'),
  AveragePooling1D: pooling('AveragePool'),
  GlobalMaxPooling1D: globalPooling('ReduceMax', 'drop'),
  // A mask would leave steps out of the mean.
  GlobalAveragePooling1D: globalPooling('ReduceMean', 'use'),
};
