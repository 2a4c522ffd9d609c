import { decimal, flag, integer, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';
import { forecastParameters } from '../forecast-question.js';
import { MODEL_TYPES, modelParameters } from '../model/model-file.js';

/** Parameters of `default_predictor`: what the ideal baseline reads, then what a trained model needs. */
export const defaultPredictorParameters = {
  ...forecastParameters,
  prediction_confidence_level: decimal(0.95, 'Coverage of the intervals, for example 0.95.', {
    min: 0.01,
    max: 0.9999,
  }),
  quantile_levels: {
    type: 'list',
    items: 'number',
    default: [0.05, 0.25, 0.5, 0.75, 0.95],
    help: 'Probabilities, each between 0 and 1, of the quantiles that a sampled model returns.',
  },
  model_path: text(
    null,
    'File of a trained model: .keras, .h5, .onnx, or model.json of TensorFlow.js. Null selects the ideal baseline.',
    { minLength: 1 },
  ),
  model_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Additional models: a file for each name. A request chooses one by `model_name`.',
  },
  model_type: text(
    'keras',
    'Kind of the model files. With keras the file itself decides; with onnx and tfjs the file must be of that kind; sklearn and pytorch are refused with advice on how to export the model to ONNX.',
    { oneOf: MODEL_TYPES },
  ),
  model_runtime: text(
    'onnx',
    'Library that computes the models: ONNX Runtime, or @tensorflow/tfjs-node for TensorFlow.js models, if installed.',
    { oneOf: ['onnx', 'tfjs'] },
  ),
  ...modelParameters,
  mc_samples: integer(
    100,
    'Number of passes with dropout active; mean, uncertainty and quantiles are computed from them. 0 makes one pass without dropout.',
    { min: 0, max: 100_000 },
  ),
  batch_size: integer(
    256,
    'Maximum number of passes computed in one run of a model; limits memory. Results do not depend on it.',
    { min: 1, max: 65_536 },
  ),
  use_gpu: flag(true, 'Accepted for compatibility; has no effect because models run on the CPU.'),
  gpu_memory_limit: integer(
    null,
    'Accepted for compatibility; has no effect because models run on the CPU.',
    {
      min: 1,
    },
  ),
  enable_mixed_precision: flag(
    false,
    'Accepted for compatibility; has no effect because models run in single precision.',
  ),
} as const satisfies ParameterDeclarations;

export type DefaultPredictorSettings = ParametersOf<typeof defaultPredictorParameters>;
