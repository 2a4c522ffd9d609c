import type { Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { activationOf, LAYER_ACTIVATIONS } from './activations.js';
import { binary, cast, matmul, reduce, squeeze, unary, where } from '../graph/tensor-ops.js';
import { fromInt8, isInt8, toInt8 } from './quantized.js';
import {
  fixed,
  known,
  type LayerCall,
  type LayerDefinition,
  masked,
  only,
  trainable,
  variable,
  withBias,
} from './definition.js';

/** Applies the layer's `activation` setting. */
export function activate(call: LayerCall, x: Value): Value {
  return activationOf(call.config.get('activation'), call.layer.name, call.layer.dialect)(call.emit, x);
}

/** Adds the layer's bias along the last axis when it has one. */
export function addBias(call: LayerCall, x: Value, units: number): Value {
  if (!call.config.flag('use_bias', true)) return x;
  return binary(call.emit, 'Add', x, variable(call, 'bias', [units]));
}

const dense: LayerDefinition = {
  masks: 'pass',
  weights: (config) => [
    ...withBias(config, 'kernel'),
    ...(isInt8(config, 'Dense') ? fixed('kernel_scale') : []),
  ],
  emit(call) {
    const x = only(call);
    const { emit, config } = call;
    const units = config.integer('units');
    const channels = known(call, x.shape.at(-1), 'number of features');
    const kernel = variable(call, 'kernel', [channels, units]);
    if (!isInt8(config, 'Dense')) return activate(call, addBias(call, matmul(emit, x, kernel), units));
    const { steps, perUnit } = toInt8(emit, x);
    const both = binary(emit, 'Mul', perUnit, variable(call, 'kernel_scale', [units]));
    return activate(call, addBias(call, fromInt8(emit, matmul(emit, steps, kernel), both), units));
  },
};

const embedding: LayerDefinition = {
  masks: 'use',
  weights: (config) => [
    ...trainable('embeddings'),
    ...(isInt8(config, 'Embedding') ? fixed('embeddings_scale') : []),
  ],
  emit(call) {
    const x = only(call);
    const { emit, config } = call;
    const [rows, columns] = [config.integer('input_dim'), config.integer('output_dim')];
    const index = cast(emit, x, 'int64');
    const look = (table: Value, shape: readonly Dim[]): Value =>
      emit.op('Gather', [table, index], shape, { type: 'float32' });
    const found = look(variable(call, 'embeddings', [rows, columns]), [...x.shape, columns]);
    const whole = isInt8(config, 'Embedding')
      ? fromInt8(emit, found, look(variable(call, 'embeddings_scale', [rows], [rows, 1]), [...x.shape, 1]))
      : found;
    if (!config.flag('mask_zero', false)) return whole;
    const isZero = binary(emit, 'Equal', cast(emit, x, 'float32'), emit.scalar(0), 'bool');
    return masked(call, whole, unary(emit, 'Not', isZero));
  },
};

const masking: LayerDefinition = {
  masks: 'use',
  emit(call) {
    const x = only(call);
    const { emit } = call;
    const different = unary(
      emit,
      'Not',
      binary(emit, 'Equal', x, emit.scalar(call.config.number('mask_value', 0)), 'bool'),
    );
    const any = reduce(emit, 'ReduceMax', cast(emit, different, 'float32'), [-1], true);
    const seen = cast(emit, any, 'bool');
    // Chosen instead of multiplied: a mask value of NaN or infinity leaves zeros.
    return masked(call, where(emit, seen, x, emit.scalar(0)), squeeze(emit, seen, [-1]));
  },
};

/** Layers that hold or look up values. */
export const CORE_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Dense: dense,
  Embedding: embedding,
  Masking: masking,
  Identity: { masks: 'pass', emit: (call) => call.inputs },
  ActivityRegularization: { masks: 'pass', emit: (call) => call.inputs },
};

const plain = Object.fromEntries(
  Object.entries(LAYER_ACTIVATIONS).map(([className, make]): [string, LayerDefinition] => [
    className,
    { masks: 'pass', emit: (call) => make(call.config)(call.emit, only(call)) },
  ]),
);

/** Masked positions are left out of the sum and answer 0. */
const softmaxLayer: LayerDefinition = {
  masks: 'pass',
  emit(call) {
    const { emit } = call;
    const x = only(call);
    const soften = LAYER_ACTIVATIONS.Softmax(call.config);
    const [mask] = call.masks;
    if (mask === undefined) return soften(emit, x);
    const seen = cast(emit, mask, 'bool');
    const hidden = where(emit, seen, x, emit.scalar(-1e9));
    return where(emit, seen, soften(emit, hidden), emit.scalar(0));
  },
};

const prelu: LayerDefinition = {
  masks: 'pass',
  weights: () => trainable('alpha'),
  emit(call) {
    const x = only(call);
    const shared = call.config.get('shared_axes') === null ? [] : call.config.integers('shared_axes', []);
    const shape = x.shape
      .slice(1)
      .map((dim, axis) => (shared.includes(axis + 1) ? 1 : known(call, dim, 'length')));
    const alpha = variable(call, 'alpha', shape);
    const { emit } = call;
    const below = unary(emit, 'Relu', unary(emit, 'Neg', x));
    return binary(emit, 'Sub', unary(emit, 'Relu', x), binary(emit, 'Mul', alpha, below));
  },
};

/** Layers that apply a function elementwise or along one axis. */
export const ACTIVATION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  ...plain,
  Softmax: softmaxLayer,
  PReLU: prelu,
  Activation: {
    masks: 'pass',
    emit: (call) =>
      activationOf(call.config.get('activation'), call.layer.name, call.layer.dialect)(call.emit, only(call)),
  },
};
