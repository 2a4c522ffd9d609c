import type { ParameterDeclarations } from '#libs/kernel';

/** The evaluator that works by itself: the command `evaluate`, and `auto_evaluate` within the service. */
export const AGENT_SETTINGS = {
  url: {
    type: 'string',
    default: null,
    pattern: /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/,
    maxLength: 2048,
    help: 'Address of the service that `evaluate` works for, for example `https://market.example`.',
  },
  api_key: {
    type: 'string',
    default: null,
    minLength: 1,
    maxLength: 512,
    secret: true,
    help: "API key of the evaluator's account that `evaluate` works with.",
  },
  agent_parallel: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 64,
    help: 'Requests that an evaluator computes at the same time.',
  },
  agent_idle_seconds: {
    type: 'number',
    default: 5,
    min: 0.05,
    max: 3_600,
    help: 'Seconds until an evaluator looks for requests again when there were none.',
  },
  agent_heartbeat_seconds: {
    type: 'number',
    default: 10,
    min: 0.1,
    max: 600,
    help: 'Seconds between two words of an evaluator about a request that it computes.',
  },
  agent_until_idle: {
    type: 'boolean',
    default: false,
    help: '`evaluate` ends when there is nothing to do, instead of waiting for more.',
  },
} as const satisfies ParameterDeclarations;
