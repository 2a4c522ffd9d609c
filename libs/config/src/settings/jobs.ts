import type { ParameterDeclarations } from '#libs/kernel';

/** Durable work: how jobs are leased, watched and tried again. */
export const JOB_SETTINGS = {
  job_concurrency: {
    type: 'integer',
    default: 8,
    min: 1,
    max: 256,
    help: 'Jobs that one process runs at the same time.',
  },
  job_lease_seconds: {
    type: 'number',
    default: 30,
    min: 0.1,
    max: 3_600,
    help: 'Seconds a runner holds a job without a sign of life before another may take it.',
  },
  job_heartbeat_seconds: {
    type: 'number',
    default: 10,
    min: 0.05,
    max: 1_800,
    help: 'Seconds between two renewals of a lease; at most half of `job_lease_seconds`.',
  },
  job_sweep_seconds: {
    type: 'number',
    default: 5,
    min: 0.05,
    max: 600,
    help: 'Seconds between two searches for lost and waiting jobs.',
  },
  job_attempts: {
    type: 'integer',
    default: 3,
    min: 1,
    max: 100,
    help: 'Attempts before a job is given up as failed.',
  },
} as const satisfies ParameterDeclarations;
