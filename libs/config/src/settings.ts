import {
  hasNoEffect,
  type ParameterDeclaration,
  type ParameterDeclarations,
  type ParametersOf,
} from '#libs/kernel';
import { SECURITY_SETTINGS, USER_SETTINGS } from './settings/accounts.js';
import { AGENT_SETTINGS, MARKETPLACE_SETTINGS } from './settings/marketplace.js';
import {
  FEEDER_SETTINGS,
  PIPELINE_SETTINGS,
  PLUGIN_SETTINGS,
  PREDICTOR_SETTINGS,
} from './settings/plugins.js';
import {
  AUDIT_SETTINGS,
  JOB_SETTINGS,
  BACKTEST_SETTINGS,
  INFERENCE_SETTINGS,
  OUTCOME_SETTINGS,
  PREDICTION_SETTINGS,
} from './settings/predictions.js';
import { DATABASE_SETTINGS, FILE_SETTINGS, LOGGING_SETTINGS, SERVER_SETTINGS } from './settings/service.js';

/** Every setting of the product by its one name: flag `--port`, config file `"port"`, `config.port`. */
export const SETTINGS = {
  ...SERVER_SETTINGS,
  ...DATABASE_SETTINGS,
  ...SECURITY_SETTINGS,
  ...PLUGIN_SETTINGS,
  ...FEEDER_SETTINGS,
  ...PREDICTOR_SETTINGS,
  ...PIPELINE_SETTINGS,
  ...PREDICTION_SETTINGS,
  ...BACKTEST_SETTINGS,
  ...INFERENCE_SETTINGS,
  ...OUTCOME_SETTINGS,
  ...JOB_SETTINGS,
  ...AUDIT_SETTINGS,
  ...MARKETPLACE_SETTINGS,
  ...AGENT_SETTINGS,
  ...LOGGING_SETTINGS,
  ...FILE_SETTINGS,
  ...USER_SETTINGS,
};

export type ConfigKey = keyof typeof SETTINGS;

/** The settings with their values, typed from the declarations; nullable exactly where the default is null. */
export type Settings = ParametersOf<typeof SETTINGS>;

/** Settings that belong together, in the order of the help and the documentation. */
export interface SettingGroup {
  readonly title: string;
  readonly settings: ParameterDeclarations;
}

export const SETTING_GROUPS: readonly SettingGroup[] = [
  { title: 'Server', settings: SERVER_SETTINGS },
  { title: 'Database', settings: DATABASE_SETTINGS },
  { title: 'Security and accounts', settings: SECURITY_SETTINGS },
  { title: 'Plugins and endpoints', settings: PLUGIN_SETTINGS },
  { title: 'Feeder', settings: FEEDER_SETTINGS },
  { title: 'Predictor', settings: PREDICTOR_SETTINGS },
  { title: 'Pipeline', settings: PIPELINE_SETTINGS },
  { title: 'Predictions', settings: PREDICTION_SETTINGS },
  { title: 'Back-tests', settings: BACKTEST_SETTINGS },
  { title: 'Models over the Open Inference Protocol', settings: INFERENCE_SETTINGS },
  { title: 'Outcomes of forecasts', settings: OUTCOME_SETTINGS },
  { title: 'Jobs', settings: JOB_SETTINGS },
  { title: 'Audit', settings: AUDIT_SETTINGS },
  { title: 'Marketplace', settings: MARKETPLACE_SETTINGS },
  { title: 'Evaluator agent', settings: AGENT_SETTINGS },
  { title: 'Logging', settings: LOGGING_SETTINGS },
  { title: 'Files and remote addresses', settings: FILE_SETTINGS },
  { title: 'User management', settings: USER_SETTINGS },
];

/** Every setting's name, in the order of the documentation. */
export const CONFIG_KEYS = Object.keys(SETTINGS) as readonly ConfigKey[];

export const isConfigKey = (name: string): name is ConfigKey => Object.hasOwn(SETTINGS, name);

/** The declaration behind a setting, in its general type. */
export const declarationOf = (key: ConfigKey): ParameterDeclaration => SETTINGS[key];

/** Settings that old configurations carry and that nothing here can obey; their help says why. */
export const KEYS_WITHOUT_EFFECT: readonly ConfigKey[] = CONFIG_KEYS.filter((key) =>
  hasNoEffect(SETTINGS[key].help),
);
