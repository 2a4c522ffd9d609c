import { corrupt } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { axisOf, binary, reduce, reshape, shift, unary } from '../graph/tensor-ops.js';
import {
  fixed,
  known,
  only,
  trainable,
  variable,
  type LayerCall,
  type LayerDefinition,
} from './definition.js';

/** x / max(‖x‖₂, 1e-12) over the axes. */
export function unitLength(emit: Emitter, x: Value, axes: readonly number[], epsilon = 1e-12): Value {
  const squares = reduce(emit, 'ReduceSumSquare', x, axes, true);
  const safe = emit.op('Max', [squares, emit.scalar(epsilon)], squares.shape);
  return binary(emit, 'Div', x, unary(emit, 'Sqrt', safe));
}

/** A vector of the layer laid along one axis of a tensor with `rank` axes. */
function along(call: LayerCall, key: string, data: Float32Array, axis: number, rank: number): Value {
  const shape = Array.from({ length: rank }, (_, index) => (index === axis ? data.length : 1));
  return call.once(`${key}/${rank}`, () => call.emit.constant(data, shape));
}

const scaleSlots = (config: { flag(key: string, fallback: boolean): boolean }) =>
  trainable(
    ...(config.flag('scale', true) ? ['gamma'] : []),
    ...(config.flag('center', true) ? ['beta'] : []),
  );

/**
 * Inference only: (x − μ) · γ / √(σ² + ε) + β, folded into one multiplication and one addition. Keras does that in single precision,
 * which tells where a level lies far from the spread.
 */
const batchNormalization: LayerDefinition = {
  masks: 'pass',
  weights: (config) => [
    ...scaleSlots(config),
    ...fixed('moving_mean', 'moving_variance'),
    // Renormalization corrects the statistics of a batch while training; these serve nothing else.
    ...(config.get('renorm') === true ? fixed('moving_stddev', 'renorm_mean', 'renorm_stddev') : []),
  ],
  emit(call) {
    const x = only(call);
    const { config } = call;
    const { axis, channels } = channelsOf(call, x);
    const read = (name: string): Float32Array => call.weight(name, [channels]).data;
    const [mean, variance] = [read('moving_mean'), read('moving_variance')];
    const gamma = config.flag('scale', true) ? read('gamma') : undefined;
    const beta = config.flag('center', true) ? read('beta') : undefined;
    const epsilon = config.number('epsilon', 1e-3);
    const { fround } = Math;
    const factor = variance.map(
      (one, index) => (gamma?.[index] ?? 1) * fround(1 / fround(Math.sqrt(fround(one + epsilon)))),
    );
    const offset = factor.map((one, index) => (beta?.[index] ?? 0) - fround((mean[index] ?? 0) * one));
    const rank = x.shape.length;
    const scaled = binary(call.emit, 'Mul', x, along(call, 'factor', factor, axis, rank));
    return binary(call.emit, 'Add', scaled, along(call, 'offset', offset, axis, rank));
  },
};

/** (x − mean) / √(variance + ε) over the axes. */
function standardize(emit: Emitter, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = binary(emit, 'Sub', x, reduce(emit, 'ReduceMean', x, axes, true));
  return divideByRoot(emit, centred, centred, axes, epsilon);
}

/** x / √(mean of `of`² + ε) over the axes. */
function divideByRoot(emit: Emitter, x: Value, of: Value, axes: readonly number[], epsilon: number): Value {
  const square = reduce(emit, 'ReduceMean', binary(emit, 'Mul', of, of), axes, true);
  return binary(emit, 'Div', x, unary(emit, 'Sqrt', shift(emit, square, epsilon)));
}

/** x · γ + β, where the layer has them. */
function affine(call: LayerCall, x: Value, shape: readonly number[], laid: readonly number[]): Value {
  const { emit, config } = call;
  const scaled = config.flag('scale', true)
    ? binary(emit, 'Mul', x, variable(call, 'gamma', shape, laid))
    : x;
  return config.flag('center', true)
    ? binary(emit, 'Add', scaled, variable(call, 'beta', shape, laid))
    : scaled;
}

/** The axes that a layer normalizes, in order; their lengths; and the shape that lays a variable along them. */
function normalizedAxes(call: LayerCall, x: Value, setting = call.config.integers('axis', [-1])) {
  const axes = setting.map((axis) => axisOf(axis, x.shape.length)).sort((a, b) => a - b);
  const shape = axes.map((axis) => known(call, x.shape[axis], 'length of the normalized axes'));
  return { axes, shape, laid: x.shape.map((_, axis) => shape[axes.indexOf(axis)] ?? 1) };
}

/** The axis of the channels and how many there are. */
function channelsOf(call: LayerCall, x: Value): { axis: number; channels: number } {
  const axis = axisOf(call.config.integers('axis', [-1])[0] ?? -1, x.shape.length);
  return { axis, channels: known(call, x.shape[axis], 'number of channels') };
}

const layerNormalization: LayerDefinition = {
  masks: 'pass',
  weights: (config) => (config.get('rms_scaling') === true ? trainable('gamma') : scaleSlots(config)),
  emit(call) {
    const x = only(call);
    const { config, emit } = call;
    const { axes, shape, laid } = normalizedAxes(call, x);
    const epsilon = config.number('epsilon', 1e-3);
    if (config.get('rms_scaling') === true) {
      // Despite its name Keras divides by the deviation here, and does not take the mean away.
      const centred = binary(emit, 'Sub', x, reduce(emit, 'ReduceMean', x, axes, true));
      const divided = divideByRoot(emit, x, centred, axes, epsilon);
      return binary(emit, 'Mul', divided, variable(call, 'gamma', shape, laid));
    }
    // ONNX has LayerNormalization in one node, but its variance in one pass cost a digit: 1.1e-5 against 0.9e-5 on a
    // decoder of the field. The parts are written out instead.
    const isLast = axes.every((axis, index) => axis === x.shape.length - axes.length + index);
    if (emit.mode === 'run' || !isLast) return affine(call, standardize(emit, x, axes, epsilon), shape, laid);
    // Samples do not need that digit; without the mean before it, though, a level far from the spread would cost all of them.
    const centred = binary(emit, 'Sub', x, reduce(emit, 'ReduceMean', x, axes, true));
    const size = shape.reduce((product, length) => product * length, 1);
    const plain = (key: string, value: number): Value =>
      call.once(key, () => emit.constant(new Float32Array(size).fill(value), shape));
    const gamma = config.flag('scale', true) ? variable(call, 'gamma', shape) : plain('ones', 1);
    const beta = config.flag('center', true) ? [variable(call, 'beta', shape)] : [];
    return emit.op('LayerNormalization', [centred, gamma, ...beta], x.shape, {
      attributes: { axis: { int: -axes.length }, epsilon: { float: epsilon } },
    });
  },
};

/** x / √(mean x² + ε) · scale (Zhang & Sennrich 2019). */
const rmsNormalization: LayerDefinition = {
  masks: 'drop',
  weights: () => trainable('scale'),
  emit(call) {
    const x = only(call);
    const { config, emit } = call;
    const { axes, shape, laid } = normalizedAxes(call, x);
    const divided = divideByRoot(emit, x, x, axes, config.number('epsilon', 1e-6));
    return binary(emit, 'Mul', divided, variable(call, 'scale', shape, laid));
  },
};

const groupNormalization: LayerDefinition = {
  masks: 'pass',
  weights: (config) => scaleSlots(config),
  emit(call) {
    const x = only(call);
    const { config, emit } = call;
    const { axis, channels } = channelsOf(call, x);
    const asked = config.integer('groups', 32, -1);
    const groups = asked === -1 ? channels : asked;
    if (groups < 1 || channels % groups !== 0)
      throw corrupt(`${channels} channels do not divide into ${groups} groups`, call.layer.name);
    const split: Dim[] = [...x.shape.slice(0, axis), groups, channels / groups, ...x.shape.slice(axis + 1)];
    const axes = split.map((_, index) => index).filter((index) => index !== 0 && index !== axis);
    const grouped = standardize(emit, reshape(emit, x, split), axes, config.number('epsilon', 1e-3));
    const laid = x.shape.map((_, index) => (index === axis ? channels : 1));
    return affine(call, reshape(emit, grouped, x.shape), [channels], laid);
  },
};

const unitNormalization: LayerDefinition = {
  masks: 'pass',
  emit: (call) => unitLength(call.emit, only(call), call.config.integers('axis', [-1])),
};

/** Statistics given in the configuration or learned by `adapt`; √variance is at least 1e-7, Keras' epsilon. */
const normalization: LayerDefinition = {
  masks: 'pass',
  weights: (config) =>
    config.get('mean') === null || config.get('mean') === undefined ? fixed('mean', 'variance', 'count') : [],
  emit(call) {
    const x = only(call);
    const { config, emit } = call;
    const kept = config.get('axis') === null ? [] : config.integers('axis', [-1]);
    const { shape, laid } = normalizedAxes(call, x, kept);
    const [mean, variance] = statistics(call, shape);
    const deviation = variance.map((one) => Math.max(Math.sqrt(one), 1e-7));
    const [centre, spread] = [
      call.once('centre', () => emit.constant(mean, laid)),
      call.once('spread', () => emit.constant(deviation, laid)),
    ];
    if (config.flag('invert', false)) return binary(emit, 'Add', binary(emit, 'Mul', x, spread), centre);
    return binary(emit, 'Div', binary(emit, 'Sub', x, centre), spread);
  },
};

function statistics(call: LayerCall, shape: readonly number[]): [Float32Array, Float32Array] {
  const given = call.config.get('mean');
  if (given === null || given === undefined) {
    call.weight('count', []);
    return [call.weight('mean', shape).data, call.weight('variance', shape).data];
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const read = (key: string): Float32Array => {
    const flat = [call.config.get(key)].flat(8) as unknown[];
    const last = shape.at(-1) ?? 1;
    if (![1, last, size].includes(flat.length) || flat.some((one) => typeof one !== 'number')) {
      throw call.config.bad(key, `${size} numbers`);
    }
    return Float32Array.from({ length: size }, (_, index) => Number(flat[index % flat.length]));
  };
  return [read('mean'), read('variance')];
}

const rescaling: LayerDefinition = {
  masks: 'pass',
  emit(call) {
    const x = only(call);
    const number = (key: string, fallback: number): Value => {
      const list = [call.config.get(key) ?? fallback].flat() as unknown[];
      if (list.some((one) => typeof one !== 'number')) throw call.config.bad(key, 'numbers');
      return call.emit.constant(Float32Array.from(list, Number), list.length === 1 ? [] : [list.length]);
    };
    const scaled = binary(call.emit, 'Mul', x, number('scale', 1));
    return binary(call.emit, 'Add', scaled, number('offset', 0));
  },
};

/** Layers that shift and scale. */
export const NORMALIZATION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
  UnitNormalization: unitNormalization,
  Normalization: normalization,
  Rescaling: rescaling,
};
