import type { ParameterDeclarations } from '#libs/kernel';

/** Who may come in, and how often. */
export const SECURITY_SETTINGS = {
  secret_key: {
    type: 'string',
    default: null,
    minLength: 32,
    secret: true,
    help: 'Signs login tokens. Not set on a SQLite file: a random one is made and kept beside it. With PostgreSQL or in production it must be set.',
  },
  algorithm: {
    type: 'string',
    default: 'HS256',
    oneOf: ['HS256'],
    help: 'Signature of login tokens; pinned, so that a token cannot choose a weaker one.',
  },
  access_token_expire_minutes: {
    type: 'integer',
    default: 30,
    min: 1,
    max: 43_200,
    help: 'Life of a login token in minutes.',
  },
  api_key_expire_days: {
    type: 'integer',
    default: 90,
    min: 1,
    max: 3_650,
    help: 'Life of a new API key in days.',
  },
  require_activation: {
    type: 'boolean',
    default: true,
    help: 'New accounts stay inactive until an administrator activates them.',
  },
  require_auth: {
    type: 'boolean',
    default: false,
    help: 'Refuse anonymous callers on the endpoints that otherwise accept them.',
  },
  login_attempts: {
    type: 'integer',
    default: 3,
    min: 1,
    max: 1_000,
    help: 'Failed logins allowed per address and user name within `login_window_seconds`.',
  },
  login_attempts_per_address: {
    type: 'integer',
    default: 30,
    min: 1,
    max: 100_000,
    help: 'Failed logins allowed per address, whatever the user name, within `login_window_seconds`.',
  },
  login_window_seconds: {
    type: 'number',
    default: 60,
    min: 1,
    max: 86_400,
    help: 'Window of the two login limits, in seconds.',
  },
  rate_limits: {
    type: 'map',
    items: 'integer',
    default: {},
    help: 'Requests per minute and caller by route group, for example `{"predictions": 600}`; a group that is not named has no limit.',
  },
  skip_rate_limiting: {
    type: 'boolean',
    default: false,
    help: 'Switch every rate limit off, that of login too (for tests).',
  },
  password_hash_cost: {
    type: 'integer',
    default: 10,
    min: 4,
    max: 15,
    help: 'Cost of bcrypt: each step doubles the work of hashing a password; at least 10 in production.',
  },
  admin_username: {
    type: 'string',
    default: 'admin',
    minLength: 3,
    maxLength: 50,
    help: 'Name of the administrator that is created when there is no user yet.',
  },
  admin_password: {
    type: 'string',
    default: null,
    minLength: 8,
    secret: true,
    help: 'Password of the first administrator. Not set: a random one is printed once on the console.',
  },
  admin_api_key: {
    type: 'string',
    default: null,
    minLength: 32,
    secret: true,
    help: 'API key of the first administrator. Not set: none is made.',
  },
  initial_user_password: {
    type: 'string',
    default: null,
    minLength: 1,
    secret: true,
    help: 'Fixed first password of accounts that an administrator creates without one (for tests; refused in production). Not set: a random one.',
  },
  allow_noise_control: {
    type: 'boolean',
    default: false,
    help: 'Let anyone on the same machine (loopback) set the noise of oracles, not only administrators.',
  },
} as const satisfies ParameterDeclarations;
