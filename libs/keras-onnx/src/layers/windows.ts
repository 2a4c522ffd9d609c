import { unsupported } from '../errors.js';
import { addDims, ceilDims, divideDims, type Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import type { Attribute } from '../onnx/builder.js';
import { transpose } from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';

/** A sliding window over one axis. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
}

/** How many positions the window has, as Keras counts them. */
export function windowCount(length: Dim, window: Window, padding: string): Dim {
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
  windows: readonly Window[],
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
