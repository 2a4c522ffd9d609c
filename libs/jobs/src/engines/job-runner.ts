import { isDatabaseRefusal, type Transaction, type TransactionRunner } from '#libs/database';
import { AppError, assertPresent, messageOf, newUuid, OutageError, Repeater } from '#libs/kernel';
import { type Job, type JobDefinition, type JobFailure, LeaseLostError } from '../job-engine.js';
import type { CompleteOptions } from './engine-options.js';
import type { ClaimedJob, ExpiredJob, JobRepository } from './job.repository.js';
import { LeasedRun, type RunOutcome } from './leased-run.js';

/**
 * The runs of one engine instance: starts handlers, keeps their leases, ends them on time limit, cancel and shutdown,
 * and writes down how they ended. How a job got claimed is the engine's business.
 */
export class JobRunner {
  /** Names this instance as the holder of leases. */
  readonly holder = newUuid();
  readonly #runs = new Map<string, LeasedRun>();
  /** Those of them that wait for a place, oldest first. */
  readonly #waiting = new Set<LeasedRun>();
  readonly #heartbeat: Repeater;
  #onIdle: () => void = () => undefined;

  constructor(
    private readonly rows: JobRepository,
    private readonly transactions: TransactionRunner,
    private readonly definitions: ReadonlyMap<string, JobDefinition>,
    private readonly options: CompleteOptions,
    private readonly host: {
      /** A slot became free. */
      readonly freed: () => void;
      /** A job may start at this moment, epoch ms. */
      readonly dueAt: (dueMs: number) => void;
      /** In the transaction that gives a job back at a stop: it may start at once, elsewhere. */
      readonly givenBack?: (tx: Transaction, job: Job) => void;
    },
  ) {
    const { clock, heartbeatMs, listener } = options;
    this.#heartbeat = new Repeater({
      clock,
      everyMs: heartbeatMs,
      work: () => this.#extendLeases(),
      onError: (error) => listener.failed('extend leases', error),
    });
  }

  /** Runs that hold a lease here, at work or waiting for a place. */
  get active(): number {
    return this.#runs.size;
  }

  /** Whether a run of this very claim is at work here. */
  isAtWork({ job, holder }: ExpiredJob): boolean {
    return holder === this.holder && this.#runs.get(job.id)?.job.leaseEpoch === job.leaseEpoch;
  }

  /** Begins to send heartbeats. */
  start(): void {
    this.#heartbeat.start();
  }

  /** Lets runs finish for `graceMs`, then aborts the rest and gives their jobs back without counting the attempt. */
  async stop(graceMs: number): Promise<void> {
    await this.#idleWithin(graceMs);
    await this.#heartbeat.stop();
    const left = [...this.#runs.values()];
    this.#waiting.clear(); // none of them starts in the place of one that ends
    const reason = new AppError('unavailable', 'The server is stopping', { code: 'stopping' });
    for (const run of left) run.end('requeued', reason);
    if (left.length > 0) await this.transactions.run((tx) => this.#giveBack(tx, left));
  }

  /**
   * Starts the handler of a job that was claimed, at once or when a place becomes free. What has waited for one as long as a
   * sweep takes goes back into the table, where another process may find it.
   * @param ended told when the run has left this engine's hands
   */
  launch(claimed: ClaimedJob, ended?: () => void): void {
    const run = this.#lease(claimed, ended);
    if (this.#atWork <= this.options.concurrency()) return this.#start(run);
    this.#waiting.add(run);
    run.limitTo(this.options.sweepMs, () => void this.#giveUpWaiting(run));
  }

  /** Handlers that run, including one whose place is being looked for. */
  get #atWork(): number {
    return this.#runs.size - this.#waiting.size;
  }

  #start(run: LeasedRun): void {
    const definition = this.#definition(run.job);
    const limitMs = run.timeLimitMs ?? definition.timeLimitMs();
    run.limitTo(limitMs, () => void this.#timeOut(run, limitMs));
    void this.#perform(run, definition);
  }

  #startWaiting(): void {
    for (const run of this.#waiting) {
      if (this.#atWork >= this.options.concurrency()) return;
      this.#waiting.delete(run);
      this.#start(run);
    }
  }

  async #giveUpWaiting(run: LeasedRun): Promise<void> {
    if (!this.#waiting.delete(run)) return;
    try {
      await run.ending(() => this.transactions.run((tx) => this.#giveBack(tx, [run])));
      run.end('requeued');
    } catch (error) {
      this.options.listener.failed('give a job back', error);
      run.end('lost');
    }
    this.host.dueAt(this.options.clock.now());
  }

  /** Ends or puts back a claimed job whose domain refused the claim. */
  async refuse(claimed: ClaimedJob, error: unknown): Promise<void> {
    await this.#endBadly(this.#lease(claimed), error);
  }

  /** Aborts the run of a job that was cancelled. */
  cancelled(jobId: string): void {
    const reason = new AppError('gone', 'The job was cancelled', { code: 'cancelled' });
    this.#runs.get(jobId)?.end('cancelled', reason);
  }

  /** Ends a job as failed, if `held` says so inside of the transaction; the domain writes down why. */
  async fail(job: Job, failure: JobFailure, held?: (tx: Transaction) => Promise<boolean>): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      if (held && !(await held(tx))) return false;
      const error = `${failure.code}: ${failure.message}`;
      if (!(await this.rows.finish(tx, job, 'failed', error, this.options.clock.now()))) return false;
      await this.#definition(job).failed(tx, job, failure);
      return true;
    });
  }

  #lease(claimed: ClaimedJob, ended?: () => void): LeasedRun {
    const { clock, leaseMs, listener } = this.options;
    const { job } = claimed;
    this.#runs.get(job.id)?.end('lost', new LeaseLostError(job.id));
    const startedMs = clock.monotonic();
    const onEnd = (run: LeasedRun, outcome: RunOutcome) => {
      if (this.#runs.get(job.id) === run) this.#runs.delete(job.id);
      this.#waiting.delete(run);
      listener.ended?.(job, outcome, clock.monotonic() - startedMs);
      if (this.#runs.size === 0) this.#onIdle();
      ended?.();
      this.#startWaiting();
      this.host.freed();
    };
    const run = new LeasedRun(claimed, clock.now() + leaseMs, this.rows, this.transactions, clock, onEnd);
    this.#runs.set(job.id, run);
    listener.claimed?.(job, Math.max(0, clock.now() - claimed.dueAtMs));
    return run;
  }

  async #perform(run: LeasedRun, definition: JobDefinition): Promise<void> {
    try {
      const { around } = this.options;
      await (around === undefined ? definition.run(run) : around(run.job, () => definition.run(run)));
      if (run.outcome === null) throw new Error('the handler ended without completing its job');
    } catch (error) {
      await this.#endBadly(run, error);
    }
  }

  async #endBadly(run: LeasedRun, error: unknown): Promise<void> {
    if (run.outcome !== null) return this.#reportLate(run, error);
    if (error instanceof LeaseLostError) return run.end('lost', error);
    try {
      if (error instanceof AppError && !isDatabaseRefusal(error)) {
        await this.#failRun(run, { code: error.code, message: error.detail });
      } else if (run.job.attempt >= run.maxAttempts && !(error instanceof OutageError)) {
        this.options.listener.failed(`run a job of kind ${run.job.kind}`, error);
        await this.#failRun(run, exhausted(run.job));
      } else {
        this.options.listener.failed(`run a job of kind ${run.job.kind}`, error);
        await this.#retry(run, error);
      }
    } catch (databaseError) {
      // the row keeps its lease until that runs out; then the sweep of any engine takes it up
      this.options.listener.failed('write down how a job ended', databaseError);
      run.end('lost');
    }
  }

  /** An aborted handler rejects with the reason it was given; anything else after the end is a fault of the handler. */
  #reportLate(run: LeasedRun, error: unknown): void {
    if (run.signal.aborted || error instanceof LeaseLostError) return;
    this.options.listener.failed(`run a job of kind ${run.job.kind}, after it had ended`, error);
  }

  async #failRun(run: LeasedRun, failure: JobFailure, reason?: Error): Promise<void> {
    await run.ending(async () => {
      const held = await this.fail(run.job, failure);
      run.end(held ? 'failed' : 'lost', reason);
    });
  }

  async #retry(run: LeasedRun, error: unknown): Promise<void> {
    const now = this.options.clock.now();
    const runAtMs = now + this.options.retryDelayMs(run.job.attempt);
    const text = messageOf(error);
    const requeue = (tx: Transaction) =>
      this.rows.requeue(tx, run.job, {
        runAtMs,
        error: text,
        givenBack: error instanceof OutageError,
        nowMs: now,
      });
    const held = await run.ending(async () => {
      const isHeld = await this.transactions.run(requeue);
      run.end(isHeld ? 'requeued' : 'lost');
      return isHeld;
    });
    if (held) this.host.dueAt(runAtMs);
  }

  async #timeOut(run: LeasedRun, limitMs: number): Promise<void> {
    const failure = { code: 'timeout', message: `The computation took longer than ${limitMs / 1000} s` };
    try {
      const reason = new AppError('deadline_passed', failure.message, { code: failure.code });
      await this.#failRun(run, failure, reason);
    } catch (error) {
      this.options.listener.failed('end a job at its time limit', error);
      run.end('lost', new LeaseLostError(run.job.id));
    }
  }

  async #extendLeases(): Promise<void> {
    const runs = [...this.#runs.values()];
    if (runs.length === 0) return;
    const { clock, leaseMs } = this.options;
    const untilMs = clock.now() + leaseMs;
    try {
      const ids = runs.map((run) => run.job.id);
      const held = await this.transactions.run((tx) => this.rows.heartbeat(tx, this.holder, ids, untilMs));
      for (const run of runs) {
        if (held.get(run.job.id) === run.job.leaseEpoch) run.leaseUntilMs = untilMs;
        else if (!run.isEnding) run.end('lost', new LeaseLostError(run.job.id));
      }
    } catch (error) {
      // a database that can't be reached for a whole lease: by now somebody else may have taken the job
      const lost = runs.filter((run) => run.leaseUntilMs <= clock.now());
      for (const run of lost) run.end('lost', new LeaseLostError(run.job.id));
      throw error;
    }
  }

  async #giveBack(tx: Transaction, runs: readonly LeasedRun[]): Promise<void> {
    const now = this.options.clock.now();
    for (const { job } of runs) {
      const next = { runAtMs: now, error: null, givenBack: true, nowMs: now };
      if (await this.rows.requeue(tx, job, next)) this.host.givenBack?.(tx, job);
    }
  }

  async #idleWithin(graceMs: number): Promise<void> {
    if (this.#runs.size === 0 || graceMs <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(graceMs, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  #definition(job: Job): JobDefinition {
    return assertPresent(this.definitions.get(job.kind), `jobs of kind ${job.kind} are registered`);
  }
}

/** Why a job ends whose last attempt went wrong too. */
export const exhausted = (job: Job): JobFailure => ({
  code: 'attempts_exhausted',
  message: `All ${job.attempt} attempts ended without a result`,
});
