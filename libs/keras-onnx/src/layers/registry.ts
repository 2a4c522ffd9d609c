import { unsupported } from '../errors.js';
import type { LayerSpec } from '../graph/spec.js';
import { ATTENTION_LAYERS } from './attention.js';
import { CONV_LSTM_LAYERS } from './conv-lstm.js';
import { CONVOLUTION_LAYERS } from './convolution.js';
import { ACTIVATION_LAYERS, CORE_LAYERS } from './core.js';
import { CUDNN_LAYERS } from './cudnn.js';
import type { LayerDefinition } from './definition.js';
import { MERGING_LAYERS } from './merging.js';
import { NORMALIZATION_LAYERS } from './normalization.js';
import { einsumDense } from './einsum.js';
import { EMBEDDING_LAYERS } from './embedding.js';
import { MULTI_HEAD_LAYERS } from './multi-head.js';
import { POOLING_LAYERS } from './pooling.js';
import { CELL_LAYERS } from './rnn.js';
import { ENCODING_LAYERS } from './encoding.js';
import { HASHING_LAYERS } from './hashing.js';
import { RECURRENT_LAYERS } from './recurrent.js';
import { REGULARIZATION_LAYERS } from './regularization.js';
import { recipeDefinition } from './recipes.js';
import { refusedClass } from './refusals.js';
import { RESHAPING_LAYERS } from './reshaping.js';
import { TF_OPERATION_LAYERS } from './tf-operations.js';
import { WRAPPER_LAYERS } from './wrappers.js';

const LAYERS: Readonly<Record<string, LayerDefinition>> = {
  ...CORE_LAYERS,
  ...ACTIVATION_LAYERS,
  ...ATTENTION_LAYERS,
  ...MULTI_HEAD_LAYERS,
  EinsumDense: einsumDense,
  ...EMBEDDING_LAYERS,
  ...CONVOLUTION_LAYERS,
  ...CONV_LSTM_LAYERS,
  ...CUDNN_LAYERS,
  ...MERGING_LAYERS,
  ...NORMALIZATION_LAYERS,
  ...POOLING_LAYERS,
  ...RECURRENT_LAYERS,
  ...CELL_LAYERS,
  ...ENCODING_LAYERS,
  ...HASHING_LAYERS,
  ...REGULARIZATION_LAYERS,
  ...RESHAPING_LAYERS,
  ...WRAPPER_LAYERS,
  ...TF_OPERATION_LAYERS,
};

/** Layer classes that compile, for documentation and messages. */
export const SUPPORTED_LAYERS: readonly string[] = ['InputLayer', ...Object.keys(LAYERS)].sort();

/** The definition of a layer's class. Throws `model_unsupported`, naming the layer, for any other class. */
export function definitionOf(layer: LayerSpec): LayerDefinition {
  if (layer.className === 'InputLayer') return INPUT;
  const own = recipeDefinition(layer.className);
  const definition = own ?? (Object.hasOwn(LAYERS, layer.className) ? LAYERS[layer.className] : undefined);
  if (definition !== undefined) return definition;
  const { what, need } = refusedClass('layer', layer.className);
  throw unsupported(what, need, layer.name);
}

const INPUT: LayerDefinition = { masks: 'pass', emit: (call) => call.inputs };
