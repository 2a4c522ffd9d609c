import { AppError, type Clock, WEEK_MS } from '#libs/kernel';
import type { Job } from '../job-engine.js';
import type { RunOutcome } from './leased-run.js';

/** What an engine reports to metrics and logs; every callback must return quickly and never throw. */
export interface JobListener {
  /** A claim committed. `waitedMs`: from due to claimed. */
  readonly claimed?: (job: Job, waitedMs: number) => void;
  /** A run left this engine's hands, `ranMs` after its claim. */
  readonly ended?: (job: Job, outcome: RunOutcome, ranMs: number) => void;
  /** Something went wrong that no caller can be told; the engine goes on and tries again. */
  readonly failed: (activity: string, error: unknown) => void;
}

/** The figures of an engine. Defaults are the product's (30 s lease, 10 s heartbeat, 5 s sweep, 3 attempts). */
export interface JobEngineOptions {
  readonly clock: Clock;
  /** Runs at the same time in this process; read before each claim. */
  readonly concurrency: () => number;
  /** Kinds that run in this process; empty, the default: all that are registered. */
  readonly kinds?: readonly string[];
  readonly leaseMs?: number;
  readonly heartbeatMs?: number;
  readonly sweepMs?: number;
  readonly maxAttempts?: number;
  /** Wait before the next attempt after attempt 1, 2, …; default 1 s, 2 s, 4 s, … */
  readonly retryDelayMs?: (attempt: number) => number;
  /** How long rows of ended jobs are kept; default 7 days. */
  readonly retentionMs?: number;
  readonly listener: JobListener;
  /**
   * Called with each run in place of it, to do something before and after. Absent: jobs are run as they are, and those that are
   * added keep no trace.
   */
  readonly around?: RunWrapper | undefined;
}

/** Runs `work`, which is the run of this job. */
export type RunWrapper = (job: Job, work: () => Promise<void>) => Promise<void>;

/** Options with the defaults in place of what is absent. */
export type CompleteOptions = Required<Omit<JobEngineOptions, 'around'>> & Pick<JobEngineOptions, 'around'>;

export const ENGINE_DEFAULTS = {
  kinds: [] as readonly string[],
  leaseMs: 30_000,
  heartbeatMs: 10_000,
  sweepMs: 5_000,
  maxAttempts: 3,
  retryDelayMs: (attempt: number) => 1_000 * 2 ** (attempt - 1),
  retentionMs: WEEK_MS,
  around: undefined,
} as const;

/**
 * The kinds of jobs that an engine runs.
 * @throws AppError `bad_request` when one was chosen that nobody registered
 */
export function kindsToRun(chosen: readonly string[], registered: Iterable<string>): string[] {
  const known = [...registered];
  const unknown = chosen.find((kind) => !known.includes(kind));
  if (unknown !== undefined) {
    const text = `job_kinds: "${unknown}" is no kind of job; kinds are ${known.sort().join(', ')}`;
    throw new AppError('bad_request', text, { code: 'job_kind' });
  }
  return chosen.length === 0 ? known : [...chosen];
}
