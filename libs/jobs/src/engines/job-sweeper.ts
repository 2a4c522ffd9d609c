import type { TransactionRunner } from '#libs/database';
import { type CancelTimer, Repeater } from '#libs/kernel';
import type { CompleteOptions } from './engine-options.js';
import type { ExpiredJob, JobRepository } from './job.repository.js';

/** Ended jobs are looked for this often. */
const PURGE_EVERY_MS = 60_000;

/** What the sweeper needs from its engine. */
export interface SweepHost {
  readonly kinds: () => readonly string[];
  /** Whether a run of this very claim is at work here: then its heartbeat decides, not the sweep. */
  readonly isAtWorkHere: (expired: ExpiredJob) => boolean;
  /** Ends a job whose attempts are used up. */
  readonly exhaust: (expired: ExpiredJob) => Promise<void>;
  /** Something can be claimed. */
  readonly wake: () => void;
}

/** Finds what no wake-up tells: expired leases, jobs that become due, jobs of other processes, rows to forget. */
export class JobSweeper {
  readonly #repeater: Repeater;
  #cancelDue: CancelTimer = () => undefined;
  #nextDueMs = Infinity;
  #nextSweepMs = 0;
  #nextPurgeMs = 0;
  #stopped = false;

  constructor(
    private readonly rows: JobRepository,
    private readonly transactions: TransactionRunner,
    private readonly options: CompleteOptions,
    private readonly host: SweepHost,
  ) {
    const { clock, sweepMs, listener } = options;
    this.#repeater = new Repeater({
      clock,
      everyMs: sweepMs,
      work: () => this.#sweep(),
      onError: (error) => listener.failed('sweep jobs', error),
    });
  }

  /** Sweeps once and then regularly. @throws what the first sweep met: a start must not hide a broken database */
  async start(): Promise<void> {
    await this.#sweep();
    this.#repeater.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#repeater.stop();
    this.#cancelDue();
  }

  /** Tells of a job that may start at this moment (epoch ms). */
  dueAt(dueMs: number): void {
    if (this.#stopped) return;
    const now = this.options.clock.now();
    if (dueMs <= now) return this.host.wake();
    // later ones than the next sweep are left to it: at most one timer stands, however many jobs wait
    if (dueMs >= Math.min(this.#nextDueMs, this.#nextSweepMs)) return;
    this.#cancelDue();
    this.#nextDueMs = dueMs;
    this.#cancelDue = this.options.clock.after(dueMs - now, () => {
      this.#nextDueMs = Infinity;
      this.host.wake();
    });
  }

  async #sweep(): Promise<void> {
    const now = this.options.clock.now();
    this.#nextSweepMs = now + this.options.sweepMs;
    await this.#recover(now);
    const dueMs = await this.rows.nextDue(this.host.kinds());
    if (dueMs !== null) this.dueAt(dueMs);
    if (now >= this.#nextPurgeMs) await this.#purge(now);
  }

  async #recover(now: number): Promise<void> {
    const found = await this.rows.expired(this.host.kinds(), now);
    const lost = found.filter((one) => !this.host.isAtWorkHere(one));
    const again = lost.filter((one) => one.job.attempt < one.maxAttempts);
    if (again.length > 0) await this.#requeue(again, now);
    for (const one of lost) {
      if (one.job.attempt >= one.maxAttempts) await this.#exhaust(one);
    }
  }

  async #requeue(lost: readonly ExpiredJob[], now: number): Promise<void> {
    await this.transactions.run(async (tx) => {
      for (const { job } of lost) {
        if (!(await this.rows.touchExpired(tx, job, now))) continue;
        const error = 'the process that ran it was lost';
        await this.rows.requeue(tx, job, { runAtMs: now, error, givenBack: false, nowMs: now });
      }
    });
  }

  /** One transaction a job: a domain that refuses one must not keep the others from ending. */
  async #exhaust(lost: ExpiredJob): Promise<void> {
    try {
      await this.host.exhaust(lost);
    } catch (error) {
      this.options.listener.failed('end an exhausted job', error);
    }
  }

  async #purge(now: number): Promise<void> {
    this.#nextPurgeMs = now + PURGE_EVERY_MS;
    const before = now - this.options.retentionMs;
    if (!(await this.rows.hasFinishedBefore(before))) return;
    await this.transactions.run((tx) => this.rows.purge(tx, before));
    this.#nextPurgeMs = now; // there may be more: go on with the next sweep
  }
}
