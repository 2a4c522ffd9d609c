import {
  choice,
  flag,
  integer,
  map,
  noEffect,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import { forecastParameters, intervalParameters } from '../forecast-question.js';
import { MODEL_TYPES, modelParameters } from '../model/model-file.js';

/** Parameters of `default_predictor`: what the ideal baseline reads, then what a trained model needs. */
export const defaultPredictorParameters = {
  ...forecastParameters,
  ...intervalParameters,
  quantile_levels: {
    ...intervalParameters.quantile_levels,
    help: 'Probabilities, each between 0 and 1, of the quantiles that a sampled model returns.',
  },
  model_path: text(
    { default: null, minLength: 1 },
    'File of a trained model: .keras, .h5, .onnx, or model.json of TensorFlow.js. Null selects the ideal baseline.',
  ),
  model_files: map(
    { items: 'strings' },
    'Additional models: a file for each name, or the two of an architecture and its weights (`["a.json", "a.weights.h5"]`). A request chooses one by `predictor_plugin` or `model_name`.',
  ),
  model_type: choice(
    { default: 'keras', oneOf: MODEL_TYPES },
    'Kind of the model files. With keras the file itself decides; with onnx and tfjs the file must be of that kind; sklearn and pytorch are refused with advice on how to export the model to ONNX.',
  ),
  model_runtime: choice(
    { default: 'onnx', oneOf: ['onnx', 'tfjs'] },
    'Library that computes the models: ONNX Runtime, or @tensorflow/tfjs-node for TensorFlow.js models, if installed.',
  ),
  ...modelParameters,
  mc_samples: integer(
    { default: 100, min: 0, max: 100_000 },
    'Number of passes with dropout active; mean, uncertainty and quantiles are computed from them. 0 makes one pass without dropout.',
  ),
  mc_sampling: choice(
    { default: 'auto', oneOf: ['auto', 'independent', 'nested'] },
    'How the `mc_samples` passes are drawn. With auto and nested the cheap end of a model (such as dropout and the last layer behind pooling) is drawn 16 times for each pass through the rest, of which as many are made as an answer needs to be at least as sure as by independent passes; `metadata.mc_nesting` tells how many. Models without such an end, those that model_runtime tfjs computes and ONNX files of other tools are sampled independently, as are 20 passes or fewer; `metadata.mc_sampling` tells which way it was, and after nested `metadata.mc_sampling_note`, too.',
  ),
  batch_size: integer(
    { default: 256, min: 1, max: 65_536 },
    'Maximum number of passes computed in one run of a model; limits memory. Results do not depend on it.',
  ),
  use_gpu: flag(true, noEffect('models run on the CPU')),
  gpu_memory_limit: integer({ default: null, min: 1 }, noEffect('models run on the CPU')),
  enable_mixed_precision: flag(false, noEffect('models run in single precision')),
} as const satisfies ParameterDeclarations;

export type DefaultPredictorSettings = ParametersOf<typeof defaultPredictorParameters>;

/** What forecasts of a model need to know, wherever it is computed. */
export type ForecasterSettings = Pick<
  DefaultPredictorSettings,
  | 'prediction_horizon'
  | 'prediction_target_column'
  | 'prediction_confidence_level'
  | 'quantile_levels'
  | 'model_type'
  | 'mc_samples'
  | 'mc_seed'
  | 'mc_sampling'
  | 'batch_size'
>;
