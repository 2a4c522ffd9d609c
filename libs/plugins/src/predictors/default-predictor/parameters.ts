import { decimal, flag, integer, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';
import { forecastParameters } from '../forecast-question.js';
import { MODEL_TYPES, modelParameters } from '../model/model-file.js';

/** Parameters of `default_predictor`: what the ideal baseline reads, then what a trained model needs. */
export const defaultPredictorParameters = {
  ...forecastParameters,
  prediction_confidence_level: decimal(0.95, 'Coverage that the intervals of a model claim.', {
    min: 0.01,
    max: 0.9999,
  }),
  quantile_levels: {
    type: 'list',
    items: 'number',
    default: [0.05, 0.25, 0.5, 0.75, 0.95],
    help: 'Probabilities, each between 0 and 1, whose quantiles a sampled model answers.',
  },
  model_path: text(
    null,
    'File of a trained model: .keras, .h5, .onnx, or model.json of TensorFlow.js. Null: the ideal baseline.',
    { minLength: 1 },
  ),
  model_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Further models, file by name; a request chooses one by `model_name`.',
  },
  model_type: text(
    'keras',
    'Kind of the model files. The file itself decides with keras; onnx and tfjs must be met; sklearn and pytorch are answered with how to export to ONNX.',
    { oneOf: MODEL_TYPES },
  ),
  model_runtime: text(
    'onnx',
    'What computes the models: ONNX Runtime, or for TensorFlow.js models an installed @tensorflow/tfjs-node.',
    { oneOf: ['onnx', 'tfjs'] },
  ),
  ...modelParameters,
  mc_samples: integer(
    100,
    'Passes with dropout active that give mean, uncertainty and quantiles; 0 for one pass without dropout.',
    { min: 0, max: 100_000 },
  ),
  batch_size: integer(
    256,
    'Most passes computed in one run of a model; bounds its memory. The draws do not depend on it.',
    { min: 1, max: 65_536 },
  ),
  use_gpu: flag(true, 'Accepted for compatibility; no effect because models run on the CPU.'),
  gpu_memory_limit: integer(null, 'Accepted for compatibility; no effect because models run on the CPU.', {
    min: 1,
  }),
  enable_mixed_precision: flag(
    false,
    'Accepted for compatibility; no effect because a model runs in single precision.',
  ),
} as const satisfies ParameterDeclarations;

export type DefaultPredictorSettings = ParametersOf<typeof defaultPredictorParameters>;
