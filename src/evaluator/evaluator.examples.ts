/** Answers to the examples of the client's orders, with the epoch of a first claim, for the API description. */
export const ANSWER_EXAMPLES = {
  'six hours of EURUSD': {
    lease_epoch: 1,
    predictions: [1.0841, 1.0843, 1.0846, 1.0844, 1.085, 1.0853],
    uncertainties: [0.0004, 0.0006, 0.0008, 0.0009, 0.001, 0.0011],
    confidence_intervals: {
      lower_95: [1.0833, 1.0831, 1.083, 1.0826, 1.083, 1.0831],
      upper_95: [1.0849, 1.0855, 1.0862, 1.0862, 1.087, 1.0875],
    },
    model_metadata: { model: 'default_predictor', version: '1.0.0' },
    processing_log: 'fetched 1000 bars, computed 100 passes',
    resource_usage: { cpu_seconds: 1.8, memory_mb: 240 },
    quality_metrics: { model_confidence: 0.9 },
  },
  'five days of SP500': {
    lease_epoch: 1,
    predictions: [4712.5, 4718, 4716.2, 4725, 4731.4],
    uncertainties: [38, 54, 66, 76, 85],
    confidence_intervals: {
      '95%': [4638, 4787, 4612, 4824, 4587, 4845.6, 4576, 4874, 4564.8, 4898],
    },
    model_metadata: { model: 'random_walk_predictor' },
  },
} as const;
