import { inspect } from 'node:util';
import { assertPresent, type ParameterValue } from '#libs/kernel';
import type { DatabaseTarget } from './database-url.js';
import { CONFIG_KEYS, declarationOf, type AppConfig, type ConfigKey } from './settings.js';
import type { ConfigSource, Given } from './sources.js';

/**
 * The settings with what is known about them. Deeply frozen. Secrets (and what stands below) can be read by name but
 * are not enumerable, so that logging, spreading or serialising the object never shows them.
 */
export interface ConfigFacts {
  /** Plugin parameters: every given name that is no setting. */
  readonly extras: Readonly<Record<string, ParameterValue>>;
  /** Where `database_url` points; SQLite paths are absolute. */
  readonly database: DatabaseTarget;
  /** Remarks worth a line in the log at start, for example about given settings without effect. */
  readonly notices: readonly string[];
  /**
   * Whether a setting or plugin parameter was given explicitly, by whatever source. Only then does a setting
   * override the default that a plugin declares for the same name.
   */
  given(name: string): boolean;
  /** Where a setting's or plugin parameter's value comes from; undefined for an unknown plugin parameter. */
  source(name: string): ConfigSource | undefined;
}

export type LoadedConfig = AppConfig & ConfigFacts;

/** Under this token the loaded configuration is handed to whoever asks for it by injection. */
export const APP_CONFIG = Symbol('APP_CONFIG');

/** The key that tokens are signed with. Only a config loaded for serving is sure to have one. */
export const secretKeyOf = (config: AppConfig): string =>
  assertPresent(config.secret_key, 'a serving process has a secret key');

interface Parts {
  readonly values: AppConfig;
  readonly settings: ReadonlyMap<ConfigKey, Given>;
  readonly extras: ReadonlyMap<string, Given>;
  readonly database: DatabaseTarget;
  readonly notices: readonly string[];
}

/** Puts the parts together into one frozen object. */
export function freezeConfig({ values, settings, extras, database, notices }: Parts): LoadedConfig {
  const given = new Map<string, Given>([...extras, ...settings]);
  const facts: ConfigFacts = {
    extras: Object.fromEntries([...extras].map(([name, { value }]) => [name, copyOf(value)])),
    database,
    notices,
    given: (name) => given.has(name),
    source: (name) => given.get(name)?.source ?? (Object.hasOwn(values, name) ? 'default' : undefined),
  };
  const config = {};
  for (const key of CONFIG_KEYS) {
    Object.defineProperty(config, key, { value: copyOf(values[key]), enumerable: !isSecret(key) });
  }
  for (const [name, value] of Object.entries(facts)) {
    Object.defineProperty(config, name, { value, enumerable: false });
  }
  Object.defineProperty(config, inspect.custom, { value: () => ({ ...config }), enumerable: false });
  return deepFreeze(config as LoadedConfig);
}

const isSecret = (key: ConfigKey): boolean => declarationOf(key).secret === true;

/** Settings are JSON values; freezing a copy leaves the caller's own lists and objects alone. */
const copyOf = <T extends ParameterValue>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const name of Object.getOwnPropertyNames(value)) deepFreeze(value[name as keyof T]);
  }
  return value;
}
