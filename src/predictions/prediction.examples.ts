/** Bodies that work with the quickstart configuration, for the API description. */
export const PREDICTION_EXAMPLES = {
  'a forecast with intervals': {
    symbol: 'SP500',
    interval: '1d',
    predictor_plugin: 'random_walk_predictor',
    horizons: [1, 5, 20],
  },
  'from a moment in the past': {
    symbol: 'SP500',
    interval: '1d',
    predictor_plugin: 'default_predictor',
    baseline_datetime: '2019-06-03 00:00:00',
    prediction_horizon: 3,
  },
} as const;

export const LEGACY_EXAMPLES = {
  'as the first clients asked': {
    instrument: 'SP500',
    timeframe: 'D1',
    parameters: { plugin: 'random_walk_predictor' },
  },
} as const;
