/** Bodies that work with any configuration that has the built-in plugins, for the API description. */
export const ORDER_EXAMPLES = {
  'six hours of EURUSD': {
    symbol: 'EURUSD',
    prediction_type: 'short_term',
    datetime_requested: '2030-01-07T09:00:00Z',
  },
  'days ahead, with a limit': {
    symbol: 'SP500',
    prediction_type: 'long_term',
    datetime_requested: '2030-01-07T00:00:00Z',
    predictor_plugin: 'random_walk_predictor',
    interval: '1d',
    prediction_horizon: 5,
    lookback_ticks: 500,
    priority: 8,
    max_cost: 100,
  },
} as const;

export const CHANGE_EXAMPLES = {
  'sooner, for more': { priority: 9, max_cost: 200 },
  'whatever it costs': { max_cost: null },
} as const;
