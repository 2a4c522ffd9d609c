import { type AppConfig, CONFIG_KEYS, type ConfigKey, declarationOf, describeDatabase } from '#libs/config';
import { isSecretName, type ParameterValue } from '#libs/kernel';
import { loadConfiguredPlugins } from '../load-configured-plugins.js';
import { type Command, print, printError } from './command.js';

/**
 * `config check`: what a start would find wrong, without starting: every setting, and whether the configured plugins can be
 * created. The command has read the settings before it comes here.
 */
export const checkConfig: Command = async (config) => {
  const logger = { info: () => undefined, warn: printError, error: printError };
  const registry = await loadConfiguredPlugins(config, null, logger);
  await registry.close();
  return print(`The configuration is right. The database is ${describeDatabase(config.database)}.`);
};

/** `config show`: one line for each setting and plugin parameter, those that were given first. */
export const showConfig: Command = async (config) => {
  const given = CONFIG_KEYS.filter((key) => config.given(key) && key !== 'plugin_parameters');
  const others = CONFIG_KEYS.filter((key) => !config.given(key) && key !== 'plugin_parameters');
  const extras = Object.entries(config.extras).map(([name, value]) =>
    lineOf(name, isSecretName(name) ? hidden(value) : JSON.stringify(value), config),
  );
  const lines = (keys: readonly ConfigKey[]) =>
    keys.map((key) => lineOf(key, shownValue(key, config), config));
  return print([...lines(given), ...extras, ...lines(others)].join('\n'));
};

const lineOf = (name: string, value: string, config: AppConfig): string =>
  `${name} = ${value}  (${config.source(name) ?? 'default'})`;

/** The URL of a database is shown without its password: it is what one looks for here. */
function shownValue(key: ConfigKey, config: AppConfig): string {
  if (key === 'database_url') return describeDatabase(config.database);
  return declarationOf(key).secret === true ? hidden(config[key]) : JSON.stringify(config[key]);
}

const hidden = (value: ParameterValue): string => (value === null ? 'null' : '(set, not shown)');
