import { corrupt } from '../errors.js';
import { multiplyDims, type Dim } from '../graph/dims.js';
import { dependsOnSamples, type Value } from '../graph/emitter.js';
import type { LayerSpec } from '../graph/spec.js';
import { LayerConfig } from '../graph/layer-config.js';
import { binary, cast, concat, expand, flip, reshape, scale } from '../graph/tensor-ops.js';
import {
  fixed,
  masked,
  stepMask,
  type ChildLayer,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';
import { quantizationName } from './quantized.js';
import { wrapped } from './wrapped.js';
import { SAMPLES } from '../graph/dims.js';

const RECURRENT = [
  'SimpleRNN',
  'GRU',
  'LSTM',
  'RNN',
  'CuDNNLSTM',
  'CuDNNGRU',
  'ConvLSTM1D',
  'ConvLSTM2D',
  'ConvLSTM3D',
];
const backward = new WeakMap<LayerSpec, LayerSpec>();

/** The second direction: given, or the first one reversed. */
function directions(layer: LayerSpec): readonly [LayerSpec, LayerSpec] {
  const forward = wrapped(layer, 'layer', layer.config.layer);
  if (!RECURRENT.includes(forward.className))
    throw corrupt(`cannot run a ${forward.className} both ways`, layer.name);
  const given = layer.config.backward_layer;
  if (given !== undefined && given !== null) return [forward, wrapped(layer, 'backward_layer', given)];
  const known = backward.get(forward);
  if (known !== undefined) return [forward, known];
  const config = { ...forward.config, go_backwards: forward.config.go_backwards !== true };
  const made = { ...forward, name: `backward_${forward.name}`, config };
  backward.set(forward, made);
  return [forward, made];
}

const bidirectional: LayerDefinition = {
  masks: 'use',
  children(layer): readonly ChildLayer[] {
    const [forward, reverse] = directions(layer);
    return [
      { places: ['forward_layer'], layer: forward },
      { places: ['backward_layer'], layer: reverse },
    ];
  },
  emit(call) {
    const { config, layer } = call;
    const [forward, reverse] = directions(layer);
    const [half, otherHalf] = splitStates(call);
    const [mask] = call.masks;
    const seen = stepMask(call, Object.keys(half).length > 0);
    const named: Record<string, Resolved> =
      seen === undefined ? {} : { mask: { kind: 'value', value: seen } };
    const ahead = call.inner(forward, call.inputs.slice(0, 1), { ...half, ...named });
    const back = call.inner(reverse, call.inputs.slice(0, 1), { ...otherHalf, ...named });
    const [y, backwards] = [ahead[0], back[0]];
    if (y === undefined || backwards === undefined) throw corrupt('a direction has no output', layer.name);
    const sequences = forward.config.return_sequences === true;
    const turned = sequences ? flip(call.emit, backwards, 1) : backwards;
    const behind = sequences ? mask : undefined;
    const states = [...ahead.slice(1), ...back.slice(1)];
    const mode =
      config.get('merge_mode') === null
        ? null
        : config.word('merge_mode', ['concat', 'sum', 'ave', 'mul'], 'concat');
    if (mode === null) return [masked(call, y, behind), masked(call, turned, behind), ...states];
    return [masked(call, merge(call, mode, y, turned), behind), ...states];
  },
};

/** Initial states come as one list: the first half for the forward layer. */
function splitStates(call: LayerCall): readonly [Record<string, Resolved>, Record<string, Resolved>] {
  const given = call.kwargs.initial_state ?? call.args[1] ?? null;
  const rest = call.inputs.slice(1).map((value): Resolved => ({ kind: 'value', value }));
  const list = Array.isArray(given) ? (given as readonly Resolved[]) : rest;
  if (list.length === 0) return [{}, {}];
  return [{ initial_state: list.slice(0, list.length / 2) }, { initial_state: list.slice(list.length / 2) }];
}

function merge(call: LayerCall, mode: 'concat' | 'sum' | 'ave' | 'mul', a: Value, b: Value): Value {
  const { emit } = call;
  if (mode === 'concat') return concat(emit, [a, b], -1);
  if (mode === 'mul') return binary(emit, 'Mul', a, b);
  const sum = binary(emit, 'Add', a, b);
  return mode === 'ave' ? scale(emit, sum, 0.5) : sum;
}

/** Whether settings of a layer make it draw random numbers while sampling. */
export const isRandom = ({
  rate,
  stddev,
  dropout,
  recurrent_dropout: recurrent,
}: LayerSpec['config']): boolean =>
  [rate, stddev, dropout, recurrent].some((one) => typeof one === 'number' && one > 0);

/** Whether a layer or one inside it draws random numbers while sampling. */
function isStochastic(layer: LayerSpec): boolean {
  const { config } = layer;
  if (isRandom(config)) return true;
  if (layer.model !== undefined) return layer.model.layers.some(isStochastic);
  return [config.layer, config.backward_layer].some(
    (raw) => typeof raw === 'object' && raw !== null && isStochastic(wrapped(layer, 'layer', raw)),
  );
}

/** Layers whose own `mask` argument Keras fills with that of the steps. */
const MASKED_INSIDE = [
  'SimpleRNN',
  'GRU',
  'LSTM',
  'RNN',
  'Bidirectional',
  'Softmax',
  'GlobalAveragePooling1D',
  'TimeDistributed',
];

/** Steps become rows, the inner layer sees them as such, and they become steps again. */
const timeDistributed: LayerDefinition = {
  masks: 'pass',
  children: (layer) => [{ places: ['layer'], layer: wrapped(layer, 'layer', layer.config.layer) }],
  emit(call) {
    const { config, emit, layer } = call;
    const inner = wrapped(layer, 'layer', layer.config.layer);
    const [given] = call.inputs;
    if (given === undefined || given.shape.length < 3)
      throw corrupt('takes (rows, steps, features…)', layer.name);
    // Keras calls the inner layer past its quantized way: 8-bit weights are taken without their scale, which nobody can mean.
    if (quantizationName(new LayerConfig(inner.name, inner.config)) !== undefined)
      throw config.refuse(
        `a quantized ${inner.className} inside TimeDistributed, whose scales Keras leaves out,`,
        `use ${inner.className} without TimeDistributed before quantize()`,
      );
    const [mask] = call.masks;
    const isMasked = mask !== undefined && MASKED_INSIDE.includes(inner.className);
    // The mask of the steps is no mask of what is inside one of them.
    if (isMasked && mask.shape.length < 3)
      throw config.refuse(`a mask on a TimeDistributed ${inner.className}`, 'leave the masking out');
    const fanFirst = emit.mode === 'sample' && isStochastic(inner) && !dependsOnSamples(given.shape[0] ?? 1);
    const x = fanFirst ? fanOut(call, given) : given;
    const [rows = 1, steps = 1, ...features] = x.shape;
    const merged: Dim = multiplyDims(rows, steps);
    const outputs = call.inner(
      inner,
      [reshape(emit, x, [merged, ...features])],
      isMasked ? { mask: { kind: 'value', value: stepsAsRows(call, mask, x) } } : {},
    );
    return outputs.map((output) =>
      masked(call, reshape(emit, output, [rows, steps, ...output.shape.slice(1)]), undefined),
    );
  },
};

/** The masks inside the steps, one a row, for all samples where the tensor has them. */
function stepsAsRows({ emit }: LayerCall, mask: Value, x: Value): Value {
  const [rows = 1, steps = 1] = x.shape;
  const rest = mask.shape.slice(2);
  const wide = expand(emit, cast(emit, mask, 'float32'), [rows, steps, ...rest]);
  return cast(emit, reshape(emit, wide, [multiplyDims(rows, steps), ...rest]), 'bool');
}

/** Masks inside must differ from step to step, so the samples have to be rows before the steps are merged in. */
function fanOut(call: LayerCall, x: Value): Value {
  const ones = call.emit.random([SAMPLES, ...x.shape.slice(1).map(() => 1)], {
    kind: 'bernoulli',
    keep: 1,
    high: 1,
  });
  return expand(call.emit, x, [ones.shape[0] ?? 1, ...x.shape.slice(1)]);
}

/** The kernel was divided by its largest singular value while training, and is saved so; the second copy is the layer's. */
const spectralNormalization: LayerDefinition = {
  masks: 'drop',
  weights: () => [{ name: 'kernel', trainable: true, isCopy: true }, ...fixed('vector_u')],
  children: (layer) => [{ places: ['layer'], layer: wrapped(layer, 'layer', layer.config.layer) }],
  emit(call) {
    const [given] = call.inputs;
    const outputs = call.inner(wrapped(call.layer, 'layer', call.layer.config.layer), call.inputs);
    // Keras gives the answer the type of the input: that of an Embedding loses what stands behind the point.
    const isWhole = given !== undefined && given.type !== 'float32';
    return isWhole ? outputs.map((output) => cast(call.emit, output, 'int64')) : outputs;
  },
};

/** Layers around other layers. */
export const WRAPPER_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
  SpectralNormalization: spectralNormalization,
};
