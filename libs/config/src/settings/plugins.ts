import {
  choice,
  decimal,
  flag,
  integer,
  textList,
  map,
  noEffect,
  type ParameterDeclarations,
  text,
} from '#libs/kernel';

const ONE_DATABASE = noEffect('everything is stored in the one database of `database_url`');
const CPU_ONLY = noEffect('models run on the CPU');

/** Which plugins are loaded, and the endpoint plugins' own listener. */
export const PLUGIN_SETTINGS = {
  plugins: textList(
    [],
    'Additional plugins to load: npm packages (`@acme/lstm`) or paths of modules (`./my-feeder.js`).',
  ),
  plugin_parameters: map(
    { secret: true },
    'Plugin parameters as one object, for example `{"csv_file": "bars.csv"}`; use it to set them from the environment. A parameter that is also given by itself takes that value.',
  ),
  plugin_aliases: map(
    { secret: true },
    'More names for plugins, each a plugin id or an object of `plugin` and `parameters`, for example `{"transformer": {"plugin": "default_predictor", "parameters": {"model_path": "t.keras"}}}`. A request may name an alias wherever it may name the plugin; its parameters win over those given for all.',
  ),
  default_plugins: map(
    { items: 'string' },
    'Default plugin by kind for requests that name none, for example `{"predictor": "random_walk_predictor"}`; takes precedence over the `_plugin` settings.',
  ),
  endpoints_plugin: text(
    { default: 'default_endpoints', minLength: 1 },
    'Endpoints plugin that is always mounted.',
  ),
  endpoint_plugins: textList(
    ['predict_endpoint'],
    'Additional endpoints plugins to mount, for example `health_endpoint`.',
  ),
  endpoints_host: text(
    { default: '0.0.0.0', minLength: 1 },
    'Address of the second listener; see `endpoints_port`.',
  ),
  endpoints_port: integer(
    { default: 5_000, min: 1, max: 65_535 },
    'Any value other than 5000 opens a second listener with the same routes on `endpoints_host` and this port.',
  ),
  endpoints_debug: flag(
    false,
    'Include the parameters of every loaded plugin in the info endpoint, without secrets.',
  ),
  endpoints_db_path: text({ default: 'prediction_provider.db' }, ONE_DATABASE),
} satisfies ParameterDeclarations;

/** Defaults of the feeder: what data is asked for. A plugin's own default wins over the ones here. */
export const FEEDER_SETTINGS = {
  feeder_plugin: text(
    { default: 'default_feeder', minLength: 1 },
    'Feeder plugin that supplies the market data.',
  ),
  instrument: text(
    { default: 'MSFT', minLength: 1, maxLength: 32 },
    'Symbol to use when a request names none.',
  ),
  correlated_instruments: textList(
    [],
    'Symbols whose closing prices are added as columns, for example `^GSPC,^VIX`.',
  ),
  window_size: integer(
    { default: 256, min: 0, max: 1_000_000 },
    'Number of rows of history that a feeder returns and a model reads.',
  ),
  batch_size: integer(
    { default: 256, min: 1, max: 65_536 },
    'Maximum number of Monte-Carlo samples computed in one run of a model; limits its memory use.',
  ),
  n_batches: integer(
    { default: 1, min: 1, max: 65_536 },
    noEffect('a feeder fetches its whole range at once'),
  ),
  use_normalization_json: text(
    { default: null, minLength: 1 },
    "Path of a JSON file with the normalisation of the feeder's columns.",
  ),
  target_column: text({ default: 'Close', minLength: 1 }, 'Column to predict when a request names none.'),
} satisfies ParameterDeclarations;

/** Defaults of the predictor and its models. A plugin's own default wins over the ones here. */
export const PREDICTOR_SETTINGS = {
  predictor_plugin: text(
    { default: 'default_predictor', minLength: 1 },
    'Predictor plugin that answers requests.',
  ),
  model_path: text(
    { default: null, minLength: 1 },
    'Path of the model file; without one the default predictor is a test instrument that reads future data.',
  ),
  normalization_params_path: text(
    { default: null, minLength: 1 },
    "Path of a JSON file with the normalisation of the model's inputs and outputs.",
  ),
  model_type: choice(
    { default: 'keras', oneOf: ['keras', 'onnx', 'tfjs', 'sklearn', 'pytorch'] },
    'Format of the model files; sklearn and pytorch models must be exported to ONNX first.',
  ),
  prediction_horizon: integer(
    { default: 6, min: 1, max: 1_000 },
    'Number of bars to predict when a request does not say.',
  ),
  prediction_confidence_level: decimal(
    { default: 0.95, min: 0.01, max: 0.999 },
    'Confidence level of the intervals around a forecast.',
  ),
  prediction_target_column: text(
    { default: 'close_price', minLength: 1 },
    'Column that the default predictor predicts when neither the request nor `target_column` names one; `close_price` means CLOSE in files without it.',
  ),
  mc_samples: integer(
    { default: 100, min: 0, max: 100_000 },
    'Number of Monte-Carlo dropout samples per forecast; 0 runs a single deterministic pass.',
  ),
  use_gpu: flag(true, CPU_ONLY),
  gpu_memory_limit: integer({ default: null, min: 1, max: 1_048_576 }, CPU_ONLY),
  enable_mixed_precision: flag(false, noEffect('a model runs in the precision it was saved with')),
  model_cache_size: integer(
    { default: 5, min: 1, max: 1_000 },
    'Maximum number of models kept in memory; the least recently used one is dropped first.',
  ),
} satisfies ParameterDeclarations;

/** The pipeline and its schedule. */
export const PIPELINE_SETTINGS = {
  pipeline_plugin: text(
    { default: 'default_pipeline', minLength: 1 },
    'Pipeline plugin that connects feeder and predictor.',
  ),
  pipeline_enabled: flag(true, 'Run predictions; when false, new predictions are refused with 503.'),
  scheduled_predictions: flag(
    false,
    'Predict the configured instrument once in each `prediction_interval`, however many processes share the database.',
  ),
  prediction_interval: integer(
    { default: 300, min: 1, max: 86_400 },
    'Time between two scheduled predictions, in seconds; they come at whole multiples of it, counted from 1970 in UTC.',
  ),
  pipeline_db_path: text({ default: 'prediction_provider.db' }, ONE_DATABASE),
} satisfies ParameterDeclarations;
