import type { ParameterDeclarations } from '#libs/kernel';

/** Prices, shares, leases and limits of the marketplace. */
export const MARKETPLACE_SETTINGS = {
  billing_mode: {
    type: 'string',
    default: 'postpaid',
    oneOf: ['postpaid', 'prepaid'],
    help: '`postpaid` lets a balance go down to minus `credit_limit`; `prepaid` asks for the money first (402).',
  },
  credit_limit: {
    type: 'number',
    default: 1_000,
    min: 0,
    max: 1_000_000_000,
    help: 'How far below zero a balance may go with `postpaid`, in USD.',
  },
  evaluator_share: {
    type: 'number',
    default: 0.7,
    min: 0,
    max: 1,
    help: 'Part of a price that the evaluator gets.',
  },
  platform_fee: {
    type: 'number',
    default: 0.05,
    min: 0,
    max: 1,
    help: 'Part of a price that the platform keeps; the provider gets the rest.',
  },
  marketplace_limit_basic: {
    type: 'integer',
    default: 5,
    min: 0,
    max: 100_000,
    help: 'Unfinished marketplace requests that a client of the tier `basic` may have.',
  },
  marketplace_limit_premium: {
    type: 'integer',
    default: 10,
    min: 0,
    max: 100_000,
    help: 'Unfinished marketplace requests that a client of the tier `premium` may have.',
  },
  marketplace_limit_enterprise: {
    type: 'integer',
    default: 50,
    min: 0,
    max: 100_000,
    help: 'Unfinished marketplace requests that a client of the tier `enterprise` may have.',
  },
  marketplace_lease_minutes: {
    type: 'number',
    default: 30,
    min: 0.001,
    max: 1_440,
    help: 'Minutes an evaluator has from claim to submission.',
  },
  marketplace_expiry_hours: {
    type: 'number',
    default: 24,
    min: 0.001,
    max: 720,
    help: 'Hours after which a request that nobody finished fails as expired and the money goes back.',
  },
  evaluator_claim_limit: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 10_000,
    help: 'Requests one evaluator may hold at the same time.',
  },
  release_cooldown_seconds: {
    type: 'number',
    default: 300,
    min: 0,
    max: 86_400,
    help: 'Seconds before an evaluator may claim a request again that it released.',
  },
  webhook_allowed_networks: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Addresses or networks (CIDR) that webhooks may reach although they are not public, for example `10.1.0.0/16`; in production not this machine itself nor link-local ones.',
  },
  webhook_history_days: {
    type: 'integer',
    default: 30,
    min: 1,
    max: 3_650,
    help: 'Days for which ended webhook deliveries can be read and replayed.',
  },
  auto_evaluate: {
    type: 'boolean',
    default: false,
    help: 'The service claims and computes its own marketplace requests.',
  },
} as const satisfies ParameterDeclarations;
