import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { CONFIG_KEYS, loadConfig, secretKeyOf } from '#libs/config';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

const SECRETS = {
  secret_key: 'hidden-secret-q8Zr1vN4xT7bK0mC3dF6',
  admin_password: 'hidden-admin',
  admin_api_key: 'hidden-key-q8Zr1vN4xT7bK0mC3dF6gH9',
  initial_user_password: 'hidden-initial',
  old_password: 'hidden-old',
  new_password: 'hidden-new-one',
  password: 'hidden-remote',
  database_url: 'postgres://user:hidden-database@host/name',
  plugin_parameters: { broker_token: 'hidden-token' },
};

const load = (flags: Readonly<Record<string, unknown>> = {}) =>
  loadConfig({ env: {}, cwd: folderWith(), flags });

describe('the loaded configuration', () => {
  it('is frozen in every part', () => {
    const config = load({ rate_limits: { auth: 5 }, feature_columns: ['a'] });
    expect(Object.isFrozen(config)).toBe(true);
    for (const part of [
      config.allowed_origins,
      config.rate_limits,
      config.extras,
      config.database,
      config.notices,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.isFrozen(config.extras['feature_columns'])).toBe(true);
    expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError);
  });

  it("leaves the caller's own lists alone", () => {
    const plugins = ['./a.js'];
    const config = load({ plugins });
    plugins.push('./b.js');
    expect(config.plugins).toEqual(['./a.js']);
  });

  it('has every setting by its name', () => {
    const config = load();
    expect(CONFIG_KEYS.filter((key) => config[key] === undefined)).toEqual([]);
  });

  it('never shows a secret when it is printed, logged, spread or serialised', () => {
    const config = load(SECRETS);
    const views = [
      JSON.stringify(config),
      JSON.stringify({ ...config }),
      inspect(config, { depth: 9, showHidden: false }),
      inspect({ config }, { depth: 9 }),
      `${String(config)}`,
      Object.entries(config).join(),
    ];
    for (const view of views) expect(view).not.toContain('hidden');
    expect(config.admin_password).toBe('hidden-admin');
    expect(JSON.parse(JSON.stringify(config))).toMatchObject({ port: 8000 });
  });

  it('never shows a secret in a fault', () => {
    const faulty = Object.fromEntries(Object.keys(SECRETS).map((key) => [key, ['hidden']]));
    expect(() => load(faulty)).toThrow(/9 faults/);
    expect(() => load(faulty)).not.toThrow(/hidden/);
  });

  it('remarks on given settings without effect', () => {
    expect(load().notices).toEqual([]);
    expect(load({ n_batches: 2 }).notices).toEqual([
      expect.stringMatching(/^n_batches: Accepted for compat/),
    ]);
  });

  it('refuses to hand out a secret key that nobody made', () => {
    expect(() => secretKeyOf(load())).toThrow(/secret key/);
    expect(secretKeyOf(load({ secret_key: SECRETS.secret_key }))).toBe(SECRETS.secret_key);
  });
});
