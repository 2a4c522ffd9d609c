import type { Transaction } from '#libs/database';

/** A job's life. `queued` and `running` are in flight; the other three are final. */
export type JobStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

/** Why a job ended as failed: the handler said so, its time ran out, or its runners died too often. */
export interface JobFailure {
  /** Stable, snake_case: the handler's own code, or `timeout`, `attempts_exhausted`. */
  readonly code: string;
  /** For people; never a path, stack or SQL. */
  readonly message: string;
}

export interface NewJob {
  /** Names the registered definition. */
  readonly kind: string;
  /** The row that the job works for, in its domain's words (a prediction's id, as text). At most one open job per kind and subject. */
  readonly subject: string;
  /** Earliest start, epoch ms. Default: now. */
  readonly runAt?: number;
  /** Overrides the definition's limit. */
  readonly timeLimitMs?: number;
  /** A place from {@link JobEngine.startHere}: the job is claimed from the beginning. Absent or null: it waits to be claimed. */
  readonly start?: JobStart | null;
}

/** A place in this process for one job of a transaction. */
export interface JobStart {
  /** For the run, so that it need not read what its submitter has just written. */
  input?: unknown;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly status: JobStatus;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Fence: every claim raises it, every write of a run carries it. */
  readonly leaseEpoch: number;
  readonly createdAt: Date;
  /** W3C Trace Context of who added it; null where nobody makes traces. */
  readonly traceparent: string | null;
}

/** One run of a job under a lease. */
export interface JobRun {
  readonly job: Job;
  /** What {@link JobStart.input} handed over; undefined for a job that was claimed from the table. */
  readonly input: unknown;
  /** Aborts on cancel, time limit, lost lease and shutdown. The reason is an `AppError` or `LeaseLostError`. */
  readonly signal: AbortSignal;
  /**
   * Ends the job as completed together with `work`, in one transaction that first checks the fence.
   * @throws LeaseLostError when another runner has the job, or it was cancelled: then nothing of `work` is kept.
   */
  complete(work: (tx: Transaction) => Promise<void>): Promise<void>;
  /** Writes intermediate state under the same fence, without ending the job. */
  checkpoint(work: (tx: Transaction) => Promise<void>): Promise<void>;
}

/** What a domain registers for a kind of job. The transaction callbacks commit together with the job's own change. */
export interface JobDefinition {
  readonly kind: string;
  /** Milliseconds from claim until the run is ended as failed with code `timeout`; read at each claim. */
  readonly timeLimitMs: () => number;
  /** Claimed by a runner (each attempt). */
  readonly claimed: (tx: Transaction, job: Job) => Promise<void>;
  /**
   * Does the work and calls `run.complete` exactly once. A rejection with an `AppError` ends the job as failed at once
   * (a repeat would fail in the same way); any other rejection, and a lost runner, are retried until the attempts are used up.
   */
  readonly run: (run: JobRun) => Promise<void>;
  /** Ended as failed for good. */
  readonly failed: (tx: Transaction, job: Job, failure: JobFailure) => Promise<void>;
}

/** The lease was lost: expired and taken by another runner, or the job was cancelled. */
export class LeaseLostError extends Error {
  constructor(readonly jobId: string) {
    super('the lease of this job was lost');
    this.name = 'LeaseLostError';
  }
}

export interface JobCounts {
  readonly queued: number;
  readonly running: number;
  /** Jobs that are due and have waited longest, in ms; null when nothing waits. */
  readonly oldestWaitMs: number | null;
}

/** The unfinished jobs of one kind, by what they wait for. */
export interface KindFigures {
  readonly kind: string;
  /** Due, and nobody has them yet. */
  readonly queued: number;
  /** To be done later. */
  readonly planned: number;
  readonly running: number;
  /** Running ones whose lease has ended. */
  readonly expired: number;
  /** How long the oldest due one has waited, in ms; 0 when none does. */
  readonly oldestWaitMs: number;
}

/**
 * Durable work. The job's own row is the truth (status, lease_expires_at, lease_epoch, attempts); engines differ only
 * in how a runner is woken. Each engine passes the same conformance suite.
 */
export abstract class JobEngine {
  /** Adds a job in the caller's transaction; a runner is woken when that commits. Returns the job's id (UUID). */
  abstract enqueue(tx: Transaction, job: NewJob): Promise<string>;
  /**
   * Takes a place for a job of this kind that the transaction is about to add, to be run by this process as soon as the
   * transaction is durable, without being looked for in the table. The caller writes what `claimed` would: it is not called.
   * Null when there is no place, or when others wait for one; the place is given back with the transaction's end.
   */
  abstract startHere(tx: Transaction, kind: string): JobStart | null;
  /**
   * Whether this process may begin a computation of this kind before there is a job for it, beside so many others of that sort.
   * Never on PostgreSQL, where other processes share the limits that a row in the table counts for, and never where runs are
   * wrapped: what traces tell of one belongs to a job.
   */
  abstract mayRunHere(kind: string, besides: number): boolean;
  /** Ends an open job as cancelled in the caller's transaction; false when it was not open. A running one's signal aborts. */
  abstract cancel(tx: Transaction, kind: string, subject: string): Promise<boolean>;
  /** Before `start`. */
  abstract register(definition: JobDefinition): void;
  /** Recovers expired leases and begins to claim. */
  abstract start(): Promise<void>;
  /** Stops claiming, lets runs finish for `graceMs`, then aborts them and returns their leases so that others can go on. */
  abstract stop(graceMs: number): Promise<void>;
  abstract counts(): Promise<JobCounts>;
  /** Unfinished jobs by kind, of the oldest 10,000 that wait and as many that run; a kind without any is left out. */
  abstract figures(): Promise<KindFigures[]>;
}
