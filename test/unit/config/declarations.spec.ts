import { describe, expect, it } from '@jest/globals';
import {
  CONFIG_KEYS,
  declarationOf,
  isConfigKey,
  KEYS_WITHOUT_EFFECT,
  SETTING_GROUPS,
  type ConfigKey,
} from '#libs/config';
import { checkParameter } from '#libs/kernel';

/** The 67 settings that clients of earlier versions carry in their files and scripts, with their defaults. */
const INHERITED: Readonly<Record<string, unknown>> = {
  core_plugin: 'default_core',
  host: '127.0.0.1',
  port: 8000,
  reload: false,
  workers: 1,
  database_url: 'sqlite:///predictions.db',
  database_echo: false,
  database_pool_size: 10,
  database_max_overflow: 20,
  secret_key: null, // no default secret is published
  algorithm: 'HS256',
  access_token_expire_minutes: 30,
  api_key_expire_days: 90,
  require_activation: true,
  endpoints_plugin: 'default_endpoints',
  endpoints_host: '0.0.0.0',
  endpoints_port: 5000,
  endpoints_debug: false,
  endpoints_db_path: 'prediction_provider.db',
  endpoint_plugins: ['predict_endpoint'],
  feeder_plugin: 'default_feeder',
  instrument: 'MSFT',
  correlated_instruments: [],
  n_batches: 1,
  batch_size: 256,
  window_size: 256,
  use_normalization_json: null,
  target_column: 'Close',
  predictor_plugin: 'default_predictor',
  model_path: null,
  normalization_params_path: null,
  model_type: 'keras',
  prediction_horizon: 6,
  prediction_timeout: 300,
  max_concurrent_predictions: 10,
  prediction_history_days: 30,
  prediction_confidence_level: 0.95,
  prediction_target_column: 'close_price',
  mc_samples: 100,
  use_gpu: true,
  gpu_memory_limit: null,
  enable_mixed_precision: false,
  model_cache_size: 5,
  pipeline_plugin: 'default_pipeline',
  pipeline_enabled: true,
  prediction_interval: 300,
  pipeline_db_path: 'prediction_provider.db',
  enable_logging: true,
  quiet_mode: false,
  log_level: 'WARNING',
  create_user: null,
  username: null,
  email: null,
  role: 'client',
  activate_user: null,
  change_password: false,
  old_password: null,
  new_password: null,
  load_config: null,
  save_config: null,
  output_file: null,
  results_file: null,
  password: null,
  remote_load_config: null,
  remote_save_config: null,
  remote_log: null,
  save_log: null,
};

describe('the declarations', () => {
  it('hold all 67 inherited settings with their defaults', () => {
    const names = Object.keys(INHERITED);
    expect(names).toHaveLength(67);
    const declared = names.filter(isConfigKey).map((key) => [key, declarationOf(key).default]);
    expect(Object.fromEntries(declared)).toEqual(INHERITED);
  });

  it('name no setting in two groups', () => {
    const names = SETTING_GROUPS.flatMap(({ settings }) => Object.keys(settings));
    expect(names).toEqual([...CONFIG_KEYS]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(CONFIG_KEYS.map((key) => [key]))('%s has a default that it allows, and help', (key: ConfigKey) => {
    const declaration = declarationOf(key);
    expect(checkParameter(declaration, declaration.default)).toEqual({ value: declaration.default });
    expect(declaration.help).toMatch(/^\S.*[^.]\.$/s);
  });

  it('treat everything called a password, secret or key of an account as secret', () => {
    const sensitive = CONFIG_KEYS.filter((key) => /password$|secret|api_key$|database_url/.test(key));
    const shown = sensitive.filter((key) => declarationOf(key).secret !== true);
    expect(shown).toEqual(['change_password']); // a switch
  });

  it('admit to no more settings without effect than these', () => {
    expect(KEYS_WITHOUT_EFFECT).toEqual([
      'endpoints_db_path',
      'n_batches',
      'use_gpu',
      'gpu_memory_limit',
      'enable_mixed_precision',
      'pipeline_db_path',
    ]);
  });
});
