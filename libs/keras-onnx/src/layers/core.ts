import type { Value } from '../graph/emitter.js';
import { activationOf, LAYER_ACTIVATIONS } from './activations.js';
import { binary, cast, matmul, reduce, unary } from '../graph/tensor-ops.js';
import {
  known,
  type LayerCall,
  type LayerDefinition,
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
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    const x = only(call);
    const units = call.config.integer('units');
    const channels = known(call, x.shape.at(-1), 'number of features');
    const kernel = variable(call, 'kernel', [channels, units]);
    return activate(call, addBias(call, matmul(call.emit, x, kernel), units));
  },
};

const embedding: LayerDefinition = {
  masks: 'drop',
  weights: () => trainable('embeddings'),
  emit(call) {
    const x = only(call);
    const [rows, columns] = [call.config.integer('input_dim'), call.config.integer('output_dim')];
    const table = variable(call, 'embeddings', [rows, columns]);
    const index = cast(call.emit, x, 'int64');
    const rowsOut = call.emit.op('Gather', [table, index], [...x.shape, columns], { type: 'float32' });
    return { ...rowsOut, masked: call.config.flag('mask_zero', false) ? call.layer.name : undefined };
  },
};

const masking: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const x = only(call);
    const { emit } = call;
    const different = unary(
      emit,
      'Not',
      binary(emit, 'Equal', x, emit.scalar(call.config.number('mask_value', 0)), 'bool'),
    );
    const any = reduce(emit, 'ReduceMax', cast(emit, different, 'float32'), [-1], true);
    return { ...binary(emit, 'Mul', x, any), masked: call.layer.name };
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
    // Softmax leaves masked positions out of its sum, so a mask would change the result.
    {
      masks: className === 'Softmax' ? 'use' : 'pass',
      emit: (call) => make(call.config)(call.emit, only(call)),
    },
  ]),
);

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
  PReLU: prelu,
  Activation: {
    masks: 'pass',
    emit: (call) =>
      activationOf(call.config.get('activation'), call.layer.name, call.layer.dialect)(call.emit, only(call)),
  },
};
