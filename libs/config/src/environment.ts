import { nearest } from '#libs/kernel';
import { CONFIG_KEYS, isConfigKey, type ConfigKey } from './settings.js';

/** A set of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A snapshot of the process's own environment: the only place in the product that reads it. */
export const processEnvironment = (): Environment => ({ ...process.env });

const PREFIX = 'PREDICTION_PROVIDER_';

/** Environment variables with names of their own, beside `PREDICTION_PROVIDER_<KEY>`. */
export const SHORT_VARIABLES: Readonly<Record<string, ConfigKey>> = {
  DATABASE_URL: 'database_url',
  SECRET_KEY: 'secret_key',
  PREVIOUS_SECRET_KEYS: 'previous_secret_keys',
  PORT: 'port',
  HOST: 'host',
  NODE_ENV: 'environment',
  LOG_LEVEL: 'log_level',
  ADMIN_USERNAME: 'admin_username',
  ADMIN_PASSWORD: 'admin_password',
  ADMIN_API_KEY: 'admin_api_key',
  REQUIRE_AUTH: 'require_auth',
  SKIP_BACKGROUND_TASKS: 'skip_background_tasks',
  SKIP_RATE_LIMITING: 'skip_rate_limiting',
  PREDICTION_PROVIDER_QUIET: 'quiet_mode',
};

/** `port` → `PREDICTION_PROVIDER_PORT`. */
export const variableOf = (key: ConfigKey): string => `${PREFIX}${key.toUpperCase()}`;

/** The variables that set a key, the short one first where there is one. */
export function variablesOf(key: ConfigKey): readonly string[] {
  const short = Object.keys(SHORT_VARIABLES).filter((name) => SHORT_VARIABLES[name] === key);
  return [...short, variableOf(key)];
}

/** One variable that sets something, in text form. */
export interface Variable {
  readonly name: string;
  readonly key: ConfigKey;
  readonly text: string;
}

/**
 * The variables that concern the product. An empty one counts as not set. Where a short and a long form are both
 * given the long one comes later and wins. A variable with the product's prefix that names no setting is a fault.
 * `label` tells where the variables come from when that is not the process.
 */
export function readEnvironment(
  environment: Environment,
  label = '',
): {
  readonly variables: readonly Variable[];
  readonly faults: readonly string[];
} {
  const short: Variable[] = [];
  const long: Variable[] = [];
  const faults: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || text === '' || isServiceLink(name, text)) continue;
    const shortKey = Object.hasOwn(SHORT_VARIABLES, name) ? SHORT_VARIABLES[name] : undefined;
    if (shortKey !== undefined) short.push({ name, key: shortKey, text });
    if (shortKey !== undefined || !name.startsWith(PREFIX)) continue;
    const key = name.slice(PREFIX.length).toLowerCase();
    if (isConfigKey(key) && name === variableOf(key)) long.push({ name, key, text });
    else faults.push(unknownVariable(name, label));
  }
  return { variables: [...short, ...long], faults };
}

function unknownVariable(name: string, label: string): string {
  const close = nearest(name.slice(PREFIX.length), CONFIG_KEYS).map((key) => `${PREFIX}${key.toUpperCase()}`);
  const hint =
    close.length > 0
      ? `did you mean ${close.join(' or ')}?`
      : `set plugin parameters with ${variableOf('plugin_parameters')}`;
  return `${name}${label}: there is no setting for this environment variable; ${hint}`;
}

/**
 * Kubernetes puts the addresses of a service named `prediction-provider` into every container of its namespace,
 * under the product's own prefix. They are no settings.
 */
const SERVICE_LINK = /^PREDICTION_PROVIDER_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_\w+)$/;

const isServiceLink = (name: string, text: string): boolean =>
  SERVICE_LINK.test(name) || (name === `${PREFIX}PORT` && /^(tcp|udp|sctp):\/\//.test(text));
