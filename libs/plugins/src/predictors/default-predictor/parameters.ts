import type { ParameterDeclarations } from '#libs/kernel';

/** Parameters of `default_predictor`: what the ideal baseline reads, then what a trained model needs. */
export const defaultPredictorParameters = {
  prediction_horizon: {
    type: 'integer',
    default: 6,
    min: 1,
    max: 1000,
    help: 'Steps ahead when a request names none.',
  },
  prediction_target_column: {
    type: 'string',
    default: 'CLOSE',
    help: 'Column that is forecast when a request names none.',
  },
  prediction_confidence_level: {
    type: 'number',
    default: 0.95,
    min: 0.01,
    max: 0.9999,
    help: 'Coverage that the intervals of a model claim.',
  },
  model_path: {
    type: 'string',
    default: null,
    help: 'File of a trained model. Null: the ideal baseline.',
  },
  model_type: {
    type: 'string',
    default: 'keras',
    oneOf: ['keras', 'sklearn', 'pytorch'],
    help: 'Kind of the trained model.',
  },
  normalization_params_path: {
    type: 'string',
    default: null,
    help: 'JSON file with minimum and maximum per column, as the model was trained with.',
  },
  mc_samples: {
    type: 'integer',
    default: 100,
    min: 1,
    max: 10_000,
    help: 'Passes with dropout active that give the mean and the uncertainty of a model.',
  },
  batch_size: { type: 'integer', default: 32, min: 1, help: 'Windows that a model answers in one call.' },
  model_cache_size: { type: 'integer', default: 5, min: 1, max: 100, help: 'Models kept loaded.' },
  use_gpu: { type: 'boolean', default: true, help: 'Use a GPU for models where the runtime has one.' },
  gpu_memory_limit: {
    type: 'integer',
    default: null,
    min: 1,
    help: 'Megabytes of GPU memory that models may use; null for no limit.',
  },
  enable_mixed_precision: {
    type: 'boolean',
    default: false,
    help: 'Let models compute in half precision where the runtime can.',
  },
} as const satisfies ParameterDeclarations;
