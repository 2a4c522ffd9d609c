import type { ParameterDeclarations } from '#libs/kernel';

/** Flags of `backtest`, beside the settings. */
export const BACKTEST_FLAGS = {
  symbol: { type: 'string', default: null, minLength: 1, help: 'Symbol; with a data file any name will do.' },
  interval: {
    type: 'string',
    default: null,
    help: 'Length of the bars, such as 1h; that of the source if not set.',
  },
  from: { type: 'string', default: null, help: 'First bar to forecast from; the first one if not set.' },
  to: {
    type: 'string',
    default: null,
    help: 'Last bar to forecast from; the last one with a bar behind it if not set.',
  },
  stride: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 1_000_000,
    help: 'Number of bars from one forecast to the next.',
  },
  horizons: {
    type: 'list',
    items: 'number',
    default: null,
    help: 'Bars ahead, for example `1,6,24`; those of the model if not set.',
  },
  samples: {
    type: 'integer',
    default: null,
    min: 0,
    max: 100_000,
    help: 'Number of random passes for each forecast; that of the predictor (`mc_samples`) if not set.',
  },
  seed: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 4_294_967_295,
    help: 'Seed of everything random; the same seed gives the same forecasts.',
  },
  forecasts: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'File to write every forecast to, as NDJSON.',
  },
  html: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'File to write a report with pictures to; it loads nothing from elsewhere.',
  },
  json: { type: 'boolean', default: null, help: 'Print the scores as JSON.' },
} as const satisfies ParameterDeclarations;
