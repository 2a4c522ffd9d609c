import type { Database, Transaction, TransactionRunner } from '#libs/database';
import type { Job, JobCounts, JobDefinition, JobEngine, KindFigures, NewJob } from '../../job-engine.js';
import {
  ENGINE_DEFAULTS,
  type CompleteOptions,
  type JobEngineOptions,
  kindsToRun,
} from '../engine-options.js';
import { JobClaims } from '../job-claims.js';
import { addedJob, isOpen } from '../added-job.js';
import { JobFiguresRepository } from '../job-figures.repository.js';
import { JobRepository } from '../job.repository.js';
import { exhausted, JobRunner } from '../job-runner.js';
import { JobSweeper } from '../job-sweeper.js';
import { JobQueue } from './job-queue.js';

/**
 * PostgreSQL's engine: graphile-worker delivers, so that a job is picked up some milliseconds after its commit by any
 * process that has a slot. Its row says only that a job is due. Who has the job, for how long and how it ended is in the
 * row of `jobs` as ever, so a delivery that is lost or comes twice does no harm: the sweep of every process adds what is
 * missing, and a claim of what another has finds nothing.
 */
export class GraphileJobEngine implements JobEngine {
  readonly #definitions = new Map<string, JobDefinition>();
  readonly #options: CompleteOptions;
  readonly #rows: JobRepository;
  readonly #figures: JobFiguresRepository;
  readonly #runner: JobRunner;
  readonly #claims: JobClaims;
  readonly #sweeper: JobSweeper;
  readonly #queue: JobQueue;
  readonly #claiming = new Set<Promise<unknown>>();
  #kinds: readonly string[] = [];
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  #adding: Promise<void> | null = null;
  #addAgain = false;
  /** From a delivery to its claim take some milliseconds; a start waits for none that a dead process may have taken. */
  #graceMs = 0;

  constructor(
    database: Database,
    private readonly transactions: TransactionRunner,
    options: JobEngineOptions,
  ) {
    if (database.kind !== 'postgres') throw new Error('graphile-worker works on PostgreSQL only');
    this.#options = { ...ENGINE_DEFAULTS, ...options };
    this.#rows = new JobRepository(database);
    this.#figures = new JobFiguresRepository(database);
    this.#queue = new JobQueue(database, this.#options, (job) => this.#deliver(job));
    this.#runner = new JobRunner(this.#rows, transactions, this.#definitions, this.#options, {
      freed: () => undefined, // the slot is graphile-worker's
      dueAt: (dueMs) => this.#sweeper.dueAt(dueMs),
      givenBack: (tx, job) => this.#queue.add(tx, job, job.leaseEpoch),
    });
    this.#claims = new JobClaims(this.#rows, transactions, this.#definitions, this.#options, this.#runner);
    this.#sweeper = new JobSweeper(this.#rows, transactions, this.#options, {
      kinds: () => this.#kinds,
      isAtWorkHere: (expired) => this.#runner.isAtWork(expired),
      exhaust: async ({ job }) => {
        const now = this.#options.clock.now();
        await this.#runner.fail(job, exhausted(job), (tx) => this.#rows.touchExpired(tx, job, now));
      },
      wake: () => this.#addMissing(),
    });
  }

  async enqueue(tx: Transaction, job: NewJob): Promise<string> {
    const { maxAttempts, clock, around } = this.#options;
    const nowMs = clock.now();
    const { job: added, ...row } = addedJob(
      { ...job, start: null },
      {
        maxAttempts,
        nowMs,
        isTraced: around !== undefined,
      },
    );
    this.#rows.insert(tx, { job: added, ...row }, null, isOpen);
    if (row.dueAtMs <= nowMs) this.#queue.add(tx, added, 0);
    else tx.afterCommit(() => this.#sweeper.dueAt(row.dueAtMs));
    return added.id;
  }

  /** Which process has a place is graphile-worker's business. */
  startHere(): null {
    return null;
  }

  mayRunHere(): boolean {
    return false;
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
    await this.#adding;
    this.#graceMs = this.#options.sweepMs;
    await this.#queue.start(this.#kinds);
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    const until = this.#options.clock.monotonic() + graceMs; // what it waits for before is part of it
    this.#queue.stopTaking();
    await this.#sweeper.stop();
    await this.#adding;
    await Promise.allSettled(this.#claiming);
    await this.#runner.stop(until - this.#options.clock.monotonic());
    await this.#queue.close();
  }

  counts(): Promise<JobCounts> {
    return this.#figures.counts(this.#options.clock.now());
  }

  figures(): Promise<KindFigures[]> {
    return this.#figures.figures(this.#options.clock.now());
  }

  /** Several asks while one look is under way become one more look. */
  #addMissing(): void {
    this.#addAgain = true;
    this.#adding ??= this.#addAllMissing().finally(() => (this.#adding = null));
  }

  async #addAllMissing(): Promise<void> {
    const { clock, listener } = this.#options;
    while (this.#addAgain && this.#state === 'running') {
      this.#addAgain = false;
      try {
        const kinds = this.#kinds;
        await this.transactions.run((tx) => this.#queue.addMissing(tx, kinds, clock.now(), this.#graceMs));
      } catch (error) {
        listener.failed('deliver waiting jobs', error); // the next sweep tries again
      }
    }
  }

  /** A slot of graphile-worker is held as long as the run takes, so that a process with no free slot takes no delivery. */
  async #deliver({ id, kind }: Pick<Job, 'id' | 'kind'>): Promise<void> {
    try {
      if (this.#state === 'running') await this.#run(id);
      // another process is to have it
      else await this.transactions.run(async (tx) => this.#queue.add(tx, { id, kind }, null));
    } catch (error) {
      this.#options.listener.failed('claim a job', error); // the next sweep adds its delivery again
    }
  }

  async #run(jobId: string): Promise<void> {
    const claiming = this.#claims.claim((tx, lease) => this.#rows.claimOne(tx, jobId, lease));
    this.#claiming.add(claiming);
    try {
      const claimed = await claiming;
      const ends = claimed.map((one) => new Promise<void>((ended) => this.#runner.launch(one, ended)));
      this.#claiming.delete(claiming);
      await Promise.all(ends);
    } finally {
      this.#claiming.delete(claiming);
    }
  }
}
