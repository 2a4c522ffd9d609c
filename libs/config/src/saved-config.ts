import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ParameterValue } from '#libs/kernel';
import { ConfigError } from './config-error.js';
import type { AppConfig } from './app-config.js';
import { CONFIG_KEYS, declarationOf, type ConfigKey } from './settings.js';
import { FILE_SETTINGS } from './settings/files.js';
import { USER_SETTINGS } from './settings/users.js';

/** Names of plugin parameters that are taken for secrets, since only the plugin knows. */
const SECRET_NAME = /password|passwd|secret|token|credential|api_?key|private_?key/i;

/** A single run's own orders, which a saved file must not repeat. */
const isOrder = (key: ConfigKey): boolean =>
  Object.hasOwn(FILE_SETTINGS, key) || Object.hasOwn(USER_SETTINGS, key);

/** A SQLite path tells nothing; the URL of a PostgreSQL server may hold a password. */
const isKeptSecret = (key: ConfigKey, config: AppConfig): boolean =>
  declarationOf(key).secret === true && !(key === 'database_url' && config.database.kind === 'sqlite');

/**
 * The configuration as a document that can be loaded again with the same effect: what was given explicitly. Defaults
 * stand under `_defaults`, a remark when loaded, because a default written as a setting would override the plugins'
 * own. Secrets are left out and named under `_left_out`.
 */
export function savedDocument(config: AppConfig): Readonly<Record<string, ParameterValue>> {
  const given: Record<string, ParameterValue> = {};
  const defaults: Record<string, ParameterValue> = {};
  const leftOut: string[] = [];
  for (const key of CONFIG_KEYS) {
    if (isOrder(key) || key === 'plugin_parameters') continue;
    if (!config.given(key)) defaults[key] = declarationOf(key).default;
    else if (isKeptSecret(key, config)) leftOut.push(key);
    else given[key] = config[key];
  }
  for (const [name, value] of Object.entries(config.extras)) {
    if (SECRET_NAME.test(name)) leftOut.push(name);
    else given[name] = value;
  }
  return { ...given, _left_out: leftOut, _defaults: defaults };
}

/** Writes {@link savedDocument} to a path, replacing the file in one step. */
export function writeSavedConfig(config: AppConfig, path: string, cwd: string): void {
  const target = resolve(cwd, path);
  const draft = `${target}.${randomUUID()}`;
  try {
    writeFileSync(draft, `${JSON.stringify(savedDocument(config), null, 2)}\n`, { flag: 'wx' });
    renameSync(draft, target);
  } catch (cause) {
    rmSync(draft, { force: true });
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new ConfigError([`save_config: ${path} cannot be written (${code})`]);
  }
}
