import { unsupported } from '../errors.js';
import { addDims, ceilDims, type Dim, divideDims } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { transpose } from '../graph/tensor-ops.js';
import type { Attribute } from '../onnx/builder.js';
import type { LayerCall } from './definition.js';

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

/** A setting with one integer for each axis of space; a single one counts for all. */
export function perAxis(
  call: LayerCall,
  key: string,
  spatial: number,
  fallback?: readonly number[],
): number[] {
  const list = call.config.integers(key, fallback);
  const full = list.length === 1 ? Array.from({ length: spatial }, () => list[0] ?? 1) : list;
  if (full.length !== spatial || full.some((one) => one < 1))
    throw call.config.bad(
      key,
      spatial === 1 ? 'one integer of at least 1' : `${spatial} integers of at least 1`,
    );
  return full;
}

/** Pairs of numbers for the two ends of each axis: one number for all, one for each axis, or pairs. */
export function endsOf(call: LayerCall, key: string, spatial: number): (readonly [number, number])[] {
  const given = call.config.get(key) ?? 1;
  const list = Array.isArray(given) ? (given as unknown[]) : Array.from({ length: spatial }, () => given);
  // For a sequence two numbers are the two ends; for more axes they are one for each.
  const axes = spatial === 1 && list.length === 2 ? [list] : list;
  const ends = axes.map((one) => {
    const [before, after = before] = [one].flat() as unknown[];
    if (
      !Number.isSafeInteger(before) ||
      !Number.isSafeInteger(after) ||
      Number(before) < 0 ||
      Number(after) < 0
    )
      throw call.config.bad(key, 'numbers of at least 0');
    return [Number(before), Number(after)] as const;
  });
  if (ends.length !== spatial) throw call.config.bad(key, `${spatial} numbers or pairs`);
  return ends;
}

/** The axes of space of a layer's input, and that of its channels. */
export function layoutOf(call: LayerCall, spatial: number): { space: number[]; channels: number } {
  const isFirst = isChannelsFirst(call);
  return {
    space: Array.from({ length: spatial }, (_, axis) => axis + (isFirst ? 2 : 1)),
    channels: isFirst ? 1 : spatial + 1,
  };
}
