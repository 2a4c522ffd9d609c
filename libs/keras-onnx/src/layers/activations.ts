import { unsupported } from '../errors.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { isObject, LayerConfig } from '../graph/layer-config.js';
import type { Dialect } from '../graph/spec.js';
import {
  axisOf,
  binary,
  reduce,
  scale,
  shift,
  sliceAxis,
  softmax,
  unary,
  where,
} from '../graph/tensor-ops.js';
import { ranked } from './order.js';

/** An activation function as a writer of operators. Formulas: keras.io/api/layers/activations. */
export type Activation = (emit: Emitter, x: Value) => Value;

const clip = (emit: Emitter, x: Value, low: number, high: number): Value =>
  emit.op('Clip', [x, emit.scalar(low), emit.scalar(high)], x.shape);
const power = (emit: Emitter, x: Value, exponent: number): Value =>
  binary(emit, 'Pow', x, emit.scalar(exponent));
const alpha =
  (op: string, value: number, name = 'alpha'): Activation =>
  (emit, x) =>
    emit.op(op, [x], x.shape, { attributes: { [name]: { float: value } } });
const gate =
  (of: Activation): Activation =>
  (emit, x) =>
    binary(emit, 'Mul', x, of(emit, x));

/** Keras 3: relu6(x + 3) / 6. Keras 2 and TensorFlow.js: clip(0.2 x + 0.5, 0, 1). */
const hardSigmoid =
  (dialect: Dialect): Activation =>
  (emit, x) =>
    emit.op('HardSigmoid', [x], x.shape, {
      attributes: { alpha: { float: dialect === 'keras2' ? 0.2 : 1 / 6 }, beta: { float: 0.5 } },
    });

const logSigmoid: Activation = (emit, x) =>
  unary(emit, 'Neg', unary(emit, 'Softplus', unary(emit, 'Neg', x)));

/** Keeps x where |x| > threshold. */
export const hardShrink =
  (threshold: number): Activation =>
  (emit, x) =>
    where(
      emit,
      binary(emit, 'Greater', unary(emit, 'Abs', x), emit.scalar(threshold), 'bool'),
      x,
      emit.scalar(0),
    );

/** Moves x towards 0 by the threshold where it lies beyond it; 0 elsewhere, and for NaN. */
export const softShrink =
  (threshold: number): Activation =>
  (emit, x) => {
    const isAbove = binary(emit, 'Greater', x, emit.scalar(threshold), 'bool');
    const isBelow = binary(emit, 'Less', x, emit.scalar(-threshold), 'bool');
    const below = where(emit, isBelow, shift(emit, x, threshold), emit.scalar(0));
    return where(emit, isAbove, shift(emit, x, -threshold), below);
  };

/** 0 below −1, x above 1, ((x + 1) / 2)² between. */
const sparsePlus: Activation = (emit, x) => {
  const between = power(emit, scale(emit, shift(emit, clip(emit, x, -1, 1), 1), 0.5), 2);
  return where(emit, binary(emit, 'GreaterOrEqual', x, emit.scalar(1), 'bool'), x, between);
};

/** (x + √(x² + b)) / 2 */
export const squareplus =
  (b: number): Activation =>
  (emit, x) =>
    scale(emit, binary(emit, 'Add', x, unary(emit, 'Sqrt', shift(emit, power(emit, x, 2), b))), 0.5);

const glu: Activation = (emit, x) => {
  const axis = x.shape.length - 1;
  const channels = x.shape[axis];
  if (typeof channels !== 'number' || channels % 2 !== 0)
    throw unsupported('glu on an odd or unknown number of channels', 'use an even one');
  const [a, b] = [
    sliceAxis(emit, x, axis, 0, channels / 2),
    sliceAxis(emit, x, axis, channels / 2, channels),
  ];
  return binary(emit, 'Mul', a, unary(emit, 'Sigmoid', b));
};

/**
 * Martins & Astudillo 2016, algorithm 1, by sorting an axis – except that Keras adds up the running sums instead of
 * the sorted numbers for the threshold. A model trained with Keras learned with that, so it is kept.
 */
export const sparsemax =
  (along: number): Activation =>
  (emit, x) => {
    const axis = axisOf(along, x.shape.length);
    const channels = x.shape[axis];
    if (typeof channels !== 'number') throw unsupported('sparsemax over an unknown length', 'fix the length');
    const [sorted] = ranked(emit, x, axis, channels, true);
    const sums = emit.op('CumSum', [sorted, emit.builder.integers([axis], [])], x.shape);
    const ranks = emit.constant(
      Float32Array.from({ length: channels }, (_, index) => index + 1),
      x.shape.map((_, one) => (one === axis ? channels : 1)),
    );
    const zero = emit.scalar(0);
    const gap = binary(emit, 'Sub', sorted, binary(emit, 'Div', shift(emit, sums, -1), ranks));
    const inside = binary(emit, 'Greater', gap, zero, 'bool');
    const count = reduce(emit, 'ReduceSum', where(emit, inside, emit.scalar(1), zero), [axis], true);
    const total = reduce(emit, 'ReduceSum', where(emit, inside, sums, zero), [axis], true);
    const threshold = binary(emit, 'Div', shift(emit, total, -1), count);
    return unary(emit, 'Relu', binary(emit, 'Sub', x, threshold));
  };

/** relu with its three settings, as the ReLU layer and the relu operation define them. */
export function relu(slope = 0, maximum: number | undefined = undefined, threshold = 0): Activation {
  return (emit, x) => {
    const above = where(emit, binary(emit, 'Greater', x, emit.scalar(threshold), 'bool'), x, emit.scalar(0));
    const positive = threshold === 0 ? unary(emit, 'Relu', x) : above;
    const capped = maximum === undefined ? positive : clip(emit, positive, 0, maximum);
    if (slope === 0) return capped;
    const below = unary(emit, 'Relu', shift(emit, unary(emit, 'Neg', x), threshold));
    return binary(emit, 'Sub', capped, scale(emit, below, slope));
  };
}

/** leaky_relu with a slope. */
export const leakyRelu = (slope: number): Activation => alpha('LeakyRelu', slope);
/** elu with its alpha. */
export const elu = (value: number): Activation => alpha('Elu', value);
/** celu with its alpha. */
export const celu = (value: number): Activation => alpha('Celu', value);
/** gelu, exact or by tanh. */
export const gelu =
  (approximate: boolean): Activation =>
  (emit, x) =>
    emit.op('Gelu', [x], x.shape, { attributes: { approximate: { text: approximate ? 'tanh' : 'none' } } });
/** softmax over one axis. */
export const softmaxOver =
  (axis: number): Activation =>
  (emit, x) =>
    softmax(emit, x, axis);

const simple =
  (op: string): Activation =>
  (emit, x) =>
    unary(emit, op, x);
const sigmoid = simple('Sigmoid');

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: (_emit, x) => x,
  relu: simple('Relu'),
  leaky_relu: leakyRelu(0.2),
  relu6: (emit, x) => clip(emit, x, 0, 6),
  softmax: softmaxOver(-1),
  log_softmax: (emit, x) => softmax(emit, x, -1, 'LogSoftmax'),
  elu: elu(1),
  selu: (emit, x) =>
    emit.op('Selu', [x], x.shape, {
      attributes: { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } },
    }),
  celu: celu(1),
  softplus: simple('Softplus'),
  softsign: simple('Softsign'),
  soft_shrink: softShrink(0.5),
  sparse_plus: sparsePlus,
  squareplus: squareplus(4),
  silu: gate(sigmoid),
  swish: gate(sigmoid),
  gelu: gelu(false),
  glu,
  tanh: simple('Tanh'),
  tanh_shrink: (emit, x) => binary(emit, 'Sub', x, unary(emit, 'Tanh', x)),
  hard_tanh: (emit, x) => clip(emit, x, -1, 1),
  hard_shrink: hardShrink(0.5),
  sigmoid,
  exponential: simple('Exp'),
  exp: simple('Exp'),
  hard_sigmoid: hardSigmoid('keras3'),
  hard_silu: gate(hardSigmoid('keras3')),
  hard_swish: gate(hardSigmoid('keras3')),
  log_sigmoid: logSigmoid,
  sparse_sigmoid: (emit, x) => clip(emit, scale(emit, shift(emit, x, 1), 0.5), 0, 1),
  mish: simple('Mish'),
  sparsemax: sparsemax(-1),
};

/** The name of an activation setting, which may be a word, null or a serialized function. */
export function activationName(setting: unknown, layer: string): string {
  if (setting === undefined || setting === null) return 'linear';
  if (typeof setting === 'string') return setting;
  if (isObject(setting)) {
    const { class_name: className, config } = setting;
    if (className === 'function' && typeof config === 'string') return config;
    if (typeof className === 'string') return className;
  }
  throw unsupported(
    'an activation that is no built-in function',
    'use one of the Keras 3 activations',
    layer,
  );
}

/** The activation a layer's setting stands for. */
export function activationOf(setting: unknown, layer: string, dialect: Dialect): Activation {
  const name = activationName(setting, layer);
  if (name === 'hard_sigmoid') return hardSigmoid(dialect);
  const found = ACTIVATIONS[name] ?? advanced(name, setting, layer);
  if (found === undefined) {
    throw unsupported(`the activation '${name}'`, `use one of ${Object.keys(ACTIVATIONS).join(', ')}`, layer);
  }
  return found;
}

/** The two activations of a recurrent layer. */
export function activationsOf(
  config: LayerConfig,
  dialect: Dialect,
): { activation: Activation; gateActivation: Activation } {
  const of = (key: string, fallback: string): Activation => {
    const setting = config.get(key);
    return activationOf(setting === undefined ? fallback : setting, config.layer, dialect);
  };
  return { activation: of('activation', 'tanh'), gateActivation: of('recurrent_activation', 'sigmoid') };
}

/** An activation layer object given as the activation of another layer. */
function advanced(name: string, setting: unknown, layer: string): Activation | undefined {
  const config = new LayerConfig(layer, isObject(setting) && isObject(setting.config) ? setting.config : {});
  return name in LAYER_ACTIVATIONS
    ? LAYER_ACTIVATIONS[name as keyof typeof LAYER_ACTIVATIONS](config)
    : undefined;
}

/** Keras 2 wrote `alpha`, Keras 3 writes `negative_slope`. */
const slopeOf = (config: LayerConfig, fallback: number): number =>
  config.optionalNumber('negative_slope') ?? config.optionalNumber('alpha') ?? fallback;

/** Activation layers without weights. */
export const LAYER_ACTIVATIONS = {
  ReLU: (config: LayerConfig): Activation =>
    relu(slopeOf(config, 0), config.optionalNumber('max_value'), config.optionalNumber('threshold') ?? 0),
  LeakyReLU: (config: LayerConfig): Activation => leakyRelu(slopeOf(config, 0.3)),
  ELU: (config: LayerConfig): Activation => elu(config.optionalNumber('alpha') ?? 1),
  Softmax:
    (config: LayerConfig): Activation =>
    (emit, x) =>
      softmaxAxes(emit, x, config.integers('axis', [-1])),
};

/** Softmax over one axis, or over several together as exp(x − log Σ exp x). */
function softmaxAxes(emit: Emitter, x: Value, axes: readonly number[]): Value {
  const [first] = axes;
  if (axes.length === 1 && first !== undefined) return softmax(emit, x, first);
  const all = axes.map((axis) => axisOf(axis, x.shape.length));
  const top = reduce(emit, 'ReduceMax', x, all, true);
  const isFinite = binary(emit, 'Less', unary(emit, 'Abs', top), emit.scalar(Infinity), 'bool');
  const base = where(emit, isFinite, top, emit.scalar(0));
  const raised = unary(emit, 'Exp', binary(emit, 'Sub', x, base));
  const logged = unary(emit, 'Log', reduce(emit, 'ReduceSum', raised, all, true));
  return unary(emit, 'Exp', binary(emit, 'Sub', x, binary(emit, 'Add', logged, base)));
}
