import type { LegacyPredict } from './prediction.dto.js';
import type { AskedRequest } from './prediction.types.js';

/** The legacy body in the words of today's request. */
export const legacyRequest = ({ instrument, timeframe, parameters }: LegacyPredict): AskedRequest => ({
  symbol: instrument,
  ticker: instrument,
  interval: timeframe,
  ...(parameters?.plugin === undefined ? {} : { predictor_plugin: parameters.plugin }),
  prediction_type: 'short_term',
  model_name: null,
  prediction_horizon: null,
  baseline_datetime: null,
  horizons: null,
  date_column: null,
  target_column: null,
});
