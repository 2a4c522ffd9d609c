import type { Tensor, Value } from '../graph/emitter.js';
import { activationOf, LAYER_ACTIVATIONS } from './activations.js';
import { binary, cast, project, reduce, squeeze, unary, where } from '../graph/tensor-ops.js';
import {
  dequantized,
  quantizationOf,
  type Quantization,
  quantizedSlots,
  roundedBias,
  roundedInputs,
} from './quantized.js';
import {
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

/** With the numbers that quantized variables stand for in their place. */
export function dequantizedIn(
  found: ReadonlyMap<string, Tensor>,
  names: Readonly<Record<string, Tensor | undefined>>,
): ReadonlyMap<string, Tensor> {
  const own = new Map(found);
  for (const [name, tensor] of Object.entries(names)) if (tensor !== undefined) own.set(name, tensor);
  return own;
}

/** The bias as it is added. */
export function plainBias(found: ReadonlyMap<string, Tensor>, how: Quantization): Tensor | undefined {
  const bias = found.get('bias');
  return bias === undefined || how.mode !== 'float8' ? bias : { ...bias, data: roundedBias(bias.data) };
}

const dense: LayerDefinition = {
  masks: 'pass',
  weights: (config) => quantizedSlots('kernel', withBias(config, 'kernel'), quantizationOf(config, 'Dense')),
  adapt(found, config) {
    const how = quantizationOf(config, 'Dense');
    if (how === undefined) return found;
    const kernel = dequantized(found, 'kernel', how, {
      length: config.integer('units'),
      packed: 1,
      scaled: 'columns',
    });
    return dequantizedIn(found, { kernel, bias: plainBias(found, how) });
  },
  emit(call) {
    const x = only(call);
    const { emit, config } = call;
    const units = config.integer('units');
    const channels = known(call, x.shape.at(-1), 'number of features');
    const kernel = variable(call, 'kernel', [channels, units]);
    const scale = (): Tensor => call.weight('inputs_scale', []);
    const seen = roundedInputs(emit, x, quantizationOf(config, 'Dense'), { scale });
    const bias = config.flag('use_bias', true) ? variable(call, 'bias', [units]) : undefined;
    return project(emit, seen, kernel, bias, (sum) => activate(call, sum));
  },
};

const masking: LayerDefinition = {
  masks: 'use',
  emit(call) {
    const x = only(call);
    // NaN hides nothing, as it equals nothing: Keras takes it all the same.
    const hidden = call.config.get('mask_value') ?? 0;
    if (typeof hidden !== 'number') throw call.config.bad('mask_value', 'a number');
    const { emit } = call;
    const different = unary(emit, 'Not', binary(emit, 'Equal', x, emit.scalar(hidden), 'bool'));
    const any = reduce(emit, 'ReduceMax', cast(emit, different, 'float32'), [-1], true);
    const seen = cast(emit, any, 'bool');
    // Chosen instead of multiplied: a mask value of NaN or infinity leaves zeros.
    return masked(call, where(emit, seen, x, emit.scalar(0)), squeeze(emit, seen, [-1]));
  },
};

/** Layers that hold or look up values. */
export const CORE_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Dense: dense,
  Masking: masking,
  Identity: { masks: 'pass', emit: (call) => call.inputs },
  ActivityRegularization: { masks: 'pass', emit: (call) => call.inputs },
};

const elementwise = Object.fromEntries(
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
  ...elementwise,
  Softmax: softmaxLayer,
  PReLU: prelu,
  Activation: {
    masks: 'pass',
    emit: (call) =>
      activationOf(call.config.get('activation'), call.layer.name, call.layer.dialect)(call.emit, only(call)),
  },
};
