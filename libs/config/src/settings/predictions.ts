import type { ParameterDeclarations } from '#libs/kernel';

/** Limits of predictions, waiting and batches. */
export const PREDICTION_SETTINGS = {
  prediction_timeout: {
    type: 'integer',
    default: 300,
    min: 1,
    max: 3_600,
    help: 'Seconds that one prediction may compute before it fails.',
  },
  max_concurrent_predictions: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 100,
    help: 'Unfinished predictions one user, or one anonymous address, may have.',
  },
  prediction_history_days: {
    type: 'integer',
    default: 30,
    min: 0,
    max: 36_500,
    help: 'Days after which finished core predictions are deleted; 0 keeps them for ever.',
  },
  max_wait_seconds: {
    type: 'number',
    default: 30,
    min: 0,
    max: 300,
    help: 'Longest wait, in seconds, that a caller can ask for with `Prefer: wait`.',
  },
  max_batch_rows: {
    type: 'integer',
    default: 100_000,
    min: 1,
    max: 1_000_000,
    help: 'Most requests in one batch of synchronous questions.',
  },
  batch_body_limit_bytes: {
    type: 'integer',
    default: 16_777_216,
    min: 1_024,
    max: 268_435_456,
    help: 'Largest body of such a batch, in bytes.',
  },
  skip_background_tasks: {
    type: 'boolean',
    default: false,
    help: '`POST /api/v1/predict` stores the prediction but does not start it (for tests).',
  },
} as const satisfies ParameterDeclarations;
