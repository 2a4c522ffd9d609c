import type { Dim } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { binary, scale, shift } from '../graph/tensor-ops.js';
import { drawMask, drawRandom, only, type LayerCall, type LayerDefinition } from './definition.js';
import { layoutOf } from './windows.js';

/** A layer that does nothing in a `run` and multiplies or adds noise in a `sample`. */
function stochastic(
  setting: string,
  sample: (call: LayerCall, x: Value, strength: number) => Value,
  isWhole = false,
): LayerDefinition {
  return {
    masks: 'pass',
    emit(call) {
      const x = only(call);
      const strength =
        setting === 'rate' ? call.config.rate('rate', 0, isWhole) : call.config.number(setting);
      return call.emit.mode === 'run' || strength === 0 ? x : sample(call, x, strength);
    },
  };
}

/** `noise_shape` may hold null for "as the input" and 1 for "one draw for the whole axis". */
function noiseShape(call: LayerCall, x: Value): readonly Dim[] {
  const setting = call.config.get('noise_shape');
  if (setting === undefined || setting === null) return x.shape;
  if (!Array.isArray(setting) || setting.length !== x.shape.length)
    throw call.config.bad('noise_shape', 'as long as the input shape');
  return x.shape.map((dim, axis) => {
    const wanted: unknown = setting[axis];
    if (axis === 0 || wanted === null) return dim;
    if (typeof wanted !== 'number' || wanted < 1) throw call.config.bad('noise_shape', 'lengths or null');
    return wanted;
  });
}

/** A rate of 1 drops everything while sampling, and nothing otherwise. */
const dropout = stochastic(
  'rate',
  (call, x, rate) => binary(call.emit, 'Mul', x, drawMask(call, noiseShape(call, x), rate)),
  true,
);

/** Whole channels are dropped. */
const spatialDropout = (spatial: number): LayerDefinition =>
  stochastic(
    'rate',
    (call, x, rate) => {
      const { channels } = layoutOf(call, spatial);
      const shape = x.shape.map((dim, axis) => (axis === 0 || axis === channels ? dim : 1));
      return binary(call.emit, 'Mul', x, drawMask(call, shape, rate));
    },
    true,
  );

const gaussianNoise = stochastic('stddev', (call, x, deviation) =>
  binary(call.emit, 'Add', x, drawRandom(call, x.shape, { kind: 'normal', mean: 0, deviation })),
);

const gaussianDropout = stochastic('rate', (call, x, rate) => {
  const deviation = Math.sqrt(rate / (1 - rate));
  return binary(call.emit, 'Mul', x, drawRandom(call, x.shape, { kind: 'normal', mean: 1, deviation }));
});

/** Klambauer et al. 2017: dropped units take SELU's saturation value; an affine map restores mean and variance. */
const alphaDropout = stochastic('rate', (call, x, rate) => {
  const saturation = -1.6732632423543772 * 1.0507009873554805;
  const slope = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5;
  const { emit } = call;
  const kept = drawRandom(call, noiseShape(call, x), { kind: 'bernoulli', keep: 1 - rate, high: 1 });
  const dropped = scale(emit, shift(emit, scale(emit, kept, -1), 1), saturation);
  const mixed = binary(emit, 'Add', binary(emit, 'Mul', x, kept), dropped);
  return shift(emit, scale(emit, mixed, slope), -slope * saturation * rate);
});

/** The layers that Monte-Carlo sampling keeps active. */
export const REGULARIZATION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Dropout: dropout,
  SpatialDropout1D: spatialDropout(1),
  SpatialDropout2D: spatialDropout(2),
  SpatialDropout3D: spatialDropout(3),
  GaussianNoise: gaussianNoise,
  GaussianDropout: gaussianDropout,
  AlphaDropout: alphaDropout,
};
