import { corrupt } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  expand,
  matmul,
  reduce,
  shift,
  softmax,
  transpose,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import {
  drawMask,
  known,
  masked,
  trainable,
  variable,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';

/** What hides a position: large enough to vanish in a softmax, as Keras' attention layers do it. */
const HIDDEN = -1e9;

/** The tensor of an argument, if it is one. */
export function tensorOf(argument: Resolved | undefined): Value | undefined {
  return typeof argument === 'object' && argument !== null && 'value' in argument
    ? argument.value
    : undefined;
}

/** Ones where a target may look: not ahead (`causal`), and fewer than `window` steps away. */
export function visibleSteps(
  emit: Emitter,
  targets: Dim,
  sources: Dim,
  causal: boolean,
  window: number | undefined,
): Value {
  const ones = expand(emit, emit.constant(Float32Array.of(1), [1, 1]), [targets, sources]);
  const band = (x: Value, upper: boolean, k: number): Value =>
    emit.op('Trilu', [x, emit.builder.integers([k], [])], x.shape, {
      attributes: { upper: { int: upper ? 1 : 0 } },
    });
  const behind = causal ? band(ones, false, 0) : ones;
  return window === undefined ? behind : band(band(behind, false, window - 1), true, 1 - window);
}

/** softmax(scores), 0 where nothing may be seen, with dropout while sampling. */
export function weigh(call: LayerCall, scores: Value, seen?: Value): Value {
  const { emit } = call;
  const soft = softmax(emit, scores, -1);
  const weights = seen === undefined ? soft : where(emit, seen, soft, emit.scalar(0));
  const rate = call.config.rate('dropout');
  return emit.mode === 'run' || rate === 0
    ? weights
    : binary(emit, 'Mul', weights, drawMask(call, weights.shape, rate));
}

/** The weighted values, and the weights where they are asked for. */
export const withScores = (call: LayerCall, output: Value, weights: Value): Value | readonly Value[] =>
  call.kwargs.return_attention_scores === true ? [output, weights] : output;

function scored(call: LayerCall, scores: Value, values: Value): Value | readonly Value[] {
  const { emit } = call;
  const causal = call.kwargs.use_causal_mask === true || call.config.flag('causal', false);
  const [queryMask, valueMask] = call.masks;
  const [targets = 1, sources = 1] = scores.shape.slice(-2);
  const seen = allOf(emit, [
    valueMask === undefined ? undefined : unsqueeze(emit, valueMask, 1),
    causal ? cast(emit, visibleSteps(emit, targets, sources, true, undefined), 'bool') : undefined,
  ]);
  // The hidden scores are lowered, not replaced: among hidden steps alone their differences still count.
  const lowered = seen === undefined ? scores : where(emit, seen, scores, shift(emit, scores, HIDDEN));
  const weights = weigh(call, lowered);
  const mixed = matmul(emit, weights, values);
  const output =
    queryMask === undefined
      ? mixed
      : where(emit, unsqueeze(emit, cast(emit, queryMask, 'bool'), 2), mixed, emit.scalar(0));
  return withScores(call, masked(call, output, queryMask), weights);
}

/** Where all of the masks that there are let through. */
export function allOf(emit: Emitter, masks: readonly (Value | undefined)[]): Value | undefined {
  const given = masks.flatMap((mask) => (mask === undefined ? [] : [cast(emit, mask, 'bool')]));
  const [first, ...rest] = given;
  return first === undefined
    ? undefined
    : rest.reduce((all, one) => binary(emit, 'And', all, one, 'bool'), first);
}

/** [query, value] or [query, value, key], all (rows, steps, features). */
function queryKeyValue(call: LayerCall): readonly [Value, Value, Value] {
  const [query, value, key = value] = call.inputs;
  if (query === undefined || value === undefined || key === undefined)
    throw corrupt('takes [query, value] or [query, value, key]', call.layer.name);
  if ([query, value, key].some((one) => one.shape.length !== 3))
    throw corrupt('takes tensors of (rows, steps, features)', call.layer.name);
  return [query, key, value];
}

/** Σ tanh(q + k) over the features for all pairs of steps. */
function additive(
  emit: Emitter,
  query: Value,
  key: Value,
  before: (sum: Value) => Value,
  after: (bent: Value) => Value,
): Value {
  const pairs = binary(emit, 'Add', unsqueeze(emit, query, 2), unsqueeze(emit, key, 1));
  return reduce(emit, 'ReduceSum', after(unary(emit, 'Tanh', before(pairs))), [-1], false);
}

const attention: LayerDefinition = {
  masks: 'use',
  weights: (config) =>
    trainable(
      ...(config.flag('use_scale', false) ? ['scale'] : []),
      ...(config.get('score_mode') === 'concat' ? ['concat_score_weight'] : []),
    ),
  emit(call) {
    const { emit, config } = call;
    const [query, key, value] = queryKeyValue(call);
    const scaled = (x: Value): Value =>
      config.flag('use_scale', false) ? binary(emit, 'Mul', x, variable(call, 'scale', [])) : x;
    if (config.word('score_mode', ['dot', 'concat'], 'dot') === 'dot') {
      return scored(call, scaled(matmul(emit, query, transpose(emit, key, [0, 2, 1]))), value);
    }
    const sum = additive(emit, query, key, scaled, (bent) => bent);
    return scored(call, binary(emit, 'Mul', sum, variable(call, 'concat_score_weight', [])), value);
  },
};

const additiveAttention: LayerDefinition = {
  masks: 'use',
  weights: (config) => trainable(...(config.flag('use_scale', true) ? ['scale'] : [])),
  emit(call) {
    const { emit, config } = call;
    const [query, key, value] = queryKeyValue(call);
    const features = known(call, query.shape[2], 'number of features');
    const weighted = (bent: Value): Value =>
      config.flag('use_scale', true) ? binary(emit, 'Mul', bent, variable(call, 'scale', [features])) : bent;
    const scores = additive(emit, query, key, (sum) => sum, weighted);
    return scored(call, scores, value);
  },
};

/** Layers that weigh steps against each other. */
export const ATTENTION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Attention: attention,
  AdditiveAttention: additiveAttention,
};
