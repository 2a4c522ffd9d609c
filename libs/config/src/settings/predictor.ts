import type { ParameterDeclarations } from '#libs/kernel';
import { noEffect } from './no-effect.js';

/** Defaults of the predictor and its models. A plugin's own default wins over the ones here. */
export const PREDICTOR_SETTINGS = {
  predictor_plugin: {
    type: 'string',
    default: 'default_predictor',
    minLength: 1,
    help: 'Predictor plugin that answers.',
  },
  model_path: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Path of the model file; without one the default predictor answers with its ideal baseline.',
  },
  normalization_params_path: {
    type: 'string',
    default: null,
    minLength: 1,
    help: "Path of a JSON file with the normalisation of the model's inputs and outputs.",
  },
  model_type: {
    type: 'string',
    default: 'keras',
    oneOf: ['keras', 'onnx', 'tfjs', 'sklearn', 'pytorch'],
    help: 'Kind of the model files; sklearn and pytorch models must be exported to ONNX first.',
  },
  prediction_horizon: {
    type: 'integer',
    default: 6,
    min: 1,
    max: 1_000,
    help: 'Steps ahead when a request gives none.',
  },
  prediction_confidence_level: {
    type: 'number',
    default: 0.95,
    min: 0.01,
    max: 0.999,
    help: 'Level of the intervals around a forecast.',
  },
  prediction_target_column: {
    type: 'string',
    default: 'close_price',
    minLength: 1,
    help: 'Column that the default predictor predicts when neither the request nor `target_column` says.',
  },
  mc_samples: {
    type: 'integer',
    default: 100,
    min: 0,
    max: 100_000,
    help: 'Monte-Carlo dropout samples of one forecast; 0 for a single deterministic pass.',
  },
  use_gpu: {
    type: 'boolean',
    default: true,
    help: noEffect('models run on the CPU'),
  },
  gpu_memory_limit: {
    type: 'integer',
    default: null,
    min: 1,
    max: 1_048_576,
    help: noEffect('models run on the CPU'),
  },
  enable_mixed_precision: {
    type: 'boolean',
    default: false,
    help: noEffect('a model runs in the precision it was saved with'),
  },
  model_cache_size: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 1_000,
    help: 'Models kept in memory at the same time; the one unused longest makes room.',
  },
} as const satisfies ParameterDeclarations;
