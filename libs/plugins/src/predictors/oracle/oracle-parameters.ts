import type { ParameterDeclarations } from '#libs/kernel';

/** How a question's time finds its bar: parameters of every predictor that looks times up in a file of its own. */
export const matchParameters = {
  timestamp_match: {
    type: 'string',
    default: 'nearest',
    oneOf: ['nearest', 'previous'],
    help: 'Bar that a question is about: "nearest" in time (of two equally near ones the later) or "previous", the last one not later than the question.',
  },
  match_limit_seconds: {
    type: 'number',
    default: null,
    min: 0,
    help: 'Greatest distance in seconds between a question and its bar; beyond it the question is refused. Null answers from the nearest bar at any distance, even years outside the data.',
  },
} as const satisfies ParameterDeclarations;

/** Where randomness comes from: parameters of every predictor with noise. */
export const noiseParameters = {
  noise_seed: {
    type: 'integer',
    default: 42,
    min: 0,
    help: 'Seed of the noise: a whole number from 0 to 2^53 - 1.',
  },
  noise_mode: {
    type: 'string',
    default: 'keyed',
    oneOf: ['keyed', 'sequential'],
    help: 'How noise is drawn: "keyed" (a pure function of seed, symbol, bar, horizon and signal) or "sequential" (one stream in the order of the questions, draw for draw that of NumPy).',
  },
} as const satisfies ParameterDeclarations;

/** Parameters that both barrier oracles share; the ones that differ stand with each oracle. */
export const oracleParameters = {
  csv_file: {
    type: 'string',
    default: null,
    help: 'CSV file with the bars: time, high, low and close columns with a header. Required.',
  },
  datetime_column: { type: 'string', default: 'DATE_TIME', help: 'Name of the time column.' },
  high_column: { type: 'string', default: 'HIGH', help: 'Name of the high column.' },
  low_column: { type: 'string', default: 'LOW', help: 'Name of the low column.' },
  close_column: { type: 'string', default: 'CLOSE', help: 'Name of the close column.' },
  symbol: {
    type: 'string',
    default: '',
    help: 'Symbol of the bars; it only keys the noise, so that two symbols with one seed differ.',
  },
  pip_cost: {
    type: 'number',
    default: 0.00001,
    min: 0,
    help: 'Size of one pip in price units. The default is a tenth of the market pip of EUR/USD.',
  },
  friday_close_hour: {
    type: 'integer',
    default: 20,
    min: 0,
    max: 23,
    help: 'Hour of Friday (in the time of the data) at which the trading week closes.',
  },
  horizon_mode: {
    type: 'string',
    default: 'week',
    oneOf: ['week', 'original'],
    help: 'How far the oracle looks: "week" (to the close of the same trading week) or "original" (the rule behind the reference vectors, which stops after two bars on Mondays).',
  },
  window_size: {
    type: 'integer',
    default: 0,
    min: 0,
    help: 'Advertised as input window in the model info; the oracle needs none.',
  },
  ...matchParameters,
  ...noiseParameters,
} as const satisfies ParameterDeclarations;
