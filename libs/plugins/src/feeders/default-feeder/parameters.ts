import { decimal, integer, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';

/** Parameters of `default_feeder`: what every source has, then files, then the market. */
export const feederParameters = {
  data_source: text('yfinance', 'Where bars come from: Yahoo Finance, or CSV files.', {
    oneOf: ['yfinance', 'file'],
  }),
  instrument: text('MSFT', 'Symbol to feed when a question names none.', { minLength: 1 }),
  symbol_map: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Other names of symbols, for example `{"SPX": "^GSPC"}`. Pairs of currencies need none: EURUSD and EUR_USD are EURUSD=X at Yahoo.',
  },
  feature_columns: {
    type: 'list',
    items: 'string',
    default: null,
    help: "Columns to hand over, in this order; `all` for the original's 44. Indicators, bar shapes, ticks of shorter bars and calendar columns are computed. Null: the columns of the source.",
  },
  target_column: text(
    'CLOSE',
    'Column that is predicted; kept beside `feature_columns` when the source has it.',
    { minLength: 1 },
  ),
  correlated_instruments: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Symbols whose last closed session is joined as a column: `^GSPC` as S&P500_Close, `^VIX` as vix_close, others as <symbol>_Close.',
  },
  window_size: integer(
    256,
    'Newest rows handed over by the market when a question names no range; 0 for all.',
    { min: 0, max: 1_000_000 },
  ),
  use_normalization_json: text(
    null,
    'JSON file with the normalisation that is applied to the columns it names.',
    { minLength: 1 },
  ),
  n_batches: integer(1, 'Accepted for compatibility; no effect because a range is fetched at once.', {
    min: 1,
  }),
  batch_size: integer(256, 'Accepted for compatibility; no effect because a range is fetched at once.', {
    min: 1,
  }),
  data_file_path: text(null, 'CSV file with the bars of every symbol that `data_files` does not name.', {
    minLength: 1,
  }),
  data_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'CSV file by symbol, for example `{"EURUSD": "eurusd.csv", "EURUSD@15m": "eurusd_15m.csv"}`; shorter bars are for the tick columns.',
  },
  date_column: text(
    'DATE_TIME',
    'Column of the files with the time of a bar, in UTC unless it carries an offset.',
    { minLength: 1 },
  ),
  data_cache_mb: integer(512, 'Megabytes of parsed files kept in memory.', { min: 1, max: 1_000_000 }),
  history_days: integer(
    30,
    'Least days of market history for a question without a range; more where `window_size` needs them.',
    { min: 1, max: 36_500 },
  ),
  yahoo_url: text(
    'https://query2.finance.yahoo.com',
    'Address of the chart service, for example that of a caching proxy.',
    { pattern: /^https?:\/\/[^/\s]+$/ },
  ),
  source_timeout_seconds: decimal(10, 'Seconds one request to the market may take.', { min: 0.01, max: 300 }),
  source_retries: integer(2, 'Further attempts after a failed request.', { min: 0, max: 10 }),
  source_retry_delay_ms: integer(
    250,
    'Milliseconds before the first further attempt; the next ones wait longer, each with jitter.',
    { min: 1, max: 60_000 },
  ),
  source_break_after: integer(
    5,
    'Failed requests in a row after which the market is left alone for a while.',
    { min: 1, max: 1_000 },
  ),
  source_break_seconds: decimal(30, 'Seconds for which it is left alone.', { min: 0.01, max: 3_600 }),
  source_cache_seconds: decimal(60, 'Seconds for which the same question is answered from memory.', {
    min: 0,
    max: 86_400,
  }),
} as const satisfies ParameterDeclarations;

export type FeederSettings = ParametersOf<typeof feederParameters>;
