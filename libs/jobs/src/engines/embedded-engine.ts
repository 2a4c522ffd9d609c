import type { Database, Transaction, TransactionRunner } from '#libs/database';
import type { JobCounts, JobDefinition, JobEngine, JobStart, KindFigures, NewJob } from '../job-engine.js';
import {
  ENGINE_DEFAULTS,
  type CompleteOptions,
  type JobEngineOptions,
  kindsToRun,
} from './engine-options.js';
import { addedJob, isOpen } from './added-job.js';
import { JobFiguresRepository } from './job-figures.repository.js';
import { type ClaimedJob, JobRepository } from './job.repository.js';
import { JobClaims } from './job-claims.js';
import { exhausted, JobRunner } from './job-runner.js';
import { JobSweeper } from './job-sweeper.js';

/**
 * Runs jobs in the serving process. A commit that enqueued wakes it at once; a sweep finds what a wake-up can't tell:
 * jobs of other processes, expired leases, jobs that become due. It works on both databases; on PostgreSQL it polls.
 */
export class EmbeddedJobEngine implements JobEngine {
  readonly #definitions = new Map<string, JobDefinition>();
  readonly #options: CompleteOptions;
  readonly #rows: JobRepository;
  readonly #figures: JobFiguresRepository;
  readonly #runner: JobRunner;
  readonly #claims: JobClaims;
  readonly #sweeper: JobSweeper;
  #kinds: readonly string[] = [];
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  /** False once a claim has found fewer jobs than it asked for: then only a wake-up makes another claim worthwhile. */
  #backlog = false;
  #claiming: Promise<void> | null = null;
  /** Places that transactions have taken which are not over. */
  #taken = 0;
  #onNoneTaken: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    transactions: TransactionRunner,
    options: JobEngineOptions,
  ) {
    this.#options = { ...ENGINE_DEFAULTS, ...options };
    this.#rows = new JobRepository(database);
    this.#figures = new JobFiguresRepository(database);
    this.#runner = new JobRunner(this.#rows, transactions, this.#definitions, this.#options, {
      freed: () => this.#claimIfUseful(),
      dueAt: (dueMs) => this.#sweeper.dueAt(dueMs),
    });
    this.#claims = new JobClaims(this.#rows, transactions, this.#definitions, this.#options, this.#runner);
    this.#sweeper = new JobSweeper(this.#rows, transactions, this.#options, {
      kinds: () => this.#kinds,
      isAtWorkHere: (expired) => this.#runner.isAtWork(expired),
      exhaust: async ({ job }) => {
        const now = this.#options.clock.now();
        await this.#runner.fail(job, exhausted(job), (tx) => this.#rows.touchExpired(tx, job, now));
      },
      wake: () => this.#wake(),
    });
  }

  async enqueue(tx: Transaction, job: NewJob): Promise<string> {
    const { maxAttempts, leaseMs, clock, around } = this.#options;
    const nowMs = clock.now();
    const added = addedJob(job, { maxAttempts, nowMs, isTraced: around !== undefined });
    const isClaimed = added.job.status === 'running';
    const lease = isClaimed ? { holder: this.#runner.holder, untilMs: nowMs + leaseMs } : null;
    this.#rows.insert(tx, added, lease, isOpen);
    tx.afterCommit(() => (isClaimed ? this.#runner.launch(added) : this.#sweeper.dueAt(added.dueAtMs)));
    return added.job.id;
  }

  startHere(tx: Transaction, kind: string): JobStart | null {
    if (!this.#mayStartHere(kind)) return null;
    this.#taken += 1;
    tx.whenOver(() => {
      this.#taken -= 1;
      if (this.#taken === 0) this.#onNoneTaken();
    });
    return {};
  }

  /**
   * Whether fewer run than may. Transactions on their way to the disk count apart: when they arrive, others have ended. If not,
   * some wait for a moment.
   */
  #mayStartHere(kind: string): boolean {
    const most = this.#options.concurrency();
    return this.#hasPlaces(kind, most) && this.#runner.active + this.#taken < 2 * most;
  }

  mayRunHere(kind: string, besides: number): boolean {
    const { around, concurrency } = this.#options;
    return (
      this.database.kind === 'sqlite' &&
      around === undefined &&
      this.#hasPlaces(kind, concurrency() - besides)
    );
  }

  /** Whether fewer than so many run, and nobody waits for a place. */
  #hasPlaces(kind: string, most: number): boolean {
    return (
      this.#state === 'running' &&
      !this.#backlog &&
      this.#claiming === null &&
      this.#kinds.includes(kind) &&
      this.#runner.active < most
    );
  }

  async cancel(tx: Transaction, kind: string, subject: string): Promise<boolean> {
    const id = await this.#rows.cancel(tx, kind, subject, this.#options.clock.now());
    if (id === null) return false;
    tx.afterCommit(() => this.#runner.cancelled(id));
    return true;
  }

  register(definition: JobDefinition): void {
    const { kind } = definition;
    if (this.#state !== 'idle') throw new Error('job definitions are registered before the engine starts');
    if (this.#definitions.has(kind)) throw new Error(`two definitions for jobs of kind ${kind}`);
    this.#definitions.set(kind, definition);
  }

  async start(): Promise<void> {
    if (this.#state !== 'idle') throw new Error('a job engine starts once');
    this.#state = 'running';
    this.#kinds = kindsToRun(this.#options.kinds, this.#definitions.keys());
    if (this.#kinds.length === 0) return;
    this.#runner.start();
    await this.#sweeper.start();
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    const until = this.#options.clock.monotonic() + graceMs; // what it waits for before is part of it
    await this.#sweeper.stop();
    await this.#claiming;
    if (this.#taken > 0) await new Promise<void>((resolve) => (this.#onNoneTaken = resolve));
    await this.#runner.stop(until - this.#options.clock.monotonic());
  }

  counts(): Promise<JobCounts> {
    return this.#figures.counts(this.#options.clock.now());
  }

  figures(): Promise<KindFigures[]> {
    return this.#figures.figures(this.#options.clock.now());
  }

  #wake(): void {
    this.#backlog = true;
    this.#claimIfUseful();
  }

  /** Several asks while one claim is under way become one more claim. */
  #claimIfUseful(): void {
    if (this.#claiming !== null || !this.#isClaimUseful()) return;
    this.#claiming = this.#claimAll().finally(() => {
      this.#claiming = null;
      this.#claimIfUseful();
    });
  }

  #isClaimUseful(): boolean {
    return this.#state === 'running' && this.#backlog && this.#freeSlots() > 0;
  }

  #freeSlots(): number {
    return this.#options.concurrency() - this.#runner.active;
  }

  async #claimAll(): Promise<void> {
    while (this.#isClaimUseful()) {
      const limit = this.#freeSlots();
      this.#backlog = false;
      try {
        const claimed = await this.#claim(limit);
        if (claimed.length === limit) this.#backlog = true;
        for (const one of claimed) this.#runner.launch(one);
      } catch (error) {
        this.#options.listener.failed('claim jobs', error); // the next sweep tries again
      }
    }
  }

  #claim(limit: number): Promise<ClaimedJob[]> {
    const kinds = this.#kinds;
    return this.#claims.claim((tx, lease) => this.#rows.claim(tx, { ...lease, kinds, limit }));
  }
}
