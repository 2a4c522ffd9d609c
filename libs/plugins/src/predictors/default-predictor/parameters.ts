import type { ParameterDeclarations, ParametersOf } from '#libs/kernel';
import { forecastParameters } from '../forecast-question.js';
import { MODEL_TYPES, modelParameters } from '../model/model-file.js';

/** Parameters of `default_predictor`: what the ideal baseline reads, then what a trained model needs. */
export const defaultPredictorParameters = {
  ...forecastParameters,
  prediction_confidence_level: {
    type: 'number',
    default: 0.95,
    min: 0.01,
    max: 0.9999,
    help: 'Coverage that the intervals of a model claim.',
  },
  quantile_levels: {
    type: 'list',
    items: 'number',
    default: [0.05, 0.25, 0.5, 0.75, 0.95],
    help: 'Probabilities, each between 0 and 1, whose quantiles a sampled model answers.',
  },
  model_path: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'File of a trained model: .keras, .h5, .onnx, or model.json of TensorFlow.js. Null: the ideal baseline.',
  },
  model_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Further models, file by name; a request chooses one by `model_name`.',
  },
  model_type: {
    type: 'string',
    default: 'keras',
    oneOf: MODEL_TYPES,
    help: 'Kind of the model files. The file itself decides with keras; onnx and tfjs must be met; sklearn and pytorch are answered with how to export to ONNX.',
  },
  model_runtime: {
    type: 'string',
    default: 'onnx',
    oneOf: ['onnx', 'tfjs'],
    help: 'What computes the models: ONNX Runtime, or for TensorFlow.js models an installed @tensorflow/tfjs-node.',
  },
  ...modelParameters,
  mc_samples: {
    type: 'integer',
    default: 100,
    min: 0,
    max: 100_000,
    help: 'Passes with dropout active that give mean, uncertainty and quantiles; 0 for one pass without dropout.',
  },
  batch_size: {
    type: 'integer',
    default: 256,
    min: 1,
    max: 65_536,
    help: 'Most passes computed in one run of a model; bounds its memory. The draws do not depend on it.',
  },
  use_gpu: {
    type: 'boolean',
    default: true,
    help: 'Accepted for compatibility; no effect because models run on the CPU.',
  },
  gpu_memory_limit: {
    type: 'integer',
    default: null,
    min: 1,
    help: 'Accepted for compatibility; no effect because models run on the CPU.',
  },
  enable_mixed_precision: {
    type: 'boolean',
    default: false,
    help: 'Accepted for compatibility; no effect because a model runs in single precision.',
  },
} as const satisfies ParameterDeclarations;

export type DefaultPredictorSettings = ParametersOf<typeof defaultPredictorParameters>;
