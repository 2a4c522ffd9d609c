import { runSql, type Database, type Transaction, type TransactionRunner } from '#libs/database';
import type { Job, JobDefinition, JobEngine, JobEngineOptions, JobFailure, JobRun, NewJob } from '#libs/jobs';
import type { TestDatabase } from '../../../harness/databases.js';
import { eventually, FakeClock } from '#libs/testing';
import { writeEffect } from './effects.js';

/** Makes the engine under test. */
export type MakeEngine = (
  database: Database,
  transactions: TransactionRunner,
  options: JobEngineOptions,
) => JobEngine;

/** The engine's figures in the suite; the fake clock turns them. */
export const LEASE_MS = 30_000;
export const HEARTBEAT_MS = 10_000;
export const SWEEP_MS = 5_000;
export const TIME_LIMIT_MS = 300_000;
export const CONCURRENCY = 4;
export const MAX_ATTEMPTS = 3;

/** One spec's surroundings: a database, a clock and a domain that remembers what engines told it. */
export class JobBench {
  readonly clock = new FakeClock();
  /** Runs in the order their handlers were started, over all engines. */
  readonly runs: JobRun[] = [];
  readonly failures: { readonly job: Job; readonly failure: JobFailure }[] = [];
  readonly reported: unknown[] = [];
  /** The transactions in which the domain was told of a failure. */
  readonly failedIn = new WeakSet<Transaction>();
  /** What engines write with. */
  transactions: TransactionRunner;
  /** What a handler does. */
  handle: (run: JobRun) => Promise<void> = (run) => run.complete((tx) => writeEffect(tx, run));
  /** What the domain does in the claim's transaction. */
  onClaim: (tx: Transaction, job: Job) => Promise<void> = async () => undefined;
  readonly #engines: JobEngine[] = [];

  constructor(
    readonly test: TestDatabase,
    private readonly makeEngine: MakeEngine,
  ) {
    this.transactions = test.transactions;
  }

  /** An engine that was not started. `clock`: its own idea of time, for instance one that a suspended process has. */
  engine(overrides: Partial<JobEngineOptions> = {}): JobEngine {
    const engine = this.makeEngine(this.test.database, this.transactions, {
      clock: this.clock,
      concurrency: () => CONCURRENCY,
      leaseMs: LEASE_MS,
      heartbeatMs: HEARTBEAT_MS,
      sweepMs: SWEEP_MS,
      maxAttempts: MAX_ATTEMPTS,
      retryDelayMs: () => 0,
      listener: { failed: (_activity, error) => this.reported.push(error) },
      ...overrides,
    });
    engine.register(this.#definition());
    this.#engines.push(engine);
    return engine;
  }

  async started(overrides: Partial<JobEngineOptions> = {}): Promise<JobEngine> {
    const engine = this.engine(overrides);
    await engine.start();
    return engine;
  }

  /**
   * An engine in a process that is suspended, or dies, during its first run: its clock stands still, so that it sends no
   * heartbeat, and it takes nothing more.
   */
  suspended(): Promise<JobEngine> {
    return this.started({ clock: new FakeClock(this.clock.now()), concurrency: () => 1 });
  }

  /** Enqueues in a transaction of its own. */
  enqueue(engine: JobEngine, subject: string, extra: Partial<NewJob> = {}): Promise<string> {
    return this.test.run((tx) => engine.enqueue(tx, { kind: 'work', subject, ...extra }));
  }

  cancel(engine: JobEngine, subject: string): Promise<boolean> {
    return this.test.run((tx) => engine.cancel(tx, 'work', subject));
  }

  /** Subjects whose work was done, with repetitions, sorted. */
  async effects(): Promise<string[]> {
    const rows = await runSql<{ subject: string }>(this.test.database.read, 'SELECT subject FROM effects');
    return rows.map(({ subject }) => subject).sort();
  }

  async statusOf(subject: string): Promise<string | undefined> {
    const [row] = await runSql<{ status: string }>(
      this.test.database.read,
      'SELECT status FROM jobs WHERE subject = ? ORDER BY created_at DESC',
      [subject],
    );
    return row?.status;
  }

  async untilStatus(subject: string, status: string): Promise<void> {
    await eventually(`${subject} is ${status}`, async () => (await this.statusOf(subject)) === status);
  }

  async untilRuns(count: number): Promise<void> {
    await eventually(`${count} runs were started`, () => this.runs.length >= count);
  }

  /** Stops every engine and empties the tables. */
  async clear(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await this.test.run(async (tx) => {
      await runSql(tx, 'DELETE FROM jobs');
      await runSql(tx, 'DELETE FROM effects');
    });
  }

  #definition(): JobDefinition {
    return {
      kind: 'work',
      timeLimitMs: () => TIME_LIMIT_MS,
      claimed: (tx, job) => this.onClaim(tx, job),
      run: (run) => {
        this.runs.push(run);
        return this.handle(run);
      },
      failed: async (tx, job, failure) => {
        this.failures.push({ job, failure });
        this.failedIn.add(tx);
      },
    };
  }
}

/** One spec of the suite. */
export type JobSpec = (bench: JobBench) => Promise<void>;
