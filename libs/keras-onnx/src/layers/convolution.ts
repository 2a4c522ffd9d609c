import { corrupt } from '../errors.js';
import { addDims, multiplyDims, type Dim } from '../graph/dims.js';
import type { Tensor, Value } from '../graph/emitter.js';
import { activate } from './core.js';
import { known, only, variable, withBias, type LayerCall, type LayerDefinition } from './definition.js';
import { channelsFirst, channelsLast, paddingOf, windowCount, type SlidingWindow } from './windows.js';

/** Reorders axes of a small constant; done here, so that the graph needs no Transpose at run time. */
function permuted(tensor: Tensor, order: readonly number[]): { data: Float32Array; shape: number[] } {
  const strides = tensor.shape.map((_, axis) =>
    tensor.shape.slice(axis + 1).reduce((size, dim) => size * dim, 1),
  );
  const shape = order.map((axis) => tensor.shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 0);
  const data = new Float32Array(tensor.data.length);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to += 1) {
    data[to] = tensor.data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] ?? 0) + 1;
      from += steps[axis] ?? 0;
      if (next < (shape[axis] ?? 1)) {
        index[axis] = next;
        break;
      }
      from -= next * (steps[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return { data, shape };
}

function windowsOf(call: LayerCall, spatial: number): SlidingWindow[] {
  const read = (key: string, fallback: number): number[] => {
    const list = call.config.integers(key, [fallback]);
    const full = list.length === 1 ? Array.from({ length: spatial }, () => list[0] ?? fallback) : list;
    if (full.length !== spatial || full.some((one) => one < 1))
      throw call.config.bad(key, `${spatial} integers of at least 1`);
    return full;
  };
  const [kernel, stride, dilation] = [read('kernel_size', 1), read('strides', 1), read('dilation_rate', 1)];
  return kernel.map((one, axis) => ({
    kernel: one,
    stride: stride[axis] ?? 1,
    dilation: dilation[axis] ?? 1,
  }));
}

/** One ONNX Conv on channels-first data; the kernel arrives as [kernel…, in, out]. */
function convolve(
  call: LayerCall,
  x: Value,
  name: string,
  kernel: Tensor,
  windows: readonly SlidingWindow[],
  groups: number,
  bias: boolean,
): Value {
  const { emit } = call;
  const spatial = windows.length;
  const padding = call.config.word('padding', ['valid', 'same', 'causal'], 'valid');
  if (padding === 'causal' && spatial !== 1) throw call.config.bad('padding', 'valid or same');
  const weights = call.once(name, () => {
    const { data, shape } = permuted(kernel, [spatial + 1, spatial, ...windows.keys()]);
    return emit.constant(data, shape);
  });
  const filters = kernel.shape[spatial + 1] ?? 1;
  const inputs = bias ? operandsOf(call, x, weights, filters) : [x, weights];
  const lengths = x.shape.slice(2);
  const counts = lengths.map((length, axis) =>
    windowCount(length, windows[axis] ?? { kernel: 1, stride: 1, dilation: 1 }, padding),
  );
  if (counts.some((count) => typeof count === 'number' && count < 1))
    throw corrupt('the kernel is longer than the sequence', call.layer.name);
  return emit.op('Conv', inputs, [x.shape[0] ?? 1, filters, ...counts], {
    attributes: {
      kernel_shape: { ints: windows.map((window) => window.kernel) },
      strides: { ints: windows.map((window) => window.stride) },
      dilations: { ints: windows.map((window) => window.dilation) },
      group: { int: groups },
      ...paddingOf(lengths, windows, padding),
    },
  });
}

/** The operands of a convolution: data, kernel, and the bias where the layer has one. */
function operandsOf(call: LayerCall, x: Value, kernel: Value, filters: number): Value[] {
  return [x, kernel, ...(call.config.flag('use_bias', true) ? [variable(call, 'bias', [filters])] : [])];
}

function convolution(spatial: number): LayerDefinition {
  return {
    masks: 'drop',
    weights: (config) => withBias(config, 'kernel'),
    emit(call) {
      const x = channelsFirst(call, only(call, spatial + 2));
      const windows = windowsOf(call, spatial);
      const [channels, groups, filters] = [
        known(call, x.shape[1], 'number of channels'),
        call.config.integer('groups', 1),
        call.config.integer('filters'),
      ];
      if (channels % groups !== 0 || filters % groups !== 0)
        throw corrupt(`${groups} groups divide neither channels nor filters`, call.layer.name);
      const kernel = call.weight('kernel', [
        ...windows.map((window) => window.kernel),
        channels / groups,
        filters,
      ]);
      const bias = call.config.flag('use_bias', true);
      return activate(call, channelsLast(call, convolve(call, x, 'kernel', kernel, windows, groups, bias)));
    },
  };
}

/** [kernel, channels, multiplier] becomes one group a channel: [kernel, 1, channels · multiplier]. */
function depthwise(call: LayerCall, x: Value, name: string, bias: boolean): Value {
  const windows = windowsOf(call, 1);
  const [window] = windows;
  const channels = known(call, x.shape[1], 'number of channels');
  const multiplier = call.config.integer('depth_multiplier', 1);
  const { data } = call.weight(name, [window?.kernel ?? 1, channels, multiplier]);
  const kernel = { data, shape: [window?.kernel ?? 1, 1, channels * multiplier] };
  return convolve(call, x, name, kernel, windows, channels, bias);
}

const depthwiseConv: LayerDefinition = {
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    const x = channelsFirst(call, only(call, 3));
    return activate(
      call,
      channelsLast(call, depthwise(call, x, 'kernel', call.config.flag('use_bias', true))),
    );
  },
};

const separableConv: LayerDefinition = {
  masks: 'drop',
  weights: (config) => withBias(config, 'depthwise_kernel', 'pointwise_kernel'),
  emit(call) {
    const x = depthwise(call, channelsFirst(call, only(call, 3)), 'depthwise_kernel', false);
    const channels = known(call, x.shape[1], 'number of channels');
    const filters = call.config.integer('filters');
    const { data, shape } = permuted(call.weight('pointwise_kernel', [1, channels, filters]), [2, 1, 0]);
    const weights = call.once('pointwise', () => call.emit.constant(data, shape));
    const mixed = call.emit.op(
      'Conv',
      operandsOf(call, x, weights, filters),
      [x.shape[0] ?? 1, filters, ...x.shape.slice(2)],
      {
        attributes: { kernel_shape: { ints: [1] } },
      },
    );
    return activate(call, channelsLast(call, mixed));
  },
};

/**
 * What a transposed convolution cuts off its full output before and after, from the padding Keras gives (the output of
 * 'same' is steps · stride long). A negative end means that zeros are added instead.
 */
function croppingOf(window: SlidingWindow, padding: string, extra: number | undefined): [number, number] {
  const reach = (window.kernel - 1) * window.dilation + 1;
  if (padding === 'valid') return [0, -(extra ?? Math.max(reach, window.stride) - reach)];
  const total = extra === undefined ? window.stride + reach - 2 : reach + (reach % 2) - 2 + extra;
  const left = Math.min(Math.ceil(total / 2), reach - 1);
  return [reach - 1 - left, reach - 1 - (total - left)];
}

const convTranspose: LayerDefinition = {
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    const { config, emit } = call;
    const x = channelsFirst(call, only(call, 3));
    const [window = { kernel: 1, stride: 1, dilation: 1 }] = windowsOf(call, 1);
    const channels = known(call, x.shape[1], 'number of channels');
    const filters = config.integer('filters');
    const { data, shape } = permuted(call.weight('kernel', [window.kernel, filters, channels]), [2, 1, 0]);
    const weights = call.once('kernel', () => emit.constant(data, shape));
    const extra =
      config.get('output_padding') === null ? undefined : config.integers('output_padding', [-1])[0];
    const [before, after] = croppingOf(
      window,
      config.word('padding', ['valid', 'same'], 'valid'),
      extra === -1 ? undefined : extra,
    );
    if (-after >= Math.max(window.stride, window.dilation))
      throw config.refuse('this output_padding', 'keep it below the stride');
    const steps = transposedLength(x.shape[2] ?? 1, window, before + after);
    const grown = emit.op(
      'ConvTranspose',
      operandsOf(call, x, weights, filters),
      [x.shape[0] ?? 1, filters, steps],
      {
        attributes: {
          kernel_shape: { ints: [window.kernel] },
          strides: { ints: [window.stride] },
          dilations: { ints: [window.dilation] },
          pads: { ints: [before, Math.max(after, 0)] },
          output_padding: { ints: [Math.max(-after, 0)] },
        },
      },
    );
    return activate(call, channelsLast(call, grown));
  },
};

function transposedLength(steps: Dim, window: SlidingWindow, cut: number): Dim {
  const reach = (window.kernel - 1) * window.dilation + 1;
  return addDims(multiplyDims(steps, window.stride), reach - window.stride - cut);
}

/** Layers that slide kernels. */
export const CONVOLUTION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  DepthwiseConv1D: depthwiseConv,
  SeparableConv1D: separableConv,
  Conv1DTranspose: convTranspose,
};
