import type { Transaction, TransactionRunner } from '#libs/database';
import { assertPresent } from '#libs/kernel';
import { type JobDefinition, LeaseLostError } from '../job-engine.js';
import type { CompleteOptions } from './engine-options.js';
import type { ClaimedJob, JobRepository } from './job.repository.js';
import type { JobRunner } from './job-runner.js';

/** Claims the rows that an engine chose, with the lease that they get. */
export type ClaimRows = (
  tx: Transaction,
  lease: { readonly holder: string; readonly nowMs: number; readonly leaseMs: number },
) => Promise<ClaimedJob[]>;

/** Takes jobs for one engine instance: the rows get its lease, and their domains are told, in one transaction. */
export class JobClaims {
  constructor(
    private readonly rows: JobRepository,
    private readonly transactions: TransactionRunner,
    private readonly definitions: ReadonlyMap<string, JobDefinition>,
    private readonly options: CompleteOptions,
    private readonly runner: JobRunner,
  ) {}

  /** Resolves with the jobs to launch; those that their domain refused are ended or put back already. */
  async claim(claimRows: ClaimRows): Promise<ClaimedJob[]> {
    let refused = false;
    try {
      return await this.transactions.run(async (tx) => {
        const claimed = await claimRows(tx, this.#lease());
        refused = true;
        for (const one of claimed) await this.#definition(one).claimed(tx, one.job);
        refused = false;
        return claimed;
      });
    } catch (error) {
      if (!refused) throw error;
      return this.#claimApart(claimRows);
    }
  }

  /** After a domain refused one of several: each is told in a transaction of its own, so that none stops another. */
  async #claimApart(claimRows: ClaimRows): Promise<ClaimedJob[]> {
    const claimed = await this.transactions.run((tx) => claimRows(tx, this.#lease()));
    const accepted: ClaimedJob[] = [];
    for (const one of claimed) {
      try {
        await this.transactions.run(async (tx) => {
          if (!(await this.rows.touch(tx, one.job, this.options.clock.now()))) {
            throw new LeaseLostError(one.job.id);
          }
          await this.#definition(one).claimed(tx, one.job);
        });
        accepted.push(one);
      } catch (error) {
        await this.runner.refuse(one, error);
      }
    }
    return accepted;
  }

  #lease(): Parameters<ClaimRows>[1] {
    const { clock, leaseMs } = this.options;
    return { holder: this.runner.holder, nowMs: clock.now(), leaseMs };
  }

  #definition({ job }: ClaimedJob): JobDefinition {
    return assertPresent(this.definitions.get(job.kind), `jobs of kind ${job.kind} are registered`);
  }
}
