import { describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig, type LoadConfigOptions } from '#libs/config';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

function faultsOf(options: LoadConfigOptions): readonly string[] {
  try {
    loadConfig({ env: {}, cwd: folderWith(), ...options });
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.faults;
    throw cause;
  }
  return [];
}

const GOOD_SECRET = 'q8Zr1vN4xT7bK0mC3dF6gH9jL2pS5wYa';

describe('faults', () => {
  it('of every source are reported together, with the name, the fault, what is allowed and where', () => {
    const cwd = folderWith({
      'config.json': '{"workers": "many", "bad name": 1, "load_config": "again.json"}',
      '.env': 'PREDICTION_PROVIDER_LOG_LEVEL=LOUD\nPREDICTION_PROVIDER_WORKRES=2\n',
    });
    const env = { PORT: '99999', PREDICTION_PROVIDER_QUIETER: '1' };
    const argv = [
      '--load_config',
      'config.json',
      '--mc_samples',
      '-1',
      '--por',
      '1',
      '--evaluator_share',
      '0.99',
    ];
    const faults = faultsOf({ cwd, env, argv });
    expect([...faults].sort()).toEqual([
      '--por is an abbreviation; write the flag in full: --port',
      'PREDICTION_PROVIDER_QUIETER: there is no setting for this environment variable; set plugin parameters with PREDICTION_PROVIDER_PLUGIN_PARAMETERS',
      'PREDICTION_PROVIDER_WORKRES in .env: there is no setting for this environment variable; did you mean PREDICTION_PROVIDER_WORKERS?',
      'bad name: is not a valid name for a plugin parameter; use up to 64 letters, digits and _, starting with a letter (from config.json)',
      'evaluator_share, platform_fee: 0.99 + 0.05 exceeds the whole price; their sum must be at most 1',
      'load_config: is not allowed in config.json except as null; use a flag or the environment',
      'log_level: "LOUD" is not allowed; one of DEBUG, INFO, WARNING, ERROR, CRITICAL (from PREDICTION_PROVIDER_LOG_LEVEL in .env)',
      'mc_samples: "-1" is not allowed; an integer from 0 to 100000 (from --mc_samples)',
      'port: "99999" is not allowed; an integer from 0 to 65535 (from PORT)',
      'workers: "many" is not allowed; an integer from 1 to 64 (from config.json)',
    ]);
  });

  it('in a value that a higher source replaces are still reported', () => {
    expect(faultsOf({ env: { PORT: 'x' }, argv: ['--port', '1'] })).toHaveLength(1);
  });

  it('make one message with a line each', () => {
    const { message } = new ConfigError(['port: a', 'host: b']);
    expect(message).toBe('The configuration has 2 faults:\n  port: a\n  host: b');
    expect(new ConfigError(['port: a']).message).toMatch(/^The configuration has a fault:\n/);
  });

  it.each([
    ['{"port": 1', 'load_config: config.json is not JSON'],
    ['[1]', 'load_config: config.json must contain one JSON object'],
    ['null', 'load_config: config.json must contain one JSON object'],
    ['', 'load_config: config.json is not JSON'],
  ])('name what is wrong with the config file %j', (text, fault) => {
    const cwd = folderWith({ 'config.json': text });
    expect(faultsOf({ cwd, argv: ['--load_config', 'config.json'] })).toEqual([
      expect.stringContaining(fault),
    ]);
  });

  it('name a config file that is missing, is a folder, or is far too large', () => {
    const cwd = folderWith({ 'big.json': ' '.repeat(1_048_577) });
    expect(faultsOf({ cwd, argv: ['--load_config', 'none.json'] })).toEqual([
      'load_config: none.json does not exist',
    ]);
    expect(faultsOf({ cwd, argv: ['--load_config', '.'] })).toEqual(['load_config: . is not a file']);
    expect(faultsOf({ cwd, argv: ['--load_config', 'big.json'] })).toEqual([
      'load_config: big.json is larger than 1048576 bytes',
    ]);
  });

  it('tell the line of a fault in JSON without quoting what stands there', () => {
    const cwd = folderWith({ 'config.json': '{\n  "port": 1,\n  "admin_password": hunter2hunter2\n}' });
    const [fault] = faultsOf({ cwd, argv: ['--load_config', 'config.json'] });
    expect(fault).toContain('near line 3');
    expect(fault).not.toContain('hunter2');
  });

  it('do not arise from remarks in a config file', () => {
    const cwd = folderWith({ 'config.json': '{"_comment": [1], "$schema": "x"}' });
    expect(loadConfig({ cwd, env: {}, argv: ['--load_config', 'config.json'] }).extras).toEqual({});
  });

  it('arise from a remote document that the command does not read', () => {
    expect(faultsOf({ argv: ['--remote_load_config', 'https://config.test'] })).toEqual([
      'remote_load_config: this command does not read a remote document',
    ]);
  });
});

describe('rules across settings', () => {
  it.each<[string, Readonly<Record<string, unknown>>, RegExp | null]>([
    ['shares up to the whole', { evaluator_share: 0.7, platform_fee: 0.3 }, null],
    [
      'shares above the whole',
      { evaluator_share: 0.7, platform_fee: 0.31 },
      /^evaluator_share, platform_fee/,
    ],
    ['several processes on SQLite', { workers: 2 }, /^workers: 2 processes require PostgreSQL/],
    ['several processes on PostgreSQL', { workers: 2, database_url: 'postgres://h/d' }, null],
    ['a heartbeat too slow for its lease', { job_lease_seconds: 19 }, /^job_heartbeat_seconds: 10 is more/],
    ['headers slower than the request', { request_timeout: 4 }, /^headers_timeout: 5 is more/],
    ['an origin', { allowed_origins: ['https://a.example:8443'] }, null],
    ['an origin with a path', { allowed_origins: ['https://a.example/x'] }, /^allowed_origins: "https:/],
    ['any origin', { allowed_origins: ['*'] }, null],
    [
      'any origin and one more',
      { allowed_origins: ['*', 'https://a.example'] },
      /^allowed_origins: \* already/,
    ],
    ['networks of proxies', { trusted_proxies: ['10.0.0.0/8', '::1', 'fd00::/8', '192.168.1.1'] }, null],
    [
      'a network too wide to exist',
      { trusted_proxies: ['10.0.0.0/33'] },
      /^trusted_proxies: "10\.0\.0\.0\/33"/,
    ],
    ['a proxy by name', { trusted_proxies: ['proxy'] }, /^trusted_proxies: "proxy"/],
    ['networks for webhooks', { webhook_allowed_networks: ['127.0.0.1', '10.0.0.0/8', '::1'] }, null],
    ['a host for webhooks', { webhook_allowed_networks: ['localhost'] }, /^webhook_allowed_networks: "local/],
    ...['127.0.0.1', '0.0.0.0/0', '169.254.169.254', '126.0.0.0/7', '::1', '::/0', 'fe80::/64'].map(
      (network): [string, Readonly<Record<string, unknown>>, RegExp] => [
        `webhooks to ${network} in production`,
        { environment: 'production', webhook_allowed_networks: [network] },
        /^webhook_allowed_networks: ".*" contains loopback or link-local/,
      ],
    ),
    [
      'webhooks to an intranet in production',
      { environment: 'production', webhook_allowed_networks: ['10.0.0.0/8', 'fd12::/48'] },
      null,
    ],
    [
      'a limit of routes that do not exist',
      { rate_limits: { predict: 5 } },
      /^rate_limits: "predict" is not a group of routes; allowed: predictions, sync, auth, users, /,
    ],
    [
      'an amount below the smallest',
      { credit_limit: 0.0000015 },
      /^credit_limit: 0\.0000015 has more than 6/,
    ],
    ['a rate of nothing', { rate_limits: { auth: 0 } }, /^rate_limits: 0 for "auth"/],
    ['a default of no kind', { default_plugins: { core: 'x' } }, /^default_plugins: "core"/],
    [
      'a fixed first password in production',
      { environment: 'production', initial_user_password: 'p' },
      /^initial_user_/,
    ],
    [
      'answers without a row in production',
      { environment: 'production', audit_synchronous: false },
      /^audit_synchronous: false is refused/,
    ],
    ['answers without a row elsewhere', { audit_synchronous: false }, null],
    ['a fixed first password elsewhere', { initial_user_password: 'p' }, null],
    [
      'weak hashing in production',
      { environment: 'production', password_hash_cost: 4 },
      /^password_hash_cost: 4/,
    ],
    [
      'an example password in production',
      { environment: 'production', admin_password: 'changeme!' },
      /^admin_password/,
    ],
    [
      'a setting among plugin parameters',
      { plugin_parameters: { port: 1 } },
      /^plugin_parameters: port is a setting/,
    ],
    [
      'a driver in the database URL',
      { database_url: 'postgresql+psycopg2://h/d' },
      /^database_url: the URL must not name a driver/,
    ],
    [
      'saving over the loaded file',
      { load_config: 'a.json', save_config: './a.json' },
      /^save_config: is the same file/,
    ],
    [
      'a password in a remote address',
      { remote_log: 'https://u:p@log.test' },
      /^remote_log: the URL must not contain a user name/,
    ],
    [
      'a password over plain http',
      { remote_log: 'http://log.test', password: 'p' },
      /^remote_log: a password is sent only/,
    ],
    ['a password to this machine', { remote_log: 'http://127.0.0.1:1', password: 'p' }, null],
    [
      'a remote address that is none',
      { remote_log: 'https://' },
      /^remote_log: the value is not a valid URL/,
    ],
  ])('judge %s', (_, flags, fault) => {
    const cwd = folderWith({ 'a.json': '{}' });
    const faults = faultsOf({ cwd, flags });
    if (fault === null) expect(faults).toEqual([]);
    else expect(faults).toEqual([expect.stringMatching(fault)]);
  });

  const example = 'change-me-in-production-0123456789';
  const postgres = 'postgres://h/d';
  it.each<[string, LoadConfigOptions, RegExp | null]>([
    ['none in production', { env: { NODE_ENV: 'production' }, serving: true }, /is required in production/],
    [
      'none with PostgreSQL',
      { env: { DATABASE_URL: postgres }, serving: true },
      /is required with PostgreSQL/,
    ],
    ['none for a tool with PostgreSQL', { env: { DATABASE_URL: postgres } }, null],
    ['an example with PostgreSQL', { env: { DATABASE_URL: postgres, SECRET_KEY: example } }, /is an example/],
    ['an example in production', { env: { NODE_ENV: 'production', SECRET_KEY: example } }, /is an example/],
    [
      'one character in production',
      { env: { NODE_ENV: 'production', SECRET_KEY: 'a'.repeat(40) } },
      /easy to guess/,
    ],
    [
      'a good one in production',
      { env: { NODE_ENV: 'production', SECRET_KEY: GOOD_SECRET }, serving: true },
      null,
    ],
    [
      'one that is too short with PostgreSQL',
      { env: { DATABASE_URL: postgres, SECRET_KEY: 'hunter2' } },
      /at least 32/,
    ],
    [
      'a short example with PostgreSQL',
      { env: { DATABASE_URL: postgres, SECRET_KEY: 'change-me' } },
      /is an example/,
    ],
    ['one that is too short', { env: { SECRET_KEY: 'hunter2' } }, /text of at least 32 characters/],
  ])('judge a secret key: %s', (_, options, fault) => {
    const faults = faultsOf(options);
    if (fault === null) expect(faults).toEqual([]);
    else expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults.join()).not.toMatch(/hunter2|0123456789|aaaa/);
  });
});
