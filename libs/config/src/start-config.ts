import { ConfigError } from './config-error.js';
import { loadConfig, localSettings, type LoadConfigOptions } from './load-config.js';
import type { AppConfig } from './app-config.js';
import { fetchRemoteConfig, sendRemoteConfig } from './remote-config.js';
import { remoteRules } from './rules.js';
import { writeSavedConfig } from './saved-config.js';

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
