import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isSecretName, type ParameterValue } from '#libs/kernel';
import { ConfigError } from './config-error.js';
import { parseDocument, type Read } from './files.js';
import { loadConfig, localSettings, type LoadConfigOptions } from './load-config.js';
import type { AppConfig } from './app-config.js';
import { defaultOf } from './compatibility.js';
import { remoteRules } from './rules.js';
import { CONFIG_KEYS, declarationOf, type Settings, type ConfigKey } from './settings.js';
import { USER_SETTINGS } from './settings/accounts.js';
import { FILE_SETTINGS } from './settings/service.js';

/**
 * {@link loadConfig} with all that a starting process owes its settings: the remote document is fetched first, and
 * the result is saved where `save_config` and `remote_save_config` say.
 *
 * @throws ConfigError with every fault, those of the remote addresses included.
 */
export async function startConfig(options: Omit<LoadConfigOptions, 'remote'>): Promise<AppConfig> {
  const config = loadConfig({ ...options, ...(await remoteDocument(options)) });
  if (config.save_config !== null) {
    writeSavedConfig(config, config.save_config, options.cwd ?? process.cwd());
  }
  if (config.remote_save_config !== null) await sendRemoteConfig(config);
  return config;
}

async function remoteDocument(options: LoadConfigOptions): Promise<Pick<LoadConfigOptions, 'remote'>> {
  const values = localSettings(options);
  if (values.remote_load_config === null) return {};
  // A broken rule of the address is reported by loadConfig, with everything else; nothing is called before.
  if (remoteRules(values).length > 0) return { remote: {} };
  const read = await fetchRemoteConfig(values);
  if ('value' in read) return { remote: read.value };
  throw new ConfigError([read.fault, ...localFaults(options)]);
}

function localFaults(options: LoadConfigOptions): readonly string[] {
  try {
    loadConfig({ ...options, remote: {}, serving: false });
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.faults;
    throw cause;
  }
}

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
    if (!config.given(key)) defaults[key] = defaultOf(key, config.compatibility);
    else if (isKeptSecret(key, config)) leftOut.push(key);
    else given[key] = config[key];
  }
  for (const [name, value] of Object.entries(config.extras)) {
    // only the plugin knows whether its parameter is a secret
    if (isSecretName(name)) leftOut.push(name);
    else given[name] = value;
  }
  return { ...given, _left_out: leftOut, _defaults: defaults };
}

/** Writes {@link savedDocument} to a path, replacing the file in one step. */
function writeSavedConfig(config: AppConfig, path: string, cwd: string): void {
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

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 1_048_576;

/**
 * Fetches the document that `remote_load_config` names: at most 1 MiB, within 10 s, redirects refused, because they
 * could carry the password to another host.
 */
async function fetchRemoteConfig(values: Settings): Promise<Read<Readonly<Record<string, unknown>>>> {
  const key = 'remote_load_config';
  const address = values[key] ?? '';
  const answer = await call(key, address, { method: 'GET', headers: headersOf(values) });
  if ('fault' in answer) return answer;
  const place = new URL(address).host;
  const text = await readLimited(answer.value);
  return text === undefined
    ? { fault: `${key}: the answer of ${place} is longer than ${MOST_BYTES} bytes or ended early` }
    : parseDocument(text, key, `the answer of ${place}`);
}

/** Sends the saved form of the configuration to `remote_save_config`. */
async function sendRemoteConfig(config: AppConfig): Promise<void> {
  const answer = await call('remote_save_config', config.remote_save_config ?? '', {
    method: 'PUT',
    headers: { ...headersOf(config), 'content-type': 'application/json' },
    body: JSON.stringify(savedDocument(config)),
  });
  if ('fault' in answer) throw new ConfigError([answer.fault]);
  await answer.value.body?.cancel();
}

function headersOf({ username, password }: Settings): Record<string, string> {
  if (password === null) return {};
  const credentials = Buffer.from(`${username ?? ''}:${password}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}

async function call(key: string, address: string, init: RequestInit): Promise<Read<Response>> {
  const { host } = new URL(address);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(address, { ...init, redirect: 'error', signal });
    if (answer.ok) return { value: answer };
    await answer.body?.cancel();
    return { fault: `${key}: ${host} answered ${answer.status}` };
  } catch (cause) {
    return { fault: `${key}: ${host} cannot be reached (${reasonOf(cause)})` };
  }
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

/** The body as text, or undefined when it is longer than allowed or ends early. */
async function readLimited(answer: Response): Promise<string | undefined> {
  if (!answer.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = answer.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > MOST_BYTES) {
        await reader.cancel();
        return undefined;
      }
      chunks.push(part.value);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
