import type { ParameterDeclarations } from '#libs/kernel';

const CUSTOM_LAYERS = {
  custom_layers: {
    type: 'map',
    items: 'string',
    default: null,
    help: 'Recipes for layer classes of your own, by class, as JSON.',
  },
} as const satisfies ParameterDeclarations;

/** Flags of `models run`. */
export const MODEL_RUN_FLAGS = {
  ...CUSTOM_LAYERS,
  input: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Path of a JSON file of the form `{"inputs": [{"name", "shape", "data"}]}`; `-` reads standard input.',
  },
  mc_samples: {
    type: 'integer',
    default: null,
    min: 0,
    max: 100_000,
    help: 'Number of passes with dropout active; the output then includes their mean and standard deviation.',
  },
  mc_seed: {
    type: 'integer',
    default: null,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'Seed of the `mc_samples` passes, 0 if not set; the same seed gives exactly the same output.',
  },
} as const satisfies ParameterDeclarations;

/** Flags of `models convert`. */
export const MODEL_CONVERT_FLAGS = CUSTOM_LAYERS;

/** Flags of `models inspect`. */
export const MODEL_INSPECT_FLAGS = {
  ...CUSTOM_LAYERS,
  json: { type: 'boolean', default: null, help: 'Print everything as JSON.' },
} as const satisfies ParameterDeclarations;

/** Flags of `data inspect`; those of the format have the names and the rules of the settings. */
export const DATA_INSPECT_FLAGS = {
  json: { type: 'boolean', default: null, help: 'Print everything as JSON.' },
  date_column: { type: 'string', default: null, help: 'Name of the column with the times.' },
  csv_dialect: { type: 'string', default: null, help: 'Maker of the file.' },
  columns: {
    type: 'map',
    items: 'string',
    default: null,
    help: 'Names of columns in the file by the name under which they are wanted.',
  },
  rows: {
    type: 'map',
    items: 'string',
    default: null,
    help: 'Rows that count in a file of several symbols, by the text of a column.',
  },
  time_format: { type: 'string', default: null, help: 'How times are written.' },
  data_timezone: { type: 'string', default: null, help: 'Time zone of times without an offset.' },
  bar_time: {
    type: 'string',
    default: null,
    help: 'Whether times are the beginnings of bars, `open`, or their ends, `close`.',
  },
  decimal: { type: 'string', default: null, help: 'Sign before the decimals of numbers.' },
  thousands: { type: 'string', default: null, help: 'Sign between the thousands of numbers.' },
} as const satisfies ParameterDeclarations;

/** Flags of `data validate`: those of `data inspect`, and what the data must be. */
export const DATA_VALIDATE_FLAGS = {
  ...DATA_INSPECT_FLAGS,
  expect_columns: {
    type: 'list',
    items: 'string',
    default: null,
    help: 'Columns that must exist and have values, CLOSE if not set.',
  },
  from: { type: 'string', default: null, help: 'Time at which the bars must have begun.' },
  to: { type: 'string', default: null, help: 'Time that the bars must reach.' },
  max_missing: {
    type: 'number',
    default: null,
    min: 0,
    max: 1,
    help: 'Greatest share of rows without a value in one of these columns, 0 if not set.',
  },
  reference: {
    type: 'string',
    default: null,
    help: 'File to compare with: columns of the same name in bars of the same time.',
  },
  tolerance: {
    type: 'number',
    default: null,
    min: 0,
    help: 'Greatest difference from the reference that is no difference, 0.001 if not set.',
  },
} as const satisfies ParameterDeclarations;

/** Flags of `demo`. */
export const DEMO_FLAGS = {
  once: { type: 'boolean', default: false, help: 'End after the answers.' },
} as const satisfies ParameterDeclarations;

/** Flags of `plugins new`. */
export const PLUGINS_NEW_FLAGS = {
  kind: {
    type: 'string',
    default: 'predictor',
    oneOf: ['predictor', 'feeder'],
    help: 'What the plugin is, predictor if not set.',
  },
} as const satisfies ParameterDeclarations;

/** Flags of `plugins test`. */
export const PLUGINS_TEST_FLAGS = {
  bars: {
    type: 'string',
    default: null,
    help: 'Data file with at least 40 bars to ask predictors about; made-up hourly bars if not set.',
  },
  parameters: {
    type: 'map',
    default: {},
    help: 'Parameters of the plugins, their defaults if not set.',
  },
  symbol: { type: 'string', default: 'EURUSD', help: 'Symbol that a feeder has.' },
  interval: { type: 'string', default: '1h', help: 'Length of bars that a feeder has.' },
  unknown_symbol: { type: 'string', default: null, help: 'Symbol that a feeder must refuse.' },
} as const satisfies ParameterDeclarations;

const ANCHOR_FLAGS = {
  audit_anchor: { type: 'string', default: null, help: 'Path or URL of anchors to compare with.' },
  audit_anchor_keys: {
    type: 'string',
    default: null,
    help: 'Path of the public keys that the anchors must be signed with: a copy of `/.well-known/jwks.json`.',
  },
} as const satisfies ParameterDeclarations;

/** Flags of `receipts verify`. */
export const RECEIPTS_VERIFY_FLAGS = {
  keys: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Path of the public keys, as `/.well-known/jwks.json` serves them; `jwks.json` beside the receipts if not set.',
  },
  ...ANCHOR_FLAGS,
} as const satisfies ParameterDeclarations;

/** Flags of `audit verify-archive`. */
export const AUDIT_VERIFY_ARCHIVE_FLAGS = {
  ...ANCHOR_FLAGS,
} as const satisfies ParameterDeclarations;
