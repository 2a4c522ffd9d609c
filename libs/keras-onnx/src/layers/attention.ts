import { corrupt } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import type { LayerSpec } from '../graph/spec.js';
import {
  binary,
  cast,
  expand,
  matmul,
  reduce,
  reshape,
  scale,
  shift,
  softmax,
  transpose,
  unary,
  unsqueeze,
} from '../graph/tensor-ops.js';
import {
  drawMask,
  known,
  trainable,
  variable,
  withBias,
  type ChildLayer,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';

/** What hides a position: large enough to vanish in a softmax, as Keras' attention layers do it. */
const HIDDEN = -1e9;

function tensorOf(argument: Resolved | undefined): Value | undefined {
  return typeof argument === 'object' && argument !== null && 'value' in argument
    ? argument.value
    : undefined;
}

/** Adds −1e9 where a [targets, sources] mask (1 visible, 0 hidden) hides; `visible` may have more axes in front. */
function hide(emit: Emitter, scores: Value, visible: Value): Value {
  const bias = scale(emit, shift(emit, scale(emit, cast(emit, visible, 'float32'), -1), 1), HIDDEN);
  return binary(emit, 'Add', scores, bias);
}

/** Ones where a target may look: not ahead (`causal`), and fewer than `window` steps away. */
function visibleSteps(
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

/** softmax(scores) with dropout while sampling. */
function weigh(call: LayerCall, scores: Value): Value {
  const weights = softmax(call.emit, scores, -1);
  const rate = call.config.rate('dropout');
  return call.emit.mode === 'run' || rate === 0
    ? weights
    : binary(call.emit, 'Mul', weights, drawMask(call, weights.shape, rate));
}

/** Hides the steps that a target may not see: those ahead (`causal`) and those `window` or more steps away. */
function hideUnseen(call: LayerCall, scores: Value, causal: boolean, window?: number): Value {
  const [targets = 1, sources = 1] = scores.shape.slice(-2);
  if (!causal && window === undefined) return scores;
  return hide(call.emit, scores, visibleSteps(call.emit, targets, sources, causal, window));
}

/** The weighted values, and the weights where they are asked for. */
const withScores = (call: LayerCall, output: Value, weights: Value): Value | readonly Value[] =>
  call.kwargs.return_attention_scores === true ? [output, weights] : output;

function scored(call: LayerCall, scores: Value, values: Value): Value | readonly Value[] {
  const causal = call.kwargs.use_causal_mask === true || call.config.flag('causal', false);
  const weights = weigh(call, hideUnseen(call, scores, causal));
  return withScores(call, matmul(call.emit, weights, values), weights);
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

/** The projections of MultiHeadAttention are layers of their own in the file. */
const projections = new WeakMap<LayerSpec, Readonly<Record<string, LayerSpec>>>();

function projectionsOf(layer: LayerSpec): Readonly<Record<string, LayerSpec>> {
  const before = projections.get(layer);
  if (before !== undefined) return before;
  const names = ['query', 'key', ...(layer.config.use_gate === true ? ['gate'] : []), 'value', 'output'];
  const config = { use_bias: layer.config.use_bias ?? true };
  const made = Object.fromEntries(
    names.map((name): [string, LayerSpec] => [
      name,
      {
        ...layer,
        className: 'EinsumDense',
        name: `${layer.name}/${name}`,
        config,
        calls: [],
        sharedId: undefined,
      },
    ]),
  );
  projections.set(layer, made);
  return made;
}

const multiHead: LayerDefinition = {
  masks: 'use',
  children: (layer): readonly ChildLayer[] =>
    Object.entries(projectionsOf(layer)).map(([name, inner]) => ({
      places: [`${name}_dense`, `_${name}_dense`],
      layer: inner,
    })),
  emit(call) {
    const { emit, config } = call;
    const query = tensorOf(call.args[0]) ?? tensorOf(call.kwargs.query);
    const value = tensorOf(call.args[1]) ?? tensorOf(call.kwargs.value);
    const key = tensorOf(call.args[2]) ?? tensorOf(call.kwargs.key) ?? value;
    if (query === undefined || value === undefined || key === undefined)
      throw corrupt('takes query and value', call.layer.name);
    if ([query, key, value].some((one) => one.shape.length !== 3))
      throw config.refuse('attention over several axes', 'reshape to (rows, steps, features)');
    const axes = config.get('attention_axes');
    if (axes !== null && axes !== undefined && !['1', '-2'].includes(String(axes)))
      throw config.refuse('attention_axes other than the steps', 'use the default');
    for (const mask of ['query_mask', 'value_mask', 'key_mask']) {
      if (tensorOf(call.kwargs[mask]) !== undefined) throw config.refuse(`a ${mask}`, 'use attention_mask');
    }
    const [heads, keySize] = [config.integer('num_heads'), config.integer('key_dim')];
    const valueSize = config.optionalNumber('value_dim') ?? keySize;
    const queries = splitHeads(call, 'query', query, heads, keySize);
    const keys = splitHeads(call, 'key', key, heads, keySize);
    const values = splitHeads(call, 'value', value, heads, valueSize);
    const scaled = scale(emit, queries, 1 / Math.sqrt(keySize));
    const scores = matmul(emit, scaled, transpose(emit, keys, [0, 1, 3, 2]));
    const weights = weigh(call, maskScores(call, scores));
    const gate =
      config.get('use_gate') === true
        ? unary(emit, 'Sigmoid', splitHeads(call, 'gate', query, heads, valueSize))
        : undefined;
    const mixed = matmul(emit, weights, values);
    const output = joinHeads(
      call,
      gate === undefined ? mixed : binary(emit, 'Mul', mixed, gate),
      query,
      heads * valueSize,
    );
    return withScores(call, output, weights);
  },
};

function maskScores(call: LayerCall, scores: Value): Value {
  const window = call.config.optionalNumber('sliding_window');
  const seen = hideUnseen(call, scores, call.kwargs.use_causal_mask === true, window);
  const mask = tensorOf(call.kwargs.attention_mask);
  if (mask === undefined) return seen;
  return hide(call.emit, seen, mask.shape.length === 3 ? unsqueeze(call.emit, mask, 1) : mask);
}

/** (rows, steps, features) → (rows, heads, steps, size). */
function splitHeads(call: LayerCall, name: string, x: Value, heads: number, size: number): Value {
  const { emit } = call;
  const [rows = 1, steps = 1, features] = x.shape;
  const width = known(call, features, 'number of features');
  const flat = project(call, name, x, [width, heads, size], [heads, size], width, heads * size);
  return transpose(emit, reshape(emit, flat, [rows, steps, heads, size]), [0, 2, 1, 3]);
}

/** (rows, heads, steps, size) → (rows, steps, features). */
function joinHeads(call: LayerCall, x: Value, query: Value, width: number): Value {
  const { emit, config } = call;
  const [rows = 1, heads = 1, steps = 1, size = 1] = x.shape;
  const wanted = config.get('output_shape');
  const shape =
    wanted === null || wanted === undefined
      ? [known(call, query.shape[2], 'number of features')]
      : config.integers('output_shape');
  const features = shape.reduce((product, length) => product * length, 1);
  const flat = reshape(emit, transpose(emit, x, [0, 2, 1, 3]), [rows, steps, width]);
  const output = project(
    call,
    'output',
    flat,
    [Number(heads), Number(size), ...shape],
    shape,
    width,
    features,
  );
  return shape.length === 1 ? output : reshape(emit, output, [rows, steps, ...shape]);
}

function project(
  call: LayerCall,
  name: string,
  x: Value,
  kernelShape: readonly number[],
  biasShape: readonly number[],
  from: number,
  to: number,
): Value {
  const { emit } = call;
  const product = matmul(emit, x, variable(call, `${name}/kernel`, kernelShape, [from, to]));
  return call.config.flag('use_bias', true)
    ? binary(emit, 'Add', product, variable(call, `${name}/bias`, biasShape, [to]))
    : product;
}

/** Only a part of MultiHeadAttention here; as a layer of a model it is refused. */
const einsumDense: LayerDefinition = {
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    throw call.config.refuse('EinsumDense', 'use Dense or MultiHeadAttention');
  },
};

/** Layers that weigh steps against each other. */
export const ATTENTION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  MultiHeadAttention: multiHead,
  Attention: attention,
  AdditiveAttention: additiveAttention,
  EinsumDense: einsumDense,
};
