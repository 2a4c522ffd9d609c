import type { ParameterDeclarations, ParametersOf } from '#libs/kernel';

/** Parameters of `default_feeder`: what every source has, then files, then the market. */
export const feederParameters = {
  data_source: {
    type: 'string',
    default: 'yfinance',
    oneOf: ['yfinance', 'file'],
    help: 'Where bars come from: Yahoo Finance, or CSV files.',
  },
  instrument: {
    type: 'string',
    default: 'MSFT',
    minLength: 1,
    help: 'Symbol to feed when a question names none.',
  },
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
  target_column: {
    type: 'string',
    default: 'CLOSE',
    minLength: 1,
    help: 'Column that is predicted; kept beside `feature_columns` when the source has it.',
  },
  correlated_instruments: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Symbols whose last closed session is joined as a column: `^GSPC` as S&P500_Close, `^VIX` as vix_close, others as <symbol>_Close.',
  },
  window_size: {
    type: 'integer',
    default: 256,
    min: 0,
    max: 1_000_000,
    help: 'Newest rows handed over by the market when a question names no range; 0 for all.',
  },
  use_normalization_json: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'JSON file with the normalisation that is applied to the columns it names.',
  },
  n_batches: {
    type: 'integer',
    default: 1,
    min: 1,
    help: 'Accepted for compatibility; no effect because a range is fetched at once.',
  },
  batch_size: {
    type: 'integer',
    default: 256,
    min: 1,
    help: 'Accepted for compatibility; no effect because a range is fetched at once.',
  },
  data_file_path: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'CSV file with the bars of every symbol that `data_files` does not name.',
  },
  data_files: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'CSV file by symbol, for example `{"EURUSD": "eurusd.csv", "EURUSD@15m": "eurusd_15m.csv"}`; shorter bars are for the tick columns.',
  },
  date_column: {
    type: 'string',
    default: 'DATE_TIME',
    minLength: 1,
    help: 'Column of the files with the time of a bar, in UTC unless it carries an offset.',
  },
  data_cache_mb: {
    type: 'integer',
    default: 512,
    min: 1,
    max: 1_000_000,
    help: 'Megabytes of parsed files kept in memory.',
  },
  history_days: {
    type: 'integer',
    default: 30,
    min: 1,
    max: 36_500,
    help: 'Least days of market history for a question without a range; more where `window_size` needs them.',
  },
  yahoo_url: {
    type: 'string',
    default: 'https://query2.finance.yahoo.com',
    pattern: /^https?:\/\/[^/\s]+$/,
    help: 'Address of the chart service, for example that of a caching proxy.',
  },
  source_timeout_seconds: {
    type: 'number',
    default: 10,
    min: 0.01,
    max: 300,
    help: 'Seconds one request to the market may take.',
  },
  source_retries: {
    type: 'integer',
    default: 2,
    min: 0,
    max: 10,
    help: 'Further attempts after a failed request.',
  },
  source_retry_delay_ms: {
    type: 'integer',
    default: 250,
    min: 1,
    max: 60_000,
    help: 'Milliseconds before the first further attempt; the next ones wait longer, each with jitter.',
  },
  source_break_after: {
    type: 'integer',
    default: 5,
    min: 1,
    max: 1_000,
    help: 'Failed requests in a row after which the market is left alone for a while.',
  },
  source_break_seconds: {
    type: 'number',
    default: 30,
    min: 0.01,
    max: 3_600,
    help: 'Seconds for which it is left alone.',
  },
  source_cache_seconds: {
    type: 'number',
    default: 60,
    min: 0,
    max: 86_400,
    help: 'Seconds for which the same question is answered from memory.',
  },
} as const satisfies ParameterDeclarations;

export type FeederSettings = ParametersOf<typeof feederParameters>;
