import type { ParameterDeclarations } from '#libs/kernel';

/** Parameters that every predictor of trained models has. */
export const modelParameters = {
  normalization_params_path: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'JSON file with {min, max} or {mean, std} per column, as the model was trained with; wins over a normalisation in the metadata.',
  },
  mc_seed: {
    type: 'integer',
    default: null,
    min: 0,
    max: 4_294_967_295,
    help: 'Seed of the Monte-Carlo passes, which makes answers repeatable bit for bit; null draws one for each answer, told in its `seed`.',
  },
  model_cache_size: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 1_000,
    help: 'Models kept loaded; the one unused longest makes room.',
  },
} as const satisfies ParameterDeclarations;
