import type { ParameterDeclarations } from '#libs/kernel';

/** The audit log: every request leaves a row; there is no switch. */
export const AUDIT_SETTINGS = {
  audit_batch_rows: {
    type: 'integer',
    default: 256,
    min: 1,
    max: 10_000,
    help: 'Most rows of concurrent requests that share one commit.',
  },
  audit_payload_bytes: {
    type: 'integer',
    default: 16_384,
    min: 256,
    max: 1_048_576,
    help: 'Longest request body kept in a row, in bytes; a longer one is cut and marked.',
  },
  audit_seal_seconds: {
    type: 'number',
    default: 5,
    min: 0.05,
    max: 3_600,
    help: 'Seconds between two runs of the sealer that numbers the rows and chains their hashes.',
  },
} as const satisfies ParameterDeclarations;
