import { definePredictor } from 'prediction-provider/plugin-sdk';
import { MomentumPredictor } from './momentum.js';

export default definePredictor({
  id: 'momentum_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The mean change of the last bars goes on.',
  capabilities: ['forecast', 'describe'],
  parameters: {
    momentum_bars: {
      type: 'integer',
      default: 24,
      min: 2,
      max: 10_000,
      help: 'Bars that the trend is measured on.',
    },
    momentum_strength: {
      type: 'number',
      default: 0.5,
      min: 0,
      max: 1,
      help: 'Part of the trend that is expected to go on; 0 expects the last value.',
    },
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
  },
  create: ({ parameters }) => new MomentumPredictor(parameters),
});
