import type { Database, Transaction, TransactionRunner } from '#libs/database';
import { AppError, assertPresent, newUuid } from '#libs/kernel';
import type { JobCounts, JobDefinition, JobEngine, NewJob } from '../job-engine.js';
import { LeaseLostError } from '../job-engine.js';
import { ENGINE_DEFAULTS, type JobEngineOptions } from './engine-options.js';
import { type ClaimedJob, JobRepository } from './job.repository.js';
import { exhausted, JobRunner } from './job-runner.js';
import { JobSweeper } from './job-sweeper.js';

/**
 * Runs jobs in the serving process. A commit that enqueued wakes it at once; a sweep finds what a wake-up can't tell:
 * jobs of other processes, expired leases, jobs that become due. It works on both databases; on PostgreSQL it polls.
 */
export class EmbeddedJobEngine implements JobEngine {
  readonly #definitions = new Map<string, JobDefinition>();
  readonly #options: Required<JobEngineOptions>;
  readonly #rows: JobRepository;
  readonly #runner: JobRunner;
  readonly #sweeper: JobSweeper;
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  /** False once a claim has found fewer jobs than it asked for: then only a wake-up makes another claim worthwhile. */
  #backlog = false;
  #claiming: Promise<void> | null = null;

  constructor(
    database: Database,
    private readonly transactions: TransactionRunner,
    options: JobEngineOptions,
  ) {
    this.#options = { ...ENGINE_DEFAULTS, ...options };
    this.#rows = new JobRepository(database);
    this.#runner = new JobRunner(this.#rows, transactions, this.#definitions, this.#options, {
      freed: () => this.#claimIfUseful(),
      dueAt: (dueMs) => this.#sweeper.dueAt(dueMs),
    });
    this.#sweeper = new JobSweeper(this.#rows, transactions, this.#options, {
      kinds: () => [...this.#definitions.keys()],
      isAtWorkHere: (expired) => this.#runner.isAtWork(expired),
      exhaust: async ({ job }) => {
        const now = this.#options.clock.now();
        await this.#runner.fail(job, exhausted(job), (tx) => this.#rows.touchExpired(tx, job, now));
      },
      wake: () => this.#wake(),
    });
  }

  async enqueue(tx: Transaction, job: NewJob): Promise<string> {
    const id = newUuid();
    const { maxAttempts, clock } = this.#options;
    const now = clock.now();
    const isOpen = () => new AppError('conflict', 'This work is already queued', { code: 'job_open' });
    this.#rows.insert(tx, id, job, { maxAttempts, nowMs: now, isOpen });
    tx.afterCommit(() => this.#sweeper.dueAt(job.runAt ?? now));
    return id;
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
    if (this.#definitions.size === 0) return;
    this.#runner.start();
    await this.#sweeper.start();
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    await this.#sweeper.stop();
    await this.#claiming;
    await this.#runner.stop(graceMs);
  }

  counts(): Promise<JobCounts> {
    return this.#rows.counts(this.#options.clock.now());
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

  /** Claims up to `limit` jobs and tells their domains, all in one transaction. */
  async #claim(limit: number): Promise<ClaimedJob[]> {
    let refused = false;
    try {
      return await this.transactions.run(async (tx) => {
        const claimed = await this.#claimRows(tx, limit);
        refused = true;
        for (const one of claimed) await this.#definition(one).claimed(tx, one.job);
        refused = false;
        return claimed;
      });
    } catch (error) {
      if (!refused) throw error;
      return this.#claimApart(limit);
    }
  }

  /** After a domain refused one of several: each is told in a transaction of its own, so that none stops another. */
  async #claimApart(limit: number): Promise<ClaimedJob[]> {
    const claimed = await this.transactions.run((tx) => this.#claimRows(tx, limit));
    const accepted: ClaimedJob[] = [];
    for (const one of claimed) {
      try {
        await this.transactions.run(async (tx) => {
          if (!(await this.#rows.touch(tx, one.job, this.#options.clock.now()))) {
            throw new LeaseLostError(one.job.id);
          }
          await this.#definition(one).claimed(tx, one.job);
        });
        accepted.push(one);
      } catch (error) {
        await this.#runner.refuse(one, error);
      }
    }
    return accepted;
  }

  #claimRows(tx: Transaction, limit: number): Promise<ClaimedJob[]> {
    return this.#rows.claim(tx, {
      kinds: [...this.#definitions.keys()],
      limit,
      holder: this.#runner.holder,
      nowMs: this.#options.clock.now(),
      leaseMs: this.#options.leaseMs,
    });
  }

  #definition({ job }: ClaimedJob): JobDefinition {
    return assertPresent(this.#definitions.get(job.kind), `jobs of kind ${job.kind} are registered`);
  }
}
