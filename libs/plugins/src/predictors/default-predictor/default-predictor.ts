import { definePredictor, PluginError } from '#libs/plugin-sdk';
import { IdealBaseline } from './ideal-baseline.js';
import { defaultPredictorParameters } from './parameters.js';

/**
 * Forecasts with the trained model that `model_path` names; without one it is the explicit ideal baseline, which reads
 * the future from historic data.
 */
export default definePredictor({
  id: 'default_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Forecasts of a trained model; without a model the ideal baseline, a test instrument that reads the values that really followed.',
  parameters: defaultPredictorParameters,
  capabilities: ['forecast', 'describe'],
  looksAhead: true,
  create: ({ parameters }) => {
    if (parameters.model_path === null) return new IdealBaseline(parameters);
    throw new PluginError(
      'not_configured',
      'default_predictor cannot run trained models yet: unset model_path to use the ideal baseline, or choose random_walk_predictor',
    );
  },
});
