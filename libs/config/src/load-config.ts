import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ParameterValue, SecretKeys } from '#libs/kernel';
import type { CommandLine } from './command-line.js';
import { parseCommandLine } from './command-line.js';
import { ConfigError } from './config-error.js';
import { parseDatabaseUrl, type DatabaseTarget } from './database-url.js';
import { processEnvironment, type Environment } from './environment.js';
import { readConfigFile, readDotenv, type Read } from './files.js';
import { freezeConfig, type AppConfig } from './app-config.js';
import { auditNotices, brokenRules, compatibilityNotices } from './rules.js';
import { isShortExample, LEAST_SECRET, secretNotices } from './secret-rules.js';
import { defaultOf } from './compatibility.js';
import { CONFIG_KEYS, declarationOf, KEYS_WITHOUT_EFFECT, type Settings } from './settings.js';
import { Collection } from './sources.js';

export interface LoadConfigOptions {
  /** Arguments of the process without `node` and the script. Ignored when `commandLine` is given. */
  readonly argv?: readonly string[];
  /** The same, already parsed. */
  readonly commandLine?: CommandLine;
  /** Values as if given by flags, of their own type or as text; other names are plugin parameters. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Default: the process's environment. */
  readonly env?: Environment;
  /** Where `.env` is looked for and relative paths begin. Default: the working directory. */
  readonly cwd?: string;
  /** The document that `remote_load_config` names, once fetched. */
  readonly remote?: Readonly<Record<string, unknown>>;
  /**
   * The process will answer requests: a key to sign tokens with is required, and made where the rules allow it.
   * Default false: tools that only read settings create no file. `check`: required, but not made.
   */
  readonly serving?: boolean | 'check';
  /** Looks at the database before anything is written: a fault when it cannot be used at all, else null. */
  readonly refuseDatabase?: (database: DatabaseTarget) => string | null;
}

/**
 * Reads, merges and checks every setting: built-in defaults < remote document < config file < `.env` < environment
 * < flags. Reports every fault of every source together.
 *
 * @throws ConfigError with all faults; the command ends with exit code 2.
 */
export function loadConfig(options: LoadConfigOptions = {}): AppConfig {
  const { env = processEnvironment(), cwd = process.cwd(), serving = false } = options;
  const collection = collect(options, env, cwd);
  const faults = [...collection.faults];
  const values = valuesOf(collection);
  const database = databaseOf(values, cwd, faults);
  faults.push(...brokenRules({ values, database, serving: serving !== false }));
  const refusal = database === undefined ? null : (options.refuseDatabase?.(database) ?? null);
  if (refusal !== null) faults.push(refusal);
  if (faults.length > 0 || database === undefined) throw new ConfigError(faults);
  const notices = [
    ...noticesOf(collection),
    ...secretNotices(values),
    ...auditNotices(values),
    ...compatibilityNotices(values),
  ];
  if (isShortExample(values.secret_key)) values.secret_key = null;
  if (serving === true && values.secret_key === null) {
    const [secret, ...before] = makeSecrets(database);
    values.secret_key = secret;
    values.previous_secret_keys = [...values.previous_secret_keys, ...before];
  }
  return freezeConfig({
    values: values as Settings,
    settings: collection.settings,
    extras: collection.extras,
    database,
    notices,
  });
}

/** The settings as they stand before a remote document is known, without any check across settings. */
export function localSettings(options: LoadConfigOptions): Settings {
  const { env = processEnvironment(), cwd = process.cwd() } = options;
  return valuesOf(collect({ ...options, remote: {} }, env, cwd));
}

function collect(options: LoadConfigOptions, env: Environment, cwd: string): Collection {
  const commandLine = options.commandLine ?? parseCommandLine(options.argv ?? []);
  const dotenv = readDotenv(cwd);
  const addOuter = (collection: Collection) => {
    if ('value' in dotenv) collection.addEnvironment(dotenv.value, 'dotenv', ' in .env');
    collection.addEnvironment(env, 'environment');
    collection.addCommandLine(commandLine);
    if (options.flags) collection.addValues(options.flags, 'flag', 'the flags');
  };
  const outer = new Collection();
  addOuter(outer);
  const all = new Collection();
  const path = outer.settings.get('load_config')?.value;
  const file: Read<Readonly<Record<string, unknown>>> =
    typeof path === 'string' ? readConfigFile(path, cwd) : { value: {} };
  for (const read of [dotenv, file]) if ('fault' in read) all.faults.push(read.fault);
  if (options.remote) all.addDocument(options.remote, 'remote', 'the remote document');
  else if (typeof outer.settings.get('remote_load_config')?.value === 'string') {
    all.faults.push('remote_load_config: this command does not read a remote document');
  }
  if ('value' in file) all.addDocument(file.value, 'file', String(path));
  addOuter(all);
  return all;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function valuesOf({ settings }: Collection): Mutable<Settings> {
  const compatibility = settings.get('compatibility')?.value === 'original' ? 'original' : 'off';
  const entries: [string, ParameterValue][] = CONFIG_KEYS.map((key) => [
    key,
    settings.has(key) ? (settings.get(key)?.value ?? null) : defaultOf(key, compatibility),
  ]);
  // Each value passed the check of its own declaration, from which Settings is derived.
  return Object.fromEntries(entries) as unknown as Mutable<Settings>;
}

function databaseOf(values: Settings, cwd: string, faults: string[]): DatabaseTarget | undefined {
  try {
    return parseDatabaseUrl(values.database_url, cwd);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    faults.push(...cause.faults);
    return undefined;
  }
}

function makeSecrets(database: DatabaseTarget): SecretKeys {
  return database.kind === 'sqlite' && database.path !== ':memory:'
    ? secretsBeside(database.path)
    : [randomSecret()];
}

/**
 * The settings with the secret keys that a service on this database has, for a command that works beside it.
 * @throws ConfigError when a service would not have one
 */
export function withSecrets(config: AppConfig): AppConfig {
  if (config.secret_key !== null) return config;
  if (config.database.kind !== 'sqlite')
    throw new ConfigError(['secret_key: is required; set SECRET_KEY as for the service']);
  const [value, ...before] = secretsBeside(config.database.path);
  return Object.create(config, {
    secret_key: { value },
    previous_secret_keys: { value: [...config.previous_secret_keys, ...before] },
  }) as AppConfig;
}

function noticesOf({ settings }: Collection): readonly string[] {
  return KEYS_WITHOUT_EFFECT.filter((key) => settings.has(key)).map(
    (key) => `${key}: ${declarationOf(key).help}`,
  );
}

const SECRET_BYTES = 48;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** 48 random bytes as base64url: 64 characters. */
const randomSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

/**
 * The secret key kept beside a SQLite file, made on first use with mode 0600; below it, a line each, those of before
 * that are still accepted. Two processes that start at the same
 * moment end with the same key: each writes its own draft completely and links it to the one name, which only
 * succeeds for the first; both then read what the name holds. A key that others may read, that is damaged, or that
 * cannot be written is a {@link ConfigError}.
 */
export function secretsBeside(databasePath: string): SecretKeys {
  const path = `${databasePath}.secret`;
  try {
    if (!statSync(path, { throwIfNoEntry: false })) createSecret(path);
    const status = statSync(path);
    if (process.platform !== 'win32' && (status.mode & OTHERS) !== 0) {
      throw new ConfigError([
        `secret_key: ${path} can be read by other users; run: chmod 600 ${basename(path)}`,
      ]);
    }
    const [secret = '', ...before] = linesOfSecrets(readFileSync(path, 'utf8'));
    if ([secret, ...before].every(({ length }) => length >= LEAST_SECRET)) return [secret, ...before];
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new ConfigError([
      `secret_key: is not set, and a random one cannot be stored in ${path} (${code}); set SECRET_KEY, or give the database a folder that exists and is writable`,
    ]);
  }
  throw new ConfigError([
    `secret_key: ${path} is damaged (a line is shorter than ${LEAST_SECRET} characters); put the one that belongs to this database back`,
  ]);
}

/** The keys in the text of such a file, the present one first. */
export const linesOfSecrets = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function createSecret(path: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  writeFileSync(draft, `${randomSecret()}\n`, { mode: OWNER_ONLY, flag: 'wx', flush: true });
  try {
    linkSync(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(draft, { force: true });
  }
}
