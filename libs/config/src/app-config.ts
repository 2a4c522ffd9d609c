import { inspect } from 'node:util';
import { assertPresent, type ParameterValue, type SecretKeys } from '#libs/kernel';
import type { DatabaseTarget } from './database-url.js';
import { CONFIG_KEYS, declarationOf, type Settings, type ConfigKey } from './settings.js';
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

/** Lends the type of the settings to a class; {@link freezeConfig} makes the object. */
const Loaded = Object as unknown as abstract new () => Settings & ConfigFacts;

/** The loaded configuration: its type, and the token under which it is injected. */
export abstract class AppConfig extends Loaded {}

/** The key that tokens are signed with. Only a config loaded for serving is sure to have one. */
export const secretKeyOf = (config: Settings): string =>
  assertPresent(config.secret_key, 'a serving process has a secret key');

/** That key, and those of before that are still accepted; for whatever was made with one of them. */
export const secretKeysOf = (config: Settings): SecretKeys => [
  secretKeyOf(config),
  ...config.previous_secret_keys,
];

interface Parts {
  readonly values: Settings;
  readonly settings: ReadonlyMap<ConfigKey, Given>;
  readonly extras: ReadonlyMap<string, Given>;
  readonly database: DatabaseTarget;
  readonly notices: readonly string[];
}

/** Puts the parts together into one frozen object. */
export function freezeConfig({ values, settings, extras, database, notices }: Parts): AppConfig {
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
  return deepFreeze(config as AppConfig);
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
