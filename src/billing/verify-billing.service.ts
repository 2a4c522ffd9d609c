import { Injectable, Optional } from '@nestjs/common';
import { Database } from '#libs/database';
import {
  type BillableJob,
  BillableJobs,
  type BillingVerdict,
  type BillingVerifier,
  type BillingViolation,
} from './billing.port.js';
import { BillingChecks, type MoneyState } from './billing-checks.repository.js';

const PAGE = 500;
/** Of each kind; more would tell nothing more. */
const MAX_VIOLATIONS = 1_000;

const EXPECTED: Readonly<Record<BillableJob['state'], MoneyState>> = {
  open: 'held',
  completed: 'captured',
  ended: 'voided',
};

type WorkVerdict = Omit<BillingVerdict, 'transactions'>;

/** Proves from the tables alone that the money adds up, and that it fits the work. */
@Injectable()
export class VerifyBilling implements BillingVerifier {
  constructor(
    private readonly database: Database,
    private readonly checks: BillingChecks,
    @Optional() private readonly marketplace?: BillableJobs,
  ) {}

  verify(jobs: BillableJobs | undefined = this.marketplace): Promise<BillingVerdict> {
    return this.database.inSnapshot(async () => {
      const violations = await this.checks.violations(MAX_VIOLATIONS);
      const work = jobs === undefined ? await this.#unknown() : await this.#jobs(jobs);
      return {
        ...work,
        transactions: await this.checks.countTransactions(),
        violations: [...violations, ...work.violations].slice(0, MAX_VIOLATIONS),
      };
    });
  }

  async #unknown(): Promise<WorkVerdict> {
    return { work: 'unknown', jobs: await this.checks.countJobs(), violations: [] };
  }

  /** An open job has its hold, a completed one was paid, an ended one got everything back; no other money is there. */
  async #jobs(jobs: BillableJobs): Promise<WorkVerdict> {
    const violations: BillingViolation[] = [];
    let [seen, known] = [0, 0];
    for await (const page of pagesOf((after) => jobs.list(after, PAGE), jobIdOf)) {
      const states = await this.checks.statesOf(page.map(jobIdOf));
      violations.push(...page.flatMap((job) => mismatch(job, states.get(job.jobId))));
      seen += page.length;
      known += states.size;
    }
    const strays = (await this.checks.countJobs()) === known ? [] : await this.#strays(jobs);
    return { work: 'compared', jobs: seen, violations: [...violations, ...strays].slice(0, MAX_VIOLATIONS) };
  }

  /** Jobs of the ledger that the marketplace does not know; looked for only when the numbers differ. */
  async #strays(jobs: BillableJobs): Promise<BillingViolation[]> {
    const existing = new Set<string>();
    for await (const page of pagesOf((after) => jobs.list(after, PAGE), jobIdOf))
      for (const { jobId } of page) existing.add(jobId);
    const strays: BillingViolation[] = [];
    const ids = pagesOf(
      (after) => this.checks.jobsAfter(after, PAGE),
      (id: string) => id,
    );
    for await (const page of ids) {
      for (const id of page)
        if (!existing.has(id))
          strays.push({
            rule: 'money_without_job',
            detail: `money moved for job ${id}, which does not exist`,
          });
    }
    return strays;
  }
}

const jobIdOf = ({ jobId }: BillableJob): string => jobId;

function mismatch({ jobId, state }: BillableJob, money: MoneyState | undefined): BillingViolation[] {
  if (money === EXPECTED[state]) return [];
  return [
    {
      rule: 'money_differs_from_work',
      detail: `job ${jobId} is ${state}; its money is ${money ?? 'not there'} instead of ${EXPECTED[state]}`,
    },
  ];
}

/** Page after page, each behind the key of the last row of the one before. */
async function* pagesOf<Row>(
  read: (after: string | null) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): AsyncGenerator<readonly Row[]> {
  let after: string | null = null;
  for (;;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = keyOf(last);
  }
}
