import { describe, expect, it } from '@jest/globals';
import { loadConfig, processEnvironment, type ConfigSource } from '#libs/config';
import { givenValues } from './given-values.js';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

interface Sources {
  readonly remote?: Readonly<Record<string, unknown>>;
  readonly file?: Readonly<Record<string, unknown>>;
  readonly dotenv?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly flags?: Readonly<Record<string, unknown>>;
}

function load({ remote, file, dotenv, env = {}, argv = [], flags }: Sources) {
  const files = {
    ...(file ? { 'config.json': JSON.stringify(file) } : {}),
    ...(dotenv === undefined ? {} : { '.env': dotenv }),
  };
  return loadConfig({
    cwd: folderWith(files),
    env: remote ? { PREDICTION_PROVIDER_REMOTE_LOAD_CONFIG: 'https://config.test/', ...env } : env,
    argv: file ? ['--load_config', 'config.json', ...argv] : argv,
    ...(remote ? { remote } : {}),
    ...(flags ? { flags } : {}),
  });
}

describe('precedence', () => {
  const all: Required<Omit<Sources, 'flags'>> = {
    remote: { port: 1 },
    file: { port: 2 },
    dotenv: 'PORT=3',
    env: { PORT: '4' },
    argv: ['--port', '5'],
  };
  it.each<[ConfigSource, number, (keyof Sources)[]]>([
    ['default', 8000, []],
    ['remote', 1, ['remote']],
    ['file', 2, ['remote', 'file']],
    ['dotenv', 3, ['remote', 'file', 'dotenv']],
    ['environment', 4, ['remote', 'file', 'dotenv', 'env']],
    ['flag', 5, ['remote', 'file', 'dotenv', 'env', 'argv']],
    ['file', 2, ['file']],
    ['environment', 4, ['file', 'env']],
    ['flag', 5, ['remote', 'argv']],
  ])('takes the port from %s: %i of %j', (source, port, present) => {
    const config = load(Object.fromEntries(present.map((name) => [name, all[name as keyof typeof all]])));
    expect(config.port).toBe(port);
    expect(config.source('port')).toBe(source);
    expect(config.given('port')).toBe(source !== 'default');
  });

  it('lets the long variable win over the short one, but no file over the real environment', () => {
    expect(load({ env: { PREDICTION_PROVIDER_PORT: '1', PORT: '2' } }).port).toBe(1);
    expect(load({ dotenv: 'PREDICTION_PROVIDER_PORT=1', env: { PORT: '2' } }).port).toBe(2);
  });

  it('takes plugin parameters from file and flags, and together from the environment', () => {
    const config = load({
      file: { csv_file: 'file.csv', noise_std: 0.1, plugin_parameters: { noise_std: 0.2, atr_period: 3 } },
      env: { PREDICTION_PROVIDER_PLUGIN_PARAMETERS: '{"atr_period": 4, "pip_cost": 0.1}' },
      argv: ['--pip_cost', '0.5'],
    });
    expect(config.extras).toEqual({ csv_file: 'file.csv', noise_std: 0.1, atr_period: 4, pip_cost: 0.5 });
    expect(config.source('csv_file')).toBe('file');
    expect(config.source('atr_period')).toBe('environment');
    expect(config.source('pip_cost')).toBe('flag');
    expect(config.source('unheard_of')).toBeUndefined();
  });

  it('passes typed values of a caller like flags', () => {
    const config = load({ env: { PORT: '1' }, flags: { port: 2, plugins: ['./a.js'], noise_std: 0.5 } });
    expect(config).toMatchObject({ port: 2, plugins: ['./a.js'] });
    expect(config.extras).toEqual({ noise_std: 0.5 });
  });

  it('gives a plugin only what was given explicitly, never a built-in default', () => {
    const names = ['window_size', 'prediction_horizon', 'noise_std', 'csv_file'];
    expect(givenValues(load({}), names)).toEqual({});
    const config = load({ file: { window_size: 124 }, argv: ['--noise_std', '0.3'] });
    expect(givenValues(config, names)).toEqual({ window_size: 124, noise_std: 0.3 });
    expect(config.prediction_horizon).toBe(6);
  });

  it('counts a value as given even when it equals the default', () => {
    expect(load({ argv: ['--window_size', '256'] }).given('window_size')).toBe(true);
  });

  it('lets null and the word null take a value back where null is the default', () => {
    const config = load({ file: { model_path: 'a.keras' }, argv: ['--model_path', 'null'] });
    expect(config.model_path).toBeNull();
    expect(load({ file: { model_path: null } }).given('model_path')).toBe(true);
  });
});

describe('the environment', () => {
  it.each([
    ['REQUIRE_AUTH', 'TRUE', 'require_auth', true],
    ['SKIP_BACKGROUND_TASKS', 'true', 'skip_background_tasks', true],
    ['SKIP_RATE_LIMITING', 'true', 'skip_rate_limiting', true],
    ['PREDICTION_PROVIDER_QUIET', '1', 'quiet_mode', true],
    ['DATABASE_URL', 'sqlite:///a.db', 'database_url', 'sqlite:///a.db'],
    ['HOST', '0.0.0.0', 'host', '0.0.0.0'],
    ['ADMIN_USERNAME', 'root', 'admin_username', 'root'],
    ['ADMIN_PASSWORD', 'a long one', 'admin_password', 'a long one'],
    ['NODE_ENV', 'test', 'environment', 'test'],
    ['PREDICTION_PROVIDER_LOG_LEVEL', 'debug', 'log_level', 'DEBUG'],
    [
      'PREDICTION_PROVIDER_ALLOWED_ORIGINS',
      'http://a, http://b',
      'allowed_origins',
      ['http://a', 'http://b'],
    ],
    ['PREDICTION_PROVIDER_RATE_LIMITS', '{"auth": 5}', 'rate_limits', { auth: 5 }],
  ] as const)('%s=%s sets %s', (name, text, key, value) => {
    expect(load({ env: { [name]: text } })[key]).toEqual(value);
  });

  it('takes an empty variable as not set', () => {
    const config = load({ env: { PORT: '', PREDICTION_PROVIDER_MODEL_PATH: '' }, dotenv: 'HOST=' });
    expect([config.given('port'), config.given('model_path'), config.given('host')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('leaves variables of others alone, those that Kubernetes makes for a service of the same name too', () => {
    const config = load({
      env: {
        PATH: '/bin',
        PREDICTION_PROVIDER_SERVICE_HOST: '10.0.0.1',
        PREDICTION_PROVIDER_SERVICE_PORT_HTTP: '8000',
        PREDICTION_PROVIDER_PORT: 'tcp://10.0.0.1:8000',
        PREDICTION_PROVIDER_PORT_8000_TCP_ADDR: '10.0.0.1',
      },
      dotenv: 'OTHER=1',
    });
    expect(config.port).toBe(8000);
  });

  it('is handed out as a copy', () => {
    expect(processEnvironment()).not.toBe(process.env);
    expect(processEnvironment()).toEqual(process.env);
  });
});
