import { corrupt } from '../errors.js';
import { addDims, multiplyDims, type Dim } from '../graph/dims.js';
import type { Tensor, Value } from '../graph/emitter.js';
import { activate } from './core.js';
import { known, only, variable, withBias, type LayerCall, type LayerDefinition } from './definition.js';
import {
  channelsFirst,
  channelsLast,
  paddingOf,
  perAxis,
  type SlidingWindow,
  windowCount,
} from './windows.js';

/** Reorders axes of a small constant; done here, so that the graph needs no Transpose at run time. */
export function permuted(tensor: Tensor, order: readonly number[]): { data: Float32Array; shape: number[] } {
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
  const [kernel, stride, dilation] = [
    perAxis(call, 'kernel_size', spatial),
    perAxis(call, 'strides', spatial, [1]),
    perAxis(call, 'dilation_rate', spatial, [1]),
  ];
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

/** [kernel…, channels, multiplier] becomes one group a channel: [kernel…, 1, channels · multiplier]. */
function depthwise(call: LayerCall, x: Value, name: string, spatial: number, bias: boolean): Value {
  const windows = windowsOf(call, spatial);
  const kernel = windows.map((window) => window.kernel);
  const channels = known(call, x.shape[1], 'number of channels');
  const multiplier = call.config.integer('depth_multiplier', 1);
  const { data } = call.weight(name, [...kernel, channels, multiplier]);
  return convolve(
    call,
    x,
    name,
    { data, shape: [...kernel, 1, channels * multiplier] },
    windows,
    channels,
    bias,
  );
}

const depthwiseConv = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    const x = channelsFirst(call, only(call, spatial + 2));
    return activate(
      call,
      channelsLast(call, depthwise(call, x, 'kernel', spatial, call.config.flag('use_bias', true))),
    );
  },
});

const separableConv = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  weights: (config) => withBias(config, 'depthwise_kernel', 'pointwise_kernel'),
  emit(call) {
    const { emit } = call;
    const x = depthwise(
      call,
      channelsFirst(call, only(call, spatial + 2)),
      'depthwise_kernel',
      spatial,
      false,
    );
    const channels = known(call, x.shape[1], 'number of channels');
    const filters = call.config.integer('filters');
    const ones = Array.from({ length: spatial }, () => 1);
    const weights = call.once('pointwise', () => {
      const { data } = permuted(
        { ...call.weight('pointwise_kernel', [...ones, channels, filters]), shape: [channels, filters] },
        [1, 0],
      );
      return emit.constant(data, [filters, channels, ...ones]);
    });
    const shape = [x.shape[0] ?? 1, filters, ...x.shape.slice(2)];
    const mixed = emit.op('Conv', operandsOf(call, x, weights, filters), shape, {
      attributes: { kernel_shape: { ints: ones } },
    });
    return activate(call, channelsLast(call, mixed));
  },
});

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

const convTranspose = (spatial: number): LayerDefinition => ({
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    const { config, emit } = call;
    const x = channelsFirst(call, only(call, spatial + 2));
    const windows = windowsOf(call, spatial);
    const channels = known(call, x.shape[1], 'number of channels');
    const filters = config.integer('filters');
    const kernel = windows.map((window) => window.kernel);
    const weights = call.once('kernel', () => {
      const { data, shape } = permuted(call.weight('kernel', [...kernel, filters, channels]), [
        spatial + 1,
        spatial,
        ...windows.keys(),
      ]);
      return emit.constant(data, shape);
    });
    const padding = config.word('padding', ['valid', 'same'], 'valid');
    const extra = (config.get('output_padding') ?? null) === null ? [] : config.integers('output_padding');
    const cuts = windows.map((window, axis) => {
      const [before, after] = croppingOf(window, padding, extra[axis] ?? extra[0]);
      if (-after >= Math.max(window.stride, window.dilation))
        throw config.refuse('this output_padding', 'keep it below the stride');
      return { before, after };
    });
    const lengths = windows.map((window, axis) => {
      const { before = 0, after = 0 } = cuts[axis] ?? {};
      return transposedLength(x.shape[axis + 2] ?? 1, window, before + after);
    });
    const grown = emit.op(
      'ConvTranspose',
      operandsOf(call, x, weights, filters),
      [x.shape[0] ?? 1, filters, ...lengths],
      {
        attributes: {
          kernel_shape: { ints: kernel },
          strides: { ints: windows.map((window) => window.stride) },
          dilations: { ints: windows.map((window) => window.dilation) },
          pads: {
            ints: [...cuts.map(({ before }) => before), ...cuts.map(({ after }) => Math.max(after, 0))],
          },
          output_padding: { ints: cuts.map(({ after }) => Math.max(-after, 0)) },
        },
      },
    );
    return activate(call, channelsLast(call, grown));
  },
});

function transposedLength(steps: Dim, window: SlidingWindow, cut: number): Dim {
  const reach = (window.kernel - 1) * window.dilation + 1;
  return addDims(multiplyDims(steps, window.stride), reach - window.stride - cut);
}

/** Layers that slide kernels. */
export const CONVOLUTION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  DepthwiseConv1D: depthwiseConv(1),
  DepthwiseConv2D: depthwiseConv(2),
  SeparableConv1D: separableConv(1),
  SeparableConv2D: separableConv(2),
  Conv1DTranspose: convTranspose(1),
  Conv2DTranspose: convTranspose(2),
  Conv3DTranspose: convTranspose(3),
};
