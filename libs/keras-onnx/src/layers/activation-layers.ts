import { activationOf, LAYER_ACTIVATIONS } from './activations.js';
import { known, only, trainable, type LayerDefinition } from './definition.js';
import { binary, unary } from '../graph/tensor-ops.js';

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
    const alpha = call.once('alpha', () => call.emit.constant(call.weight('alpha', shape).data, shape));
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
