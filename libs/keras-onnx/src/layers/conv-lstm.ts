import { corrupt } from '../errors.js';
import { type Dim, sizeOf } from '../graph/dims.js';
import { dependsOnSamples, type Emitter, type Value } from '../graph/emitter.js';
import { binary, concat, expand, flip, reshape, transpose } from '../graph/tensor-ops.js';
import { activationsOf } from './activations.js';
import { permuted } from './convolution.js';
import {
  drawMask,
  known,
  masked,
  only,
  stepMask,
  withBias,
  type LayerCall,
  type LayerDefinition,
} from './definition.js';
import { statesOf } from './recurrent.js';
import { overSteps } from './steps.js';
import { isChannelsFirst, paddingOf, perAxis, type SlidingWindow, windowCount } from './windows.js';

const GATES = 4;

/** One convolution on channels-first data; `kernel` is [kernel…, in, out]. */
function convolved(
  emit: Emitter,
  x: Value,
  kernel: Value,
  filters: number,
  windows: readonly SlidingWindow[],
  padding: string,
  bias?: Value,
): Value {
  const lengths = x.shape.slice(2);
  const one = { kernel: 1, stride: 1, dilation: 1 };
  const counts = lengths.map((length, axis) => windowCount(length, windows[axis] ?? one, padding));
  return emit.op(
    'Conv',
    [x, kernel, ...(bias === undefined ? [] : [bias])],
    [x.shape[0] ?? 1, filters, ...counts],
    {
      attributes: {
        kernel_shape: { ints: windows.map((window) => window.kernel) },
        strides: { ints: windows.map((window) => window.stride) },
        dilations: { ints: windows.map((window) => window.dilation) },
        ...paddingOf(lengths, windows, padding),
      },
    },
  );
}

/** The part of a kernel that belongs to one gate, or the whole; laid out as ONNX wants it. */
function kernelOf(call: LayerCall, name: string, shape: readonly number[], gate?: number): Value {
  return call.once(`${name}/${gate ?? 'all'}`, () => {
    const { data, shape: laid } = permuted(call.weight(name, shape), [
      shape.length - 1,
      shape.length - 2,
      ...Array.from({ length: shape.length - 2 }, (_, axis) => axis),
    ]);
    if (gate === undefined) return call.emit.constant(data, laid);
    const size = data.length / GATES;
    const filters = (laid[0] ?? GATES) / GATES;
    return call.emit.constant(data.slice(gate * size, (gate + 1) * size), [filters, ...laid.slice(1)]);
  });
}

/** All four gates of a convolution; masks of dropout differ from gate to gate. */
function gatesOf(
  emit: Emitter,
  x: Value,
  masks: readonly Value[],
  kernel: (gate?: number) => Value,
  filters: number,
  windows: readonly SlidingWindow[],
  padding: string,
): Value {
  if (masks.length === 0) return convolved(emit, x, kernel(), GATES * filters, windows, padding);
  const parts = masks.map((mask, gate) =>
    convolved(emit, binary(emit, 'Mul', x, mask), kernel(gate), filters, windows, padding),
  );
  return concat(emit, parts, 1);
}

/** (rows, steps, space…, channels) with the channels behind the steps. */
function stepsFirst(call: LayerCall, x: Value, spatial: number): Value {
  if (isChannelsFirst(call)) return x;
  const space = Array.from({ length: spatial }, (_, axis) => axis + 2);
  return call.emit.op(
    'Transpose',
    [x],
    [...x.shape.slice(0, 2), x.shape[spatial + 2] ?? 1, ...x.shape.slice(2, -1)],
    {
      attributes: { perm: { ints: [0, 1, spatial + 2, ...space] } },
    },
  );
}

/** A state with its channels behind the rows. */
function channelsFirst(call: LayerCall, state: Value, spatial: number): Value {
  if (state.shape.length !== spatial + 2)
    throw corrupt(`an initial state must have ${spatial + 2} axes`, call.layer.name);
  if (isChannelsFirst(call)) return state;
  return transpose(call.emit, state, [
    0,
    spatial + 1,
    ...Array.from({ length: spatial }, (_, axis) => axis + 1),
  ]);
}

/** The way back, for outputs with or without steps. */
function channelsBehind(call: LayerCall, x: Value, spatial: number): Value {
  if (isChannelsFirst(call)) return x;
  const at = x.shape.length - spatial - 1;
  const front = Array.from({ length: at }, (_, axis) => axis);
  const space = Array.from({ length: spatial }, (_, axis) => axis + at + 1);
  const order = [...front, ...space, at];
  return call.emit.op(
    'Transpose',
    [x],
    order.map((axis) => x.shape[axis] ?? 1),
    { attributes: { perm: { ints: order } } },
  );
}

/** Masks of dropout, one for each gate and the same for all steps. */
function dropped(call: LayerCall, setting: string, shape: readonly Dim[]): readonly Value[] {
  const rate = call.config.rate(setting, 0, true);
  // Keras leaves a rate of 1 alone in recurrent layers.
  if (call.emit.mode === 'run' || rate === 0 || rate === 1) return [];
  return Array.from({ length: GATES }, () => drawMask(call, shape, rate));
}

/** The input's share of all gates of all steps at once: (rows, steps, 4 · filters, space…). */
function project(
  call: LayerCall,
  x: Value,
  filters: number,
  windows: readonly SlidingWindow[],
  padding: string,
): Value {
  const { config, emit } = call;
  const [rows = 1, steps = 1, , ...space] = x.shape;
  const channels = known(call, x.shape[2], 'number of channels');
  const kernelShape = [...windows.map((window) => window.kernel), channels, GATES * filters];
  const masks = dropped(call, 'dropout', [rows, 1, channels, ...space]);
  const parts = (masks.length === 0 ? [undefined] : masks).map((mask, gate) => {
    const input = mask === undefined ? x : binary(emit, 'Mul', x, mask);
    const weights = kernelOf(call, 'kernel', kernelShape, mask === undefined ? undefined : gate);
    const flat = reshape(emit, input, [sizeOf(input.shape.slice(0, 2)), ...input.shape.slice(2)]);
    const out = convolved(
      emit,
      flat,
      weights,
      mask === undefined ? GATES * filters : filters,
      windows,
      padding,
    );
    return reshape(emit, out, [input.shape[0] ?? 1, steps, ...out.shape.slice(1)]);
  });
  const joined = concat(emit, parts, 2);
  if (!config.flag('use_bias', true)) return joined;
  const ones = space.map(() => 1);
  const bias = call.once('bias', () =>
    emit.constant(call.weight('bias', [GATES * filters]).data, [GATES * filters, ...ones]),
  );
  return binary(emit, 'Add', joined, bias);
}

/** An LSTM whose products are convolutions (Shi et al. 2015). */
const convLstm = (spatial: number): LayerDefinition => ({
  masks: 'use',
  variables: 'cell/vars',
  weights: (config) => withBias(config, 'kernel', 'recurrent_kernel'),
  emit(call) {
    const { config, emit } = call;
    const [input, ...behind] = call.inputs;
    const given = statesOf(call.kwargs.initial_state ?? call.args[1], behind);
    if (given.length !== 0 && given.length !== 2) throw corrupt('takes 2 initial states', call.layer.name);
    const sequence = only({ ...call, inputs: input === undefined ? [] : [input] }, spatial + 3);
    const x = stepsFirst(call, sequence, spatial);
    const [rows = 1] = x.shape;
    const filters = config.integer('filters');
    const kernel = perAxis(call, 'kernel_size', spatial);
    const [strides, dilations] = [
      perAxis(call, 'strides', spatial, [1]),
      perAxis(call, 'dilation_rate', spatial, [1]),
    ];
    const windows = kernel.map((one, axis) => ({
      kernel: one,
      stride: strides[axis] ?? 1,
      dilation: dilations[axis] ?? 1,
    }));
    const padding = config.word('padding', ['valid', 'same'], 'valid');
    const projected = project(call, x, filters, windows, padding);
    const inside = [filters, ...projected.shape.slice(3)];
    const recurrentMasks = dropped(call, 'recurrent_dropout', [rows, ...inside]);
    const before = given.map((state) => channelsFirst(call, state, spatial));
    const first =
      [projected, ...recurrentMasks, ...before].map((one) => one.shape[0] ?? 1).find(dependsOnSamples) ??
      rows;
    const initial = [0, 1].map((at) => expand(emit, before[at] ?? emit.scalar(0), [first, ...inside]));
    const recurrentShape = [...kernel, filters, GATES * filters];
    const plain = kernel.map((one) => ({ kernel: one, stride: 1, dilation: 1 }));
    const mask = stepMask(call, given.length > 0);
    const reverse = config.flag('go_backwards', false);
    const zeroOutput = config.flag('zero_output_for_mask', false);
    const gate = (index?: number): Value => kernelOf(call, 'recurrent_kernel', recurrentShape, index);
    const {
      sequence: all,
      states,
      last,
    } = overSteps(
      call,
      { input: projected, initial, mask, zeroOutput, reverse },
      (inner, step, [hidden = step, carry = step]) => {
        const recalled = gatesOf(inner, hidden, recurrentMasks, gate, filters, plain, 'same');
        return lstmStep(call, inner, binary(inner, 'Add', step, recalled), carry, filters);
      },
    );
    const isSequence = config.flag('return_sequences', false);
    const chosen = isSequence ? (reverse ? flip(emit, all, 1) : all) : last;
    const output = masked(call, channelsBehind(call, chosen, spatial), isSequence ? mask : undefined);
    if (!config.flag('return_state', false)) return output;
    return [output, ...states.map((state) => channelsBehind(call, state, spatial))];
  },
});

/** h and c of the next step from the sums of the gates i, f, c, o. */
function lstmStep(call: LayerCall, inner: Emitter, sums: Value, carry: Value, filters: number): Value[] {
  const shape = [sums.shape[0] ?? 1, filters, ...sums.shape.slice(2)];
  const parts = inner.multi('Split', [sums], [shape, shape, shape, shape], {
    axis: { int: 1 },
    num_outputs: { int: GATES },
  });
  const [i = sums, f = sums, c = sums, o = sums] = parts;
  const { activation, gateActivation } = activationsOf(call.config, call.layer.dialect);
  const kept = binary(inner, 'Mul', gateActivation(inner, f), carry);
  const added = binary(inner, 'Mul', gateActivation(inner, i), activation(inner, c));
  const memory = binary(inner, 'Add', kept, added);
  return [binary(inner, 'Mul', gateActivation(inner, o), activation(inner, memory)), memory];
}

/** Recurrent layers over pictures and sequences of sequences. */
export const CONV_LSTM_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  ConvLSTM1D: convLstm(1),
  ConvLSTM2D: convLstm(2),
  ConvLSTM3D: convLstm(3),
};
