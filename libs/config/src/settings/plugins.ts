import type { ParameterDeclarations } from '#libs/kernel';
import { noEffect } from './no-effect.js';

/** Which plugins are loaded, and the endpoint plugins' own listener. */
export const PLUGIN_SETTINGS = {
  plugins: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Further plugins to load: npm packages (`@acme/lstm`) or paths of modules (`./my-feeder.js`).',
  },
  plugin_parameters: {
    type: 'map',
    default: {},
    secret: true,
    help: 'Plugin parameters together, for example `{"csv_file": "bars.csv"}`; the way to give them in the environment. The same name given by itself wins.',
  },
  default_plugins: {
    type: 'map',
    items: 'string',
    default: {},
    help: 'Plugin that answers requests naming none, by kind, for example `{"predictor": "random_walk_predictor"}`; wins over the `_plugin` settings.',
  },
  endpoints_plugin: {
    type: 'string',
    default: 'default_endpoints',
    minLength: 1,
    help: 'Endpoints plugin that is always mounted.',
  },
  endpoint_plugins: {
    type: 'list',
    items: 'string',
    default: ['predict_endpoint'],
    help: 'Further endpoints plugins to mount, for example `health_endpoint`.',
  },
  endpoints_host: {
    type: 'string',
    default: '0.0.0.0',
    minLength: 1,
    help: 'Address of the second listener, see `endpoints_port`.',
  },
  endpoints_port: {
    type: 'integer',
    default: 5_000,
    min: 1,
    max: 65_535,
    help: 'Any other value than 5000 opens a second listener with the same routes at `endpoints_host` and this port.',
  },
  endpoints_debug: {
    type: 'boolean',
    default: false,
    help: 'The info endpoint also shows the parameters of every loaded plugin, secrets left out.',
  },
  endpoints_db_path: {
    type: 'string',
    default: 'prediction_provider.db',
    help: noEffect('everything is stored in the one database of `database_url`'),
  },
} as const satisfies ParameterDeclarations;
