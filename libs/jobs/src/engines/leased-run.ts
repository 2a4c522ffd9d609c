import type { Transaction, TransactionRunner } from '#libs/database';
import type { CancelTimer, Clock } from '#libs/kernel';
import { type Job, type JobRun, type JobStatus, LeaseLostError } from '../job-engine.js';
import type { ClaimedJob, JobRepository } from './job.repository.js';

/** How a run left this engine's hands: ended for good, put back for another attempt, or lost to someone else. */
export type RunOutcome = Exclude<JobStatus, 'queued' | 'running'> | 'requeued' | 'lost';

/** One claim at work in this process. */
export class LeasedRun implements JobRun {
  readonly job: Job;
  readonly maxAttempts: number;
  readonly timeLimitMs: number | null;
  readonly input: unknown;
  readonly #abort = new AbortController();
  #cancelDeadline: CancelTimer = () => undefined;
  #outcome: RunOutcome | null = null;
  #isEnding = false;

  constructor(
    claimed: ClaimedJob,
    /** When the lease ends unless a heartbeat extends it, epoch ms. */
    public leaseUntilMs: number,
    private readonly rows: JobRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    private readonly onEnd: (run: LeasedRun, outcome: RunOutcome) => void,
  ) {
    this.job = claimed.job;
    this.maxAttempts = claimed.maxAttempts;
    this.timeLimitMs = claimed.timeLimitMs;
    this.input = claimed.input;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Null while it holds its lease, as far as this process knows. */
  get outcome(): RunOutcome | null {
    return this.#outcome;
  }

  /**
   * Whether this engine is writing down how the run ends. Its row may say so before this process knows, so a heartbeat
   * that does not find the lease says nothing: the write itself finds out who had it.
   */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  async ending<T>(write: () => Promise<T>): Promise<T> {
    this.#isEnding = true;
    try {
      return await write();
    } finally {
      this.#isEnding = false;
    }
  }

  limitTo(timeLimitMs: number, onDeadline: () => void): void {
    this.#cancelDeadline();
    this.#cancelDeadline = this.clock.after(timeLimitMs, onDeadline);
  }

  async complete(work: (tx: Transaction) => Promise<void>): Promise<void> {
    const finish = async (tx: Transaction): Promise<void> => {
      const held = await this.rows.finish(tx, this.job, 'completed', null, this.clock.now());
      if (!held) throw new LeaseLostError(this.job.id);
      await work(tx);
      tx.afterCommit(() => this.end('completed'));
    };
    await this.ending(() => this.#fenced(finish));
  }

  async checkpoint(work: (tx: Transaction) => Promise<void>): Promise<void> {
    await this.#fenced(async (tx) => {
      const held = await this.rows.touch(tx, this.job, this.clock.now());
      if (!held) throw new LeaseLostError(this.job.id);
      await work(tx);
    });
  }

  /** Takes the run out of this engine's hands, once; a reason aborts the handler. */
  end(outcome: RunOutcome, reason?: Error): void {
    if (this.#outcome !== null) return;
    this.#outcome = outcome;
    this.#cancelDeadline();
    this.onEnd(this, outcome);
    if (reason !== undefined) this.#abort.abort(reason);
  }

  async #fenced(work: (tx: Transaction) => Promise<void>): Promise<void> {
    if (this.#outcome !== null) throw new LeaseLostError(this.job.id);
    try {
      await this.transactions.run(work);
    } catch (error) {
      if (error instanceof LeaseLostError) this.end('lost', error);
      throw error;
    }
  }
}
