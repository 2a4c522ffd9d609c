import type { Tensor, Value } from '../graph/emitter.js';
import { binary, cast, matmul, scale, unary } from '../graph/tensor-ops.js';
import { dequantizedIn } from './core.js';
import {
  fixed,
  known,
  masked,
  only,
  trainable,
  variable,
  type LayerCall,
  type LayerDefinition,
} from './definition.js';
import type { LayerConfig } from '../graph/layer-config.js';
import {
  dequantized,
  type Quantization,
  quantizationOf,
  quantizedSlots,
  roundedInputs,
} from './quantized.js';

/** The rows of the table at the indices, with a mask where the layer makes one. */
function lookUp(call: LayerCall): Value {
  const { emit, config } = call;
  const x = only(call);
  const [rows, columns] = [config.integer('input_dim'), config.integer('output_dim')];
  const index = cast(emit, x, 'int64');
  const vectors = variable(call, 'embeddings', [rows, columns]);
  const found = emit.op('Gather', [vectors, index], [...x.shape, columns], { type: 'float32' });
  if (!config.flag('mask_zero', false)) return found;
  const isZero = binary(emit, 'Equal', cast(emit, x, 'float32'), emit.scalar(0), 'bool');
  return masked(call, found, unary(emit, 'Not', isZero));
}

/** The table in plain numbers: each of its rows has scales of its own. */
const table = (
  found: ReadonlyMap<string, Tensor>,
  how: Quantization,
  config: LayerConfig,
): Tensor | undefined =>
  dequantized(found, 'embeddings', how, { length: config.integer('output_dim'), packed: 1, scaled: 'rows' });

const embedding: LayerDefinition = {
  masks: 'use',
  weights: (config) =>
    quantizedSlots('embeddings', trainable('embeddings'), quantizationOf(config, 'Embedding')),
  adapt(found, config) {
    const how = quantizationOf(config, 'Embedding');
    if (how === undefined) return found;
    return dequantizedIn(found, { embeddings: table(found, how, config) });
  },
  emit: lookUp,
};

const REVERSE = 'reverse_embeddings';

/** An embedding that also leads back: from vectors to one number for each row of its table. */
const reversible: LayerDefinition = {
  masks: 'use',
  weights(config) {
    const how = quantizationOf(config, 'ReversibleEmbedding');
    const own = quantizedSlots('embeddings', trainable('embeddings'), how);
    if (config.flag('tie_weights', true)) return own;
    if (how === undefined) return [...own, ...trainable(REVERSE)];
    return [...own, ...fixed(REVERSE, `${REVERSE}_scale`, ...(how.isGrouped ? [`${REVERSE}_zero`] : []))];
  },
  adapt(found, config) {
    const how = quantizationOf(config, 'ReversibleEmbedding');
    if (how === undefined) return found;
    const length = config.integer('output_dim');
    return dequantizedIn(found, {
      embeddings: table(found, how, config),
      [REVERSE]: dequantized(found, REVERSE, how, { length, packed: 0, scaled: 'columns' }),
    });
  },
  emit(call) {
    if (call.kwargs.reverse !== true && call.args[1] !== true) return lookUp(call);
    const { emit, config } = call;
    const x = only(call);
    const [rows, columns] = [config.integer('input_dim'), config.integer('output_dim')];
    known(call, x.shape.at(-1), 'number of features');
    const back = call.once('back', () => {
      if (!config.flag('tie_weights', true))
        return emit.constant(call.weight(REVERSE, [columns, rows]).data, [columns, rows]);
      return emit.constant(transposed(call.weight('embeddings', [rows, columns])), [columns, rows]);
    });
    const how = quantizationOf(config, 'ReversibleEmbedding');
    // Here groups do not keep the inputs from being rounded.
    const seen = roundedInputs(emit, x, how === undefined ? how : { ...how, isGrouped: false }, {
      scale: () => call.weight('inputs_scale', []),
    });
    const logits = matmul(emit, seen, back);
    const cap = config.optionalNumber('logit_soft_cap');
    return cap === undefined ? logits : scale(emit, unary(emit, 'Tanh', scale(emit, logits, 1 / cap)), cap);
  },
};

function transposed({ shape: [rows = 1, columns = 1], data }: Tensor): Float32Array {
  return Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)] ?? 0);
}

/** Layers that look vectors up in a table. */
export const EMBEDDING_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  Embedding: embedding,
  ReversibleEmbedding: reversible,
};
