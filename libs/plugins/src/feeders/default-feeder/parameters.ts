import { decimal, integer, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';

/** Parameters of `default_feeder`: what every source has, then files, then the market. */
export const feederParameters = {
  data_source: text('yfinance', 'Where bars come from: Yahoo Finance, or CSV files.', {
    oneOf: ['yfinance', 'file'],
  }),
  instrument: text('MSFT', 'Symbol that is used when a request names none.', { minLength: 1 }),
  symbol_map: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Names of symbols at the source, for example `{"SPX": "^GSPC"}`. Currency pairs need no entry: EURUSD and EUR_USD become EURUSD=X at Yahoo Finance.',
  },
  feature_columns: {
    type: 'list',
    items: 'string',
    default: null,
    help: 'Columns to deliver, in this order; `all` stands for the 44 columns of the original feeder. Indicators, bar shapes, ticks of shorter bars and calendar columns are computed. Null delivers the columns of the source.',
  },
  target_column: text(
    'CLOSE',
    'Column to predict. It is delivered together with `feature_columns` when the source has it.',
    { minLength: 1 },
  ),
  correlated_instruments: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Symbols whose close of the last finished session is added as a column: `^GSPC` as S&P500_Close, `^VIX` as vix_close, others as <symbol>_Close.',
  },
  window_size: integer(
    256,
    'Number of newest rows to deliver from the market when a request names no range; 0 delivers all.',
    { min: 0, max: 1_000_000 },
  ),
  use_normalization_json: text(
    null,
    'JSON file with the normalisation to apply to the columns that it names.',
    { minLength: 1 },
  ),
  n_batches: integer(
    1,
    'Accepted for compatibility; has no effect because a range is fetched in one request.',
    {
      min: 1,
    },
  ),
  batch_size: integer(
    256,
    'Accepted for compatibility; has no effect because a range is fetched in one request.',
    {
      min: 1,
    },
  ),
  data_file_path: text(null, 'CSV file with the bars of all symbols that `data_files` does not list.', {
    minLength: 1,
  }),
  data_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'CSV file for each symbol, for example `{"EURUSD": "eurusd.csv", "EURUSD@15m": "eurusd_15m.csv"}`. Files of shorter bars serve the tick columns.',
  },
  date_column: text(
    'DATE_TIME',
    'Name of the column with the time of each bar. Times are UTC unless they carry an offset.',
    { minLength: 1 },
  ),
  data_cache_mb: integer(512, 'Size of the cache of parsed files, in megabytes.', { min: 1, max: 1_000_000 }),
  history_days: integer(
    30,
    'Minimum days of market history for a request without a range; more are fetched when `window_size` needs them.',
    { min: 1, max: 36_500 },
  ),
  yahoo_url: text(
    'https://query2.finance.yahoo.com',
    'Base URL of the chart service; set it to use a caching proxy, for example.',
    { pattern: /^https?:\/\/[^/\s]+$/ },
  ),
  source_timeout_seconds: decimal(10, 'Time limit of one request to the market, in seconds.', {
    min: 0.01,
    max: 300,
  }),
  source_retries: integer(2, 'Number of retries after a failed request.', { min: 0, max: 10 }),
  source_retry_delay_ms: integer(
    250,
    'Milliseconds before the first retry. Later retries wait longer; every wait is randomised a little.',
    { min: 1, max: 60_000 },
  ),
  source_break_after: integer(
    5,
    'Number of consecutive failed requests after which no requests are sent for `source_break_seconds`.',
    { min: 1, max: 1_000 },
  ),
  source_break_seconds: decimal(30, 'Seconds without requests after `source_break_after` failures.', {
    min: 0.01,
    max: 3_600,
  }),
  source_cache_seconds: decimal(
    60,
    'Seconds for which the answer to a request is reused for the same request.',
    {
      min: 0,
      max: 86_400,
    },
  ),
} as const satisfies ParameterDeclarations;

export type FeederSettings = ParametersOf<typeof feederParameters>;
