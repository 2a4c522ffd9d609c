import { corrupt } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import { sizeOf } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import type { LayerSpec } from '../graph/spec.js';
import {
  axisOf,
  binary,
  cast,
  expand,
  matmul,
  project as linear,
  reshape,
  scale,
  transpose,
  unary,
  unsqueeze,
} from '../graph/tensor-ops.js';
import { allOf, tensorOf, visibleSteps, weigh, withScores } from './attention.js';
import {
  known,
  masked,
  variable,
  withBias,
  type ChildLayer,
  type LayerCall,
  type LayerDefinition,
} from './definition.js';

/** Keras' fused attention hides a score by this, so that a row of hidden ones alone is a plain mean. */
const LOWEST = -1e30;
/** Its softmax layer, used with dropout or asked for scores, hides by this and then answers 0. */
const HIDDEN = -1e9;

/** The projections of an attention layer are layers of their own in the file. */
const projections = new WeakMap<LayerSpec, Readonly<Record<string, LayerSpec>>>();

function projectionsOf(layer: LayerSpec): Readonly<Record<string, LayerSpec>> {
  const before = projections.get(layer);
  if (before !== undefined) return before;
  const names = ['query', 'key', ...(layer.config.use_gate === true ? ['gate'] : []), 'value', 'output'];
  const config = { use_bias: layer.config.use_bias ?? true };
  const common = { ...layer, className: PROJECTION, config, calls: [], sharedId: undefined };
  const made = Object.fromEntries(
    names.map((name): [string, LayerSpec] => [name, { ...common, name: `${layer.name}/${name}` }]),
  );
  projections.set(layer, made);
  return made;
}

export const PROJECTION = 'AttentionProjection';

/** Holds the variables of one projection. Keras has no such class, so no file can name it. */
const projection: LayerDefinition = {
  masks: 'drop',
  weights: (config) => withBias(config, 'kernel'),
  emit(call) {
    throw call.config.refuse('a projection by itself', 'use Dense');
  },
};

/** How many heads there are, and how wide they are. */
interface Heads {
  readonly queries: number;
  /** Keys and values; each serves `queries / keys` heads of the query. */
  readonly keys: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** The axes that are attended over, counted in the query. */
  readonly axes: readonly number[];
}

const childrenOf = (layer: LayerSpec): readonly ChildLayer[] =>
  Object.entries(projectionsOf(layer)).map(([name, inner]) => ({
    places: [`${name}_dense`, `_${name}_dense`],
    layer: inner,
  }));

const multiHead: LayerDefinition = {
  masks: 'use',
  children: childrenOf,
  emit(call) {
    const { config } = call;
    const [heads, keySize] = [config.integer('num_heads'), config.integer('key_dim')];
    const rank = tensorOf(call.args[0] ?? call.kwargs.query)?.shape.length ?? 3;
    const all = Array.from({ length: Math.max(rank - 2, 1) }, (_, axis) => axis + 1);
    const axes = (config.get('attention_axes') ?? null) === null ? all : config.integers('attention_axes');
    if (axes.some((axis) => axisOf(axis, rank) === 0 || axisOf(axis, rank) === rank - 1))
      throw config.refuse('attention over rows or features', 'attend over the axes between them');
    const valueSize = config.optionalNumber('value_dim') ?? keySize;
    const outputs = attend(call, {
      queries: heads,
      keys: heads,
      keySize,
      valueSize,
      axes: axes.map((axis) => axisOf(axis, rank)).sort((a, b) => a - b),
    });
    // Keras takes the masks off the tensors it was given, so that layers behind see none on them.
    for (const one of [...call.args, call.kwargs.query, call.kwargs.value, call.kwargs.key])
      call.emit.masks.delete(tensorOf(one)?.name ?? '');
    return outputs;
  },
};

const groupQuery: LayerDefinition = {
  masks: 'use',
  savedAs: 'GroupedQueryAttention',
  children: childrenOf,
  emit(call) {
    const { config } = call;
    const [queries, keys] = [config.integer('num_query_heads'), config.integer('num_key_value_heads')];
    if (queries % keys !== 0)
      throw corrupt(`${keys} heads of keys do not divide ${queries}`, call.layer.name);
    const size = config.integer('head_dim');
    return attend(call, { queries, keys, keySize: size, valueSize: size, axes: [1] });
  },
};

function attend(call: LayerCall, heads: Heads): readonly Value[] {
  const { emit, config } = call;
  const [listed] = call.args;
  // Inside of another layer its tensors come as one list.
  const given = Array.isArray(listed) ? (listed as typeof call.args) : call.args;
  const query = tensorOf(given[0] ?? call.kwargs.query);
  const value = tensorOf(given[1] ?? call.kwargs.value);
  const ownKey = tensorOf(given[2] ?? call.kwargs.key);
  const key = ownKey ?? value;
  if (query === undefined || value === undefined || key === undefined)
    throw corrupt('takes query and value', call.layer.name);
  const { queries: count, keySize, valueSize } = heads;
  const scaled = scale(emit, headsOf(call, 'query', query, heads, count, keySize), 1 / Math.sqrt(keySize));
  const keys = headsOf(call, 'key', key, heads, heads.keys, keySize);
  const values = headsOf(call, 'value', value, heads, heads.keys, valueSize);
  const turned = transpose(emit, keys, swapLast(keys.shape.length));
  const scores = matmul(emit, scaled, turned);
  const masks = { query: emit.masks.get(query.name), seen: seenOf(call, query, value, ownKey, scores) };
  const weights = weighSeen(call, scores, masks.seen);
  const mixed = matmul(emit, weights, values);
  const gate =
    config.get('use_gate') === true
      ? unary(emit, 'Sigmoid', headsOf(call, 'gate', query, heads, count, valueSize))
      : undefined;
  const gated = gate === undefined ? mixed : binary(emit, 'Mul', mixed, gate);
  const output = masked(call, joinHeads(call, gated, query, heads), masks.query);
  if (heads.axes.length > 1 && call.kwargs.return_attention_scores === true)
    throw config.refuse('the scores of attention over several axes', 'leave return_attention_scores out');
  return [withScores(call, output, weights)].flat();
}

const swapLast = (rank: number): number[] => [
  ...Array.from({ length: rank - 2 }, (_, axis) => axis),
  rank - 1,
  rank - 2,
];

/** Softmax over what may be seen; rows that see nothing answer as the kernel does that Keras would choose. */
function weighSeen(call: LayerCall, scores: Value, seen: Value | undefined): Value {
  if (seen === undefined) return weigh(call, scores);
  const { emit } = call;
  const isFused =
    call.config.rate('dropout') === 0 &&
    call.kwargs.return_attention_scores !== true &&
    scores.shape.length === 4;
  const hidden = emit.scalar(isFused ? LOWEST : HIDDEN);
  const lowered = emit.op('Where', [seen, scores, hidden], scores.shape, { type: 'float32' });
  return weigh(call, lowered, isFused ? undefined : seen);
}

/** What each query step may see: masks of the tensors, those of the call, causality and the window. */
function seenOf(
  call: LayerCall,
  query: Value,
  value: Value,
  key: Value | undefined,
  scores: Value,
): Value | undefined {
  const { emit, kwargs, config } = call;
  const [targets = 1, sources = 1] = scores.shape.slice(-2);
  const window = config.optionalNumber('sliding_window');
  const causal = kwargs.use_causal_mask === true;
  const steps = (mask: Value | undefined, axis: number): Value | undefined =>
    mask === undefined ? undefined : unsqueeze(emit, mask, axis);
  const bands =
    causal || window !== undefined
      ? unsqueeze(emit, cast(emit, visibleSteps(emit, targets, sources, causal, window), 'bool'), 0)
      : undefined;
  const keyMask =
    key === undefined ? tensorOf(kwargs.key_mask) : (tensorOf(kwargs.key_mask) ?? emit.masks.get(key.name));
  const all = allOf(emit, [
    steps(emit.masks.get(query.name), 2),
    steps(tensorOf(kwargs.value_mask) ?? emit.masks.get(value.name), 1),
    steps(keyMask, 1),
    tensorOf(kwargs.attention_mask),
    bands,
  ]);
  if (all === undefined) return undefined;
  let wide = all;
  while (wide.shape.length < scores.shape.length) wide = unsqueeze(emit, wide, 1);
  return wide;
}

/** (rows, …, features) → (rows, …other axes, heads, steps, size), the attended axes as one of steps. */
function headsOf(call: LayerCall, name: string, x: Value, heads: Heads, count: number, size: number): Value {
  const { emit } = call;
  const rank = x.shape.length;
  const width = known(call, x.shape[rank - 1], 'number of features');
  const flat = project(call, name, x, [width, count, size], [count, size], width, count * size);
  const split = reshape(emit, flat, [...x.shape.slice(0, -1), count, size]);
  const others = Array.from({ length: rank - 2 }, (_, axis) => axis + 1).filter(
    (axis) => !heads.axes.includes(axis),
  );
  const moved = transpose(emit, split, [0, ...others, rank - 1, ...heads.axes, rank]);
  const front: Dim[] = [x.shape[0] ?? 1, ...others.map((axis) => x.shape[axis] ?? 1)];
  const steps = sizeOf(heads.axes.map((axis) => x.shape[axis] ?? 1));
  const joined = reshape(emit, moved, [...front, count, steps, size]);
  const times = name === 'key' || name === 'value' ? heads.queries / heads.keys : 1;
  if (times === 1) return joined;
  const wide = unsqueeze(emit, joined, front.length + 1);
  const repeated = expand(emit, wide, [...front, count, times, steps, size]);
  return reshape(emit, repeated, [...front, count * times, steps, size]);
}

/** The way back, and the last projection. */
function joinHeads(call: LayerCall, x: Value, query: Value, heads: Heads): Value {
  const { emit, config } = call;
  const rank = query.shape.length;
  const others = Array.from({ length: rank - 2 }, (_, axis) => axis + 1).filter(
    (axis) => !heads.axes.includes(axis),
  );
  const [rows = 1] = x.shape;
  const front: Dim[] = [rows, ...others.map((axis) => query.shape[axis] ?? 1)];
  const steps = heads.axes.map((axis) => query.shape[axis] ?? 1);
  const split = reshape(emit, x, [...front, heads.queries, ...steps, heads.valueSize]);
  // Where each axis of the query stands now: the others first, then the heads, then the attended ones.
  const place = (axis: number): number =>
    others.includes(axis) ? 1 + others.indexOf(axis) : 2 + others.length + heads.axes.indexOf(axis);
  const middle = Array.from({ length: rank - 2 }, (_, axis) => place(axis + 1));
  const moved = transpose(emit, split, [0, ...middle, 1 + others.length, rank]);
  const wanted = config.get('output_shape') ?? null;
  const shape =
    wanted === null
      ? [known(call, query.shape[rank - 1], 'number of features')]
      : config.integers('output_shape');
  const width = heads.queries * heads.valueSize;
  const features = shape.reduce((product, length) => product * length, 1);
  const between = query.shape.slice(1, -1);
  const flat = reshape(emit, moved, [rows, ...between, width]);
  const output = project(
    call,
    'output',
    flat,
    [heads.queries, heads.valueSize, ...shape],
    shape,
    width,
    features,
  );
  return shape.length === 1 ? output : reshape(emit, output, [rows, ...between, ...shape]);
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
  const kernel = variable(call, `${name}/kernel`, kernelShape, [from, to]);
  const bias = call.config.flag('use_bias', true)
    ? variable(call, `${name}/bias`, biasShape, [to])
    : undefined;
  return linear(call.emit, x, kernel, bias);
}

/** Attention by several heads at once. */
export const MULTI_HEAD_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  MultiHeadAttention: multiHead,
  GroupQueryAttention: groupQuery,
  GroupedQueryAttention: groupQuery,
  [PROJECTION]: projection,
};
