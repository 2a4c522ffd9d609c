import { choice, decimal, flag, integer, map, type ParameterDeclarations, text } from '#libs/kernel';

/** Who may come in, and how often. */
export const SECURITY_SETTINGS = {
  secret_key: text(
    { default: null, secret: true },
    'Key that signs login tokens, of at least 32 characters. If not set, SQLite installations generate a random key and keep it beside the database file; it is required with PostgreSQL and in production. An example such as `change-me` is refused there; elsewhere there is a warning, and one shorter than 32 characters counts as not set.',
  ),
  previous_secret_keys: {
    type: 'list',
    items: 'string',
    default: [],
    secret: true,
    help: 'Keys that `secret_key` had before, or will have next: login tokens that they signed stay valid, and what they encrypted can be read and is encrypted anew under `secret_key` (docs/runbook.md, _Change the secret key_). Each is held to the rules of `secret_key`.',
  },
  algorithm: choice(
    { default: 'HS256', oneOf: ['HS256'] },
    'Signature algorithm of login tokens; fixed, so that a token cannot choose a weaker one.',
  ),
  access_token_expire_minutes: integer(
    { default: 30, min: 1, max: 43_200 },
    'Lifetime of a login token, in minutes.',
  ),
  api_key_expire_days: integer({ default: 90, min: 1, max: 3_650 }, 'Lifetime of a new API key, in days.'),
  require_activation: flag(true, 'Keep new accounts inactive until an administrator activates them.'),
  require_auth: flag(false, 'Refuse anonymous callers on the endpoints that otherwise accept them.'),
  login_attempts: integer(
    { default: 3, min: 1, max: 1_000 },
    'Number of failed logins allowed per address and user name within `login_window_seconds`; the addresses of an IPv6 /64 count as one in every limit.',
  ),
  login_attempts_per_address: integer(
    { default: 30, min: 1, max: 100_000 },
    'Number of failed logins allowed per address, for all user names together, within `login_window_seconds`.',
  ),
  login_attempts_per_account: integer(
    { default: 10, min: 1, max: 100_000 },
    'Number of failed logins allowed per user name, from all addresses together, within `login_window_seconds`; addresses that the account logged in from before are exempt.',
  ),
  login_window_seconds: decimal(
    { default: 60, min: 1, max: 86_400 },
    'Time window of the login limits, in seconds.',
  ),
  login_known_days: integer(
    { default: 30, min: 1, max: 3_650 },
    'Number of days after a login for which its address is exempt from `login_attempts_per_account` of that account.',
  ),
  rate_limits: map(
    { items: 'integer' },
    'Requests per minute and caller by route group, for example `{"predictions": 600}`; groups that are not listed have no limit. Groups are `predictions`, `sync`, `auth`, `users`, `admin`, `plugins`, `client`, `evaluator`, `provider`, `billing` and `other`. Processes on one PostgreSQL share the limits.',
  ),
  skip_rate_limiting: flag(false, 'Disable every rate limit, including the login limits (for tests).'),
  password_hash_cost: integer(
    { default: 10, min: 4, max: 15 },
    'bcrypt cost factor: each step doubles the time to hash a password; at least 10 in production.',
  ),
  admin_username: text(
    { default: 'admin', minLength: 3, maxLength: 50 },
    'Name of the administrator that is created when there are no users yet.',
  ),
  admin_password: text(
    { default: null, minLength: 8, secret: true },
    'Password of the first administrator. If not set, a random one is printed once on the console.',
  ),
  admin_api_key: text(
    { default: null, minLength: 32, secret: true },
    'API key of the first administrator. If not set, none is created.',
  ),
  initial_user_password: text(
    { default: null, minLength: 1, secret: true },
    'Fixed password for accounts that an administrator creates without one (for tests; refused in production). If not set, each account gets a random password.',
  ),
  allow_noise_control: flag(
    false,
    'Let any caller on the same machine (loopback) set the noise of oracles, not only administrators.',
  ),
} satisfies ParameterDeclarations;

/** User management from the command line: `users create | activate | reset-password`. */
export const USER_SETTINGS = {
  create_user: text(
    { default: null, minLength: 3, maxLength: 50 },
    'Name of the account to create; the same as `users create NAME`.',
  ),
  username: text(
    { default: null, minLength: 1, maxLength: 50 },
    'Account that a `users` command acts on; also the user name for the remote addresses.',
  ),
  email: text({ default: null, minLength: 3, maxLength: 254 }, 'E-mail address of the account to create.'),
  role: choice(
    {
      default: 'client',
      oneOf: ['client', 'provider', 'evaluator', 'operator', 'administrator', 'admin', 'guest'],
    },
    'Role of the account to create, to change, or of those to list.',
  ),
  demo: flag(
    false,
    '`users create --demo` makes a client with 100 USD of credits, an evaluator and a provider to try the API with, and prints their keys.',
  ),
  activate_user: text(
    { default: null, minLength: 1, maxLength: 50 },
    'Name of the account to activate; the same as `users activate NAME`.',
  ),
  change_password: flag(false, 'Change the password of `username`; the same as `users reset-password NAME`.'),
  old_password: text(
    { default: null, minLength: 1, secret: true },
    'Current password; if set, it is verified before the change.',
  ),
  new_password: text(
    { default: null, minLength: 8, secret: true },
    'New password. If not set, a random one is printed once. Prefer the environment variable: other users of the machine can see flags.',
  ),
  dry_run: flag(false, 'Only show what `import` would do; nothing is written.'),
} satisfies ParameterDeclarations;
