import { resolve } from 'node:path';
import { isLoopback, isNetwork, isWholeMicros, networksOverlap } from '#libs/kernel';
import { isRouteGroup, ROUTE_GROUPS } from './route-groups.js';
import { type RuleInput, when } from './rule.js';
import { isExampleSecret, previousSecretRules, secretRules } from './secret-rules.js';
import type { Settings } from './settings.js';

/** Every rule that no single declaration can state; each broken one is a sentence that begins with its settings. */
export function brokenRules(input: RuleInput): readonly string[] {
  const { values } = input;
  return [
    ...moneyRules(values),
    ...timeRules(values),
    ...archiveRules(values),
    ...networkRules(values),
    ...webhookRules(values),
    ...mapRules(values),
    ...databaseRules(input),
    ...secretRules(input),
    ...previousSecretRules(input),
    ...productionRules(values),
    ...remoteRules(values),
    ...fileRules(values),
  ];
}

/** 0.7 + 0.3 is a little above 1 in binary; a share is never given that finely. */
const ROUNDING = 1e-9;

function moneyRules({ evaluator_share, platform_fee, credit_limit }: Settings): readonly string[] {
  return [
    ...when(
      evaluator_share + platform_fee > 1 + ROUNDING,
      `evaluator_share, platform_fee: ${evaluator_share} + ${platform_fee} exceeds the whole price; their sum must be at most 1`,
    ),
    ...when(
      !isWholeMicros(credit_limit),
      `credit_limit: ${credit_limit} has more than 6 decimals; the smallest amount is 0.000001`,
    ),
  ];
}

function archiveRules({ archive_folder, ...settings }: Settings): readonly string[] {
  return (['audit_history_days', 'order_history_days'] as const).flatMap((name) =>
    when(
      settings[name] > 0 && archive_folder === null,
      `${name}: ${settings[name]} needs archive_folder, where the rows go; 0 keeps them in the database`,
    ),
  );
}

function timeRules(values: Settings): readonly string[] {
  return [
    ...when(
      values.job_heartbeat_seconds * 2 > values.job_lease_seconds,
      `job_heartbeat_seconds: ${values.job_heartbeat_seconds} is more than half of job_lease_seconds (${values.job_lease_seconds}); a single missed heartbeat would lose the job`,
    ),
    ...when(
      values.headers_timeout > values.request_timeout,
      `headers_timeout: ${values.headers_timeout} is more than request_timeout (${values.request_timeout}); the headers are part of the request`,
    ),
  ];
}

const isOrigin = (text: string): boolean =>
  text === '*' ||
  (/^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text.toLowerCase());

function networkRules({ allowed_origins, trusted_proxies }: Settings): readonly string[] {
  return [
    ...allowed_origins.flatMap((origin) =>
      when(
        !isOrigin(origin),
        `allowed_origins: "${origin}" is not an origin; allowed: * or scheme://host[:port] without a path`,
      ),
    ),
    ...when(
      allowed_origins.includes('*') && allowed_origins.length > 1,
      'allowed_origins: * already allows every origin and must be the only entry',
    ),
    ...trusted_proxies.flatMap((proxy) =>
      when(
        !isNetwork(proxy),
        `trusted_proxies: "${proxy}" is neither an address nor a network such as 10.0.0.0/8`,
      ),
    ),
  ];
}

/** The machine itself and its link: the service's own ports and the metadata of clouds live there. */
const OWN_NETWORKS = ['127.0.0.0/8', '0.0.0.0/8', '169.254.0.0/16', '::/127', 'fe80::/10'];

function webhookRules({ webhook_allowed_networks, environment }: Settings): readonly string[] {
  return webhook_allowed_networks.flatMap((network) => [
    ...when(
      !isNetwork(network),
      `webhook_allowed_networks: "${network}" is neither an address nor a network such as 10.1.0.0/16`,
    ),
    ...when(
      environment === 'production' && OWN_NETWORKS.some((own) => networksOverlap(network, own)),
      `webhook_allowed_networks: "${network}" contains loopback or link-local addresses, which are refused in production`,
    ),
  ]);
}

const DEFAULT_KINDS = ['feeder', 'pipeline', 'predictor'];

/** Rules of the two maps that an administrator may also change while the service runs. */
export function mapRules({
  rate_limits,
  default_plugins,
}: Pick<Settings, 'rate_limits' | 'default_plugins'>): readonly string[] {
  return [
    ...Object.entries(rate_limits).flatMap(([group, limit]) => [
      ...when(
        !isRouteGroup(group),
        `rate_limits: "${group}" is not a group of routes; allowed: ${ROUTE_GROUPS.join(', ')}`,
      ),
      ...when(limit < 1, `rate_limits: ${limit} for "${group}" is not allowed; an integer of at least 1`),
    ]),
    ...Object.keys(default_plugins).flatMap((kind) =>
      when(
        !DEFAULT_KINDS.includes(kind),
        `default_plugins: "${kind}" is not a kind of plugin; allowed: ${DEFAULT_KINDS.join(', ')}`,
      ),
    ),
  ];
}

function databaseRules({ values, database }: RuleInput): readonly string[] {
  const isSqlite = database?.kind === 'sqlite';
  return [
    ...when(
      values.workers > 1 && isSqlite,
      `workers: ${values.workers} processes require PostgreSQL; SQLite allows only 1`,
    ),
    ...when(
      values.job_engine === 'graphile' && isSqlite,
      'job_engine: graphile requires PostgreSQL; with SQLite use auto or embedded',
    ),
    ...when(
      values.database_read_url !== null && isSqlite,
      'database_read_url: SQLite has no replicas; they require a database_url of PostgreSQL',
    ),
    ...when(
      isSqlite && (!values.jobs || values.job_kinds.length > 0),
      'jobs, job_kinds: with SQLite the one process runs all jobs; leaving some to others requires PostgreSQL',
    ),
  ];
}

export const auditNotices = ({ audit_synchronous }: Pick<Settings, 'audit_synchronous'>): readonly string[] =>
  when(
    !audit_synchronous,
    'audit_synchronous: answers of /predict/entry and /predict/exit leave no audit row',
  );

/** Open doors that the switch opens by itself. */
export const compatibilityNotices = (values: Settings): readonly string[] =>
  when(
    values.compatibility === 'original',
    `compatibility: original; among its defaults are allowed_origins=${values.allowed_origins.join(',')} and allow_noise_control=${values.allow_noise_control}`,
  );

/** bcrypt below this is too fast against a stolen table (OWASP, Password Storage Cheat Sheet). */
const LEAST_PRODUCTION_COST = 10;

function productionRules(values: Settings): readonly string[] {
  if (values.environment !== 'production') return [];
  const examples = (['admin_password', 'admin_api_key'] as const).filter((key) => {
    const secret = values[key];
    return secret !== null && isExampleSecret(secret);
  });
  return [
    ...when(
      values.initial_user_password !== null,
      'initial_user_password: is refused in production; leave it unset to give every account a random password',
    ),
    ...when(
      !values.audit_synchronous,
      'audit_synchronous: false is refused in production, where every answer leaves a row; leave it unset',
    ),
    ...when(
      values.password_hash_cost < LEAST_PRODUCTION_COST,
      `password_hash_cost: ${values.password_hash_cost} is too low for production; must be at least ${LEAST_PRODUCTION_COST}`,
    ),
    ...examples.map(
      (key) => `${key}: the value is an example or easy to guess, which is refused in production`,
    ),
  ];
}

function fileRules({ load_config, save_config }: Settings): readonly string[] {
  return when(
    load_config !== null && save_config !== null && resolve(load_config) === resolve(save_config),
    'save_config: is the same file as load_config; saving would remove its secrets and comments',
  );
}

/** Whether a URL's host is this machine itself: `localhost`, 127.0.0.0/8 or ::1. */
function isOwnHost({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || isLoopback(host);
}

/** Rules of the remote addresses, which must hold before the first of them is called. */
export function remoteRules(values: Settings): readonly string[] {
  return (['remote_load_config', 'remote_save_config', 'remote_log'] as const).flatMap((key) => {
    const text = values[key];
    if (text === null) return [];
    if (!URL.canParse(text)) return [`${key}: the value is not a valid URL`];
    const url = new URL(text);
    return [
      ...when(
        url.username !== '' || url.password !== '',
        `${key}: the URL must not contain a user name or password; use the settings username and password`,
      ),
      ...when(
        values.password !== null && url.protocol === 'http:' && !isOwnHost(url),
        `${key}: a password is sent only over https`,
      ),
    ];
  });
}
