import { corrupt, unsupported } from '../errors.js';
import type { Emitter, Value } from '../graph/emitter.js';
import type { LayerConfig } from '../graph/layer-config.js';
import {
  binary,
  cast,
  matmul,
  reduce,
  scale,
  shift,
  squeeze,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import { only, type LayerCall, type LayerDefinition } from './definition.js';

/** Ones where an index is, along a new last axis of `depth`; an index outside gives zeros. */
export function oneHot(emit: Emitter, indices: Value, depth: number): Value {
  const places = emit.constant(
    Float32Array.from({ length: depth }, (_, index) => index),
    [depth],
  );
  const at = unsqueeze(emit, cast(emit, indices, 'float32'), -1);
  return cast(emit, binary(emit, 'Equal', at, places, 'bool'), 'float32');
}

/** Indices in one of the four ways in which Keras' preprocessing layers answer categories. */
export function encode(call: LayerCall, indices: Value, mode: string, depth: number, weights?: Value): Value {
  const { emit } = call;
  const rank = indices.shape.length;
  if (mode === 'int') return indices;
  if (mode === 'one_hot') {
    const isColumn = rank > 1 && indices.shape[rank - 1] === 1;
    return oneHot(emit, isColumn ? squeeze(emit, indices, [rank - 1]) : indices, depth);
  }
  if (rank !== 2) throw call.config.refuse(`${mode} over ${rank} axes`, 'give (rows, categories)');
  const hot = oneHot(emit, indices, depth);
  if (mode === 'multi_hot') return reduce(emit, 'ReduceMax', hot, [1], false);
  const weighted = weights === undefined ? hot : binary(emit, 'Mul', hot, unsqueeze(emit, weights, 2));
  return reduce(emit, 'ReduceSum', weighted, [1], false);
}

const categoryEncoding: LayerDefinition = {
  masks: 'drop',
  isWhole: true,
  emit(call) {
    const mode = call.config.word('output_mode', ['one_hot', 'multi_hot', 'count'], 'multi_hot');
    const weights = call.kwargs.count_weights;
    const given =
      typeof weights === 'object' && weights !== null && 'value' in weights ? weights.value : undefined;
    return encode(call, only(call), mode, call.config.integer('num_tokens'), given);
  },
};

/** The number of the bin: how many boundaries are not above the number. */
const discretization: LayerDefinition = {
  masks: 'drop',
  isWhole: true,
  emit(call) {
    const { config, emit } = call;
    const bounds = config.get('bin_boundaries');
    if (!Array.isArray(bounds) || bounds.some((one) => typeof one !== 'number'))
      throw config.refuse('bins that were learned by adapt', 'give bin_boundaries to the layer');
    const x = unsqueeze(emit, cast(emit, only(call), 'float32'), -1);
    const edges = emit.constant(Float32Array.from(bounds, Number), [bounds.length]);
    // What is no number is below no boundary: it counts as the last bin.
    const below = unary(emit, 'Not', binary(emit, 'Less', x, edges, 'bool'));
    const bin = reduce(emit, 'ReduceSum', cast(emit, below, 'float32'), [-1], false);
    const mode = config.word('output_mode', ['int', 'one_hot', 'multi_hot', 'count'], 'int');
    return encode(call, bin, mode, bounds.length + 1);
  },
};

/** Whole numbers by their place in a vocabulary. */
const integerLookup: LayerDefinition = {
  masks: 'drop',
  isWhole: true,
  learned: (text, layer, named) => {
    const weights = named('idf_weights');
    return { vocabulary: numbersIn(text, layer), ...(weights && { idf_weights: [...weights.data] }) };
  },
  emit(call) {
    const { config, emit } = call;
    const mode = config.word('output_mode', ['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'], 'int');
    const outside = config.integer('num_oov_indices', 1, 0);
    const mask = config.optionalNumber('mask_token');
    // Only whole numbers leave the first place to what is masked; elsewhere it is not counted.
    const start = mask === undefined || mode !== 'int' ? 0 : 1;
    const vocabulary = vocabularyOf(config, [
      ...Array.from({ length: start }, () => mask),
      ...Array.from({ length: outside }, () => config.number('oov_token', -1)),
    ]);
    if (config.flag('invert', false)) return wordsAt(call, vocabulary);
    const hidden = emit.scalar(mode === 'int' ? 0 : -1);
    const x = cast(emit, only(call), 'int64');
    const words = emit.integers(vocabulary);
    const found = cast(emit, binary(emit, 'Equal', unsqueeze(emit, x, -1), words, 'bool'), 'float32');
    const places = emit.constant(
      Float32Array.from(vocabulary, (_, index) => index + start + outside),
      [vocabulary.length, 1],
    );
    const place = squeeze(emit, matmul(emit, found, places), [-1]);
    const isKnown = cast(emit, reduce(emit, 'ReduceMax', found, [-1], false), 'bool');
    const other = outside === 0 ? emit.scalar(-1) : shift(emit, otherPlace(call, x, outside), start);
    const looked = where(emit, isKnown, place, other);
    const index =
      mask === undefined
        ? looked
        : where(emit, binary(emit, 'Equal', x, emit.integers([mask], []), 'bool'), hidden, looked);
    const most = config.get('pad_to_max_tokens') === true ? config.optionalNumber('max_tokens') : undefined;
    const depth = most ?? vocabulary.length + outside;
    const encoded = encode(call, index, mode === 'tf_idf' ? 'count' : mode, depth);
    return mode === 'tf_idf'
      ? binary(emit, 'Mul', encoded, idfOf(call, depth, outside, vocabulary.length))
      : encoded;
  },
};

/** The whole numbers of a vocabulary that was learned, one a line. */
function numbersIn(text: string, layer: string): number[] {
  const lines = text.trimEnd().split(/\r\n|\r|\n/);
  const numbers = lines.map((line) => (/^\s*[+-]?\d+\s*$/.test(line) ? Number(line) : NaN));
  if (numbers.some(Number.isNaN))
    throw corrupt('has a vocabulary with a line that is no whole number', layer);
  return numbers;
}

/** The words themselves: a list may begin with the places of what is masked and of all other numbers, as Keras shows it. */
function vocabularyOf(config: LayerConfig, special: readonly (number | undefined)[]): number[] {
  const given = config.get('vocabulary') ?? undefined;
  if (given === undefined)
    throw config.refuse(
      'a vocabulary that was learned by adapt and is not in the file',
      'save the model as .keras, which keeps it in assets/…/vocabulary.txt, or give the vocabulary to the layer',
    );
  if (!Array.isArray(given) || given.length === 0 || given.some((one) => typeof one !== 'number'))
    throw config.bad('vocabulary', 'whole numbers');
  if (given.some((one) => !Number.isSafeInteger(one)))
    throw config.refuse('a vocabulary with numbers beyond 2^53', 'give it smaller numbers');
  const all = given.map(Number);
  return special.every((one, at) => all[at] === one) ? all.slice(special.length) : all;
}

/** The words at places; the first place is that of what is masked, if anything is, and the next that of all other numbers. */
function wordsAt(call: LayerCall, vocabulary: readonly number[]): Value {
  const { config, emit } = call;
  const mask = config.optionalNumber('mask_token');
  const first = mask === undefined ? [] : [mask];
  const other = emit.integers([config.number('oov_token', -1)], []);
  const words = [...first, ...vocabulary];
  const places = words.map((_, index) => (index < first.length ? index : index + 1));
  const x = unsqueeze(emit, cast(emit, only(call), 'int64'), -1);
  const found = binary(emit, 'Equal', x, emit.integers(places), 'bool');
  const isThere = cast(emit, reduce(emit, 'ReduceMax', cast(emit, found, 'int64'), [-1], false), 'bool');
  const word = matmul(emit, cast(emit, found, 'int64'), emit.integers(words, [words.length, 1]));
  return where(emit, isThere, squeeze(emit, word, [-1]), other);
}

/** Numbers outside the vocabulary share the first places by their remainder. */
function otherPlace(call: LayerCall, x: Value, count: number): Value {
  const { emit } = call;
  if (count === 1) return scale(emit, cast(emit, x, 'float32'), 0);
  if ((call.config.get('oov_method') ?? 'floormod') !== 'floormod')
    throw unsupported('another oov_method than floormod', 'use floormod or one index', call.layer.name);
  return cast(emit, emit.op('Mod', [x, emit.integers([count], [])], x.shape, { type: 'int64' }), 'float32');
}

/** Weights of the words; what is outside the vocabulary weighs their mean. */
function idfOf(call: LayerCall, depth: number, outside: number, words: number): Value {
  const weights = call.config.get('idf_weights');
  if (!Array.isArray(weights) || weights.some((one) => typeof one !== 'number'))
    throw corrupt('has no idf_weights', call.layer.name);
  const known = weights.map(Number);
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  // A list with special words has their weights, too.
  const before = known.length > words ? 0 : outside;
  const all = [...Array.from({ length: before }, () => mean), ...known];
  const padded = Float32Array.from({ length: depth }, (_, index) => all[index] ?? 0);
  return call.emit.constant(padded, [depth]);
}

/** Layers of Keras that turn pictures over, lighten them, … while training, and do nothing otherwise. */
const AUGMENTATIONS = [
  'RandomBrightness',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomContrast',
  'RandomElasticTransform',
  'RandomErasing',
  'RandomFlip',
  'RandomGaussianBlur',
  'RandomGrayscale',
  'RandomHue',
  'RandomInvert',
  'RandomPerspective',
  'RandomPosterization',
  'RandomRotation',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandomTranslation',
  'RandomZoom',
  'MixUp',
  'CutMix',
  'AugMix',
  'RandAugment',
];

/** Layers that prepare data. */
export const ENCODING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  CategoryEncoding: categoryEncoding,
  Discretization: discretization,
  IntegerLookup: integerLookup,
  ...Object.fromEntries(
    AUGMENTATIONS.map((name): [string, LayerDefinition] => [
      name,
      { masks: 'drop', emit: (call) => call.inputs },
    ]),
  ),
};
