import { choice, decimal, flag, integer, textList, type ParameterDeclarations, text } from '#libs/kernel';

const LIMIT_HELP = 'Maximum number of unfinished marketplace orders per client of the tier';

/** Prices, shares, leases and limits of the marketplace. */
export const MARKETPLACE_SETTINGS = {
  billing_mode: choice(
    { default: 'postpaid', oneOf: ['postpaid', 'prepaid'] },
    '`postpaid` lets a balance fall to minus `credit_limit`; `prepaid` refuses an order that the balance does not cover (402).',
  ),
  credit_limit: decimal(
    { default: 1_000, min: 0, max: 1_000_000_000 },
    'How far below zero a balance may fall with `postpaid`, in USD.',
  ),
  evaluator_share: decimal(
    { default: 0.7, min: 0, max: 1 },
    "The evaluator's share of a price, as a fraction.",
  ),
  platform_fee: decimal(
    { default: 0.05, min: 0, max: 1 },
    "The platform's share of a price, as a fraction; the provider gets the rest.",
  ),
  marketplace_limit_basic: integer({ default: 5, min: 0, max: 100_000 }, `${LIMIT_HELP} \`basic\`.`),
  marketplace_limit_premium: integer({ default: 10, min: 0, max: 100_000 }, `${LIMIT_HELP} \`premium\`.`),
  marketplace_limit_enterprise: integer(
    { default: 50, min: 0, max: 100_000 },
    `${LIMIT_HELP} \`enterprise\`.`,
  ),
  marketplace_lease_minutes: decimal(
    { default: 30, min: 0.001, max: 1_440 },
    'Time an evaluator has from claiming an order to submitting its result, in minutes.',
  ),
  marketplace_expiry_hours: decimal(
    { default: 24, min: 0.001, max: 720 },
    'Time after which an unfinished order expires and its money is returned, in hours.',
  ),
  evaluator_claim_limit: integer(
    { default: 10, min: 1, max: 10_000 },
    'Maximum number of orders that one evaluator may hold at the same time.',
  ),
  release_cooldown_seconds: decimal(
    { default: 300, min: 0, max: 86_400 },
    'Time before an evaluator may again claim an order that it released, in seconds.',
  ),
  webhook_allowed_networks: textList(
    [],
    'Non-public addresses or networks (CIDR) that webhooks may reach, for example `10.1.0.0/16`; loopback and link-local addresses are refused in production.',
  ),
  order_history_days: integer(
    { default: 0, min: 0, max: 36_500 },
    'Number of days after which ended orders are moved, with their claims and files, into archives in `archive_folder`; 0 keeps them in the database forever. Their money stays in the ledger.',
  ),
  webhook_history_days: integer(
    { default: 30, min: 1, max: 3_650 },
    'Number of days for which finished webhook deliveries can be read and replayed.',
  ),
  auto_evaluate: flag(false, "Let the service claim and compute its marketplace's orders itself."),
} satisfies ParameterDeclarations;

/** The built-in evaluator: the command `evaluate`, and `auto_evaluate` within the service. */
export const AGENT_SETTINGS = {
  url: text(
    { default: null, pattern: /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, maxLength: 2048 },
    'Address of the service that `evaluate` works for, for example `https://market.example`.',
  ),
  api_key: text(
    { default: null, minLength: 1, maxLength: 512, secret: true },
    'API key of the evaluator account that `evaluate` uses.',
  ),
  agent_parallel: integer(
    { default: 1, min: 1, max: 64 },
    'Number of orders that an evaluator computes at the same time.',
  ),
  agent_idle_seconds: decimal(
    { default: 5, min: 0.05, max: 3_600 },
    'Time before an evaluator that found no orders looks again, in seconds.',
  ),
  agent_heartbeat_seconds: decimal(
    { default: 10, min: 0.1, max: 600 },
    'Time between two progress reports on an order that an evaluator computes, in seconds.',
  ),
  agent_until_idle: flag(false, 'Make `evaluate` exit when there are no orders left, instead of waiting.'),
} satisfies ParameterDeclarations;
