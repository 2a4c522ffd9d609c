import type { ParameterDeclarations } from '#libs/kernel';

/** What is logged, and where to. */
export const LOGGING_SETTINGS = {
  log_level: {
    type: 'string',
    default: 'WARNING',
    oneOf: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
    ignoreCase: true,
    help: 'Least severe messages that are logged; the line of each request is INFO.',
  },
  enable_logging: {
    type: 'boolean',
    default: true,
    help: 'Log at all; errors that end the process are always printed.',
  },
  quiet_mode: {
    type: 'boolean',
    default: false,
    help: 'Log errors only, whatever `log_level` says, and print nothing but results and errors.',
  },
  save_log: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Append the log lines to this file too.',
  },
  remote_log: {
    type: 'string',
    default: null,
    pattern: /^https?:\/\//,
    help: 'URL that the log lines are posted to too, as newline-delimited JSON.',
  },
} as const satisfies ParameterDeclarations;
