import { corrupt } from '../errors.js';
import { showShape } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import { binary, cast, squeeze } from '../graph/tensor-ops.js';
import { only, type LayerCall, type LayerDefinition } from './definition.js';
import { encode } from './encoding.js';
import { crossFingerprint, farmFingerprint, sipHash, writeOut } from './fingerprints.js';
import { Words } from './words64.js';

const LARGEST = 2n ** 64n;

/** The two words of the key that salt the hash. */
function saltOf({ config }: LayerCall): readonly [bigint, bigint] | undefined {
  const salt = config.get('salt') ?? undefined;
  if (salt === undefined) return undefined;
  const [left, right = left, ...more] = config.integers('salt').map(BigInt);
  if (left === undefined || right === undefined || more.length > 0 || left < 0n || right < 0n)
    throw config.bad('salt', 'one or two integers of at least 0');
  return [left % LARGEST, right % LARGEST];
}

/** Integers by the hash of the characters that write them. */
const hashing: LayerDefinition = {
  masks: 'drop',
  isWhole: true,
  emit(call) {
    const { config, emit } = call;
    const words = new Words(emit);
    const mode = config.word('output_mode', ['int', 'one_hot', 'multi_hot', 'count'], 'int');
    if (config.get('sparse') === true) throw config.refuse('sparse answers', 'use sparse=False');
    const given = only(call);
    if (given.type === 'bool') throw config.refuse('Hashing of truths', 'cast them to int32 before it');
    const isColumn = mode === 'one_hot' && given.shape.length > 1 && given.shape.at(-1) === 1;
    const x = isColumn ? squeeze(emit, given, [-1]) : given;
    const count = config.integer('num_bins');
    const mask = count > 1 ? config.optionalNumber('mask_value') : undefined;
    const text = writeOut(words, x);
    const salt = saltOf(call);
    const hash = salt === undefined ? farmFingerprint(words, text) : sipHash(words, text, salt);
    if (mask === undefined) return encode(call, words.modulo(hash, count), mode, count);
    const bin = words.add(words.modulo(hash, count - 1), words.constant(1));
    const isMasked =
      x.type === 'float32'
        ? binary(emit, 'Equal', x, emit.scalar(mask), 'bool')
        : binary(emit, 'Equal', cast(emit, x, 'int64'), words.constant(mask), 'bool');
    return encode(call, words.choose(isMasked, words.constant(0), bin), mode, count);
  },
};

/** Rows of two integers by one hash of both. */
const hashedCrossing: LayerDefinition = {
  masks: 'drop',
  isWhole: true,
  emit(call) {
    const { config, emit, inputs, layer } = call;
    const [first] = inputs;
    if (first === undefined || inputs.length !== 2)
      throw config.refuse(
        `crossing ${inputs.length} tensors, where Keras takes two,`,
        'cross two of them, then the result with the next',
      );
    const rank = first.shape.length;
    if (rank > 2 || (rank === 2 && first.shape[1] !== 1))
      throw corrupt(`crosses (rows) or (rows, 1), not ${showShape(first.shape)}`, layer.name);
    const whole = (one: Value): Value => {
      if (one.type === 'float32' || one.type === 'bool')
        throw config.refuse('a HashedCrossing of numbers that are no integers', 'save the inputs as int32');
      return cast(emit, one, 'int64');
    };
    const words = new Words(emit);
    const count = config.integer('num_bins');
    const mode = config.word('output_mode', ['int', 'one_hot'], 'int');
    if (config.get('sparse') === true) throw config.refuse('sparse answers', 'use sparse=False');
    const bins = words.modulo(crossFingerprint(words, inputs.map(whole)), count);
    return encode(call, bins, mode, count);
  },
};

/** Layers that put integers into bins by hash. */
export const HASHING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Hashing: hashing,
  HashedCrossing: hashedCrossing,
};
