import type { ParameterDeclarations } from '#libs/kernel';

/** Parameters that both pipelines have. */
export const pipelineParameters = {
  pipeline_enabled: {
    type: 'boolean',
    default: true,
    help: 'Run predictions; when false they are refused.',
  },
  prediction_interval: {
    type: 'integer',
    default: 300,
    min: 1,
    max: 86_400,
    help: 'Seconds between two predictions of the scheduled loop, which the server runs.',
  },
  db_path: {
    type: 'string',
    default: 'prediction_provider.db',
    help: 'Accepted for compatibility; no effect because everything is stored in the one database of the server.',
  },
  enable_logging: {
    type: 'boolean',
    default: true,
    help: 'Log each run with its duration.',
  },
  log_level: {
    type: 'string',
    default: 'INFO',
    oneOf: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
    ignoreCase: true,
    help: 'Runs are logged at INFO, so WARNING and above leave them out.',
  },
} as const satisfies ParameterDeclarations;
