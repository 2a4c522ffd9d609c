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

const PREDICTED = { prediction: [2874.56, 2874.56, 2874.56], uncertainty: [53.81, 120.32, 240.64] };

/** The answer to the first example, when it is completed. */
export const COMPLETED_EXAMPLE = {
  id: 1,
  prediction_id: 1,
  task_id: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  status: 'completed',
  symbol: 'SP500',
  ticker: 'SP500',
  interval: '1d',
  predictor_plugin: 'random_walk_predictor',
  feeder_plugin: 'default_feeder',
  pipeline_plugin: 'default_pipeline',
  prediction_type: 'short_term',
  model_name: 'random_walk_predictor',
  result: {
    request: {
      symbol: 'SP500',
      ticker: null,
      interval: '1d',
      predictor_plugin: 'random_walk_predictor',
      feeder_plugin: 'default_feeder',
      pipeline_plugin: 'default_pipeline',
      prediction_type: 'short_term',
      model_name: null,
      prediction_horizon: 1,
      baseline_datetime: null,
      baseline_means: null,
      horizons: [1, 5, 20],
      date_column: null,
      target_column: null,
    },
    output: {
      mode: 'random_walk',
      date_column: 'DATE_TIME',
      target_column: 'CLOSE',
      baseline_datetime: '2020-04-17T00:00:00',
      baseline_value: 2874.56,
      horizons: [1, 5, 20],
      predictions: PREDICTED.prediction,
      future_datetimes: ['2020-04-20T00:00:00', '2020-04-24T00:00:00', '2020-05-15T00:00:00'],
      uncertainty: PREDICTED.uncertainty,
      errors: [],
      intervals: [{ level: 0.95, lower: [2769.1, 2638.74, 2402.92], upper: [2980.02, 3110.38, 3346.2] }],
      quantiles: {
        '0.25': [2838.27, 2793.41, 2712.25],
        '0.5': [2874.56, 2874.56, 2874.56],
        '0.75': [2910.85, 2955.71, 3036.87],
      },
      seed: null,
      metadata: { volatility_per_bar: 53.81, volatility_changes: 256 },
    },
    explanation: {
      source: {
        source: 'file',
        symbol: 'SP500',
        bars: 5105,
        first_bar: '2000-01-03T00:00:00Z',
        last_bar: '2020-04-17T00:00:00Z',
        baseline_bar: '2020-04-17T00:00:00Z',
        baseline_bar_closed: '2020-04-18T00:00:00Z',
        bar_length: '1 d',
      },
      plugins: {
        feeder: { id: 'default_feeder', version: '1.0.0' },
        pipeline: { id: 'default_pipeline', version: '1.0.0' },
        predictor: { id: 'random_walk_predictor', version: '1.0.0' },
      },
      seed: null,
      timing: { queued_ms: 2, fetch_ms: 5.64, predict_ms: 11.219, total_ms: 23 },
      attempt: 1,
    },
    ...PREDICTED,
  },
} as const;
