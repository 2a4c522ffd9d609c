import type { Transaction } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { configOf, FakeClock } from '#libs/testing';
import type {
  BillableJob,
  BillableJobs,
  BillingViolation,
  CreditGrant,
  PriceRequest,
  Quote,
  Settlement,
} from '../../../src/billing/billing.port.js';
import { BillingChecks } from '../../../src/billing/billing-checks.repository.js';
import { BillingRecordRepository } from '../../../src/billing/billing-record.repository.js';
import { CreditPolicy } from '../../../src/billing/credit-policy.js';
import { CreditUses } from '../../../src/billing/credit-uses.service.js';
import { CreditRepository } from '../../../src/billing/credit.repository.js';
import { ExpireCredits } from '../../../src/billing/expire-credits.service.js';
import { GrantCredits } from '../../../src/billing/grant-credits.service.js';
import { JobBilling } from '../../../src/billing/job-billing.service.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { PriceRepository } from '../../../src/billing/price.repository.js';
import { QuotePrices } from '../../../src/billing/quote-prices.service.js';
import { QuoteRepository } from '../../../src/billing/quote.repository.js';
import { PriceList } from '../../../src/billing/price-list.service.js';
import { VerifyBilling } from '../../../src/billing/verify-billing.service.js';
import type { TestDatabase } from '../../harness/databases.js';

export const USD = 1_000_000;

export const asked = (changes: Partial<PriceRequest> = {}): PriceRequest => ({
  symbol: 'EURUSD',
  modelName: 'default_predictor',
  predictionType: 'short_term',
  horizon: 6,
  lookback: 1_000,
  feeder: 'default_feeder',
  predictor: 'default_predictor',
  priority: 5,
  ...changes,
});

const DEFAULTS = {
  billing_mode: 'postpaid',
  credit_limit: 1_000,
  evaluator_share: 0.7,
  platform_fee: 0.05,
};

/** Billing over a real database, with a marketplace that is a map. */
export class BillingBench implements BillableJobs {
  readonly clock = new FakeClock();
  readonly states = new Map<string, BillableJob['state']>();
  readonly inactive = new Set<number>();
  readonly quoting: QuotePrices;
  readonly billing: JobBilling;
  readonly quotes: QuoteRepository;
  readonly records: BillingRecordRepository;
  readonly grants: GrantCredits;
  readonly prices: PriceList;
  readonly credits: CreditRepository;
  readonly expiry: ExpireCredits;
  readonly ledger: LedgerRepository;
  readonly verifier: VerifyBilling;

  constructor(
    readonly test: TestDatabase,
    config: Readonly<Record<string, unknown>> = {},
  ) {
    const { database, transactions } = test;
    const policy = configOf({ ...DEFAULTS, ...config });
    const { clock } = this;
    const ledger = new LedgerRepository(database);
    const quotes = new QuoteRepository(database);
    const records = new BillingRecordRepository(database);
    const prices = new PriceRepository(database);
    this.ledger = ledger;
    this.quotes = quotes;
    this.records = records;
    this.credits = new CreditRepository(database);
    const uses = new CreditUses(this.credits, ledger);
    this.expiry = new ExpireCredits(this.credits, uses, ledger, transactions, clock);
    this.quoting = new QuotePrices(prices, quotes, this.parties, policy, clock);
    this.billing = new JobBilling(quotes, ledger, records, new CreditPolicy(policy), uses, clock);
    this.grants = new GrantCredits(ledger, this.credits, clock);
    this.prices = new PriceList(prices, ledger, transactions, clock);
    this.verifier = new VerifyBilling(database, new BillingChecks(database));
  }

  /** User ids are their names. */
  get parties() {
    return {
      idOf: async (username: string) => (/^\d+$/.test(username) ? Number(username) : null),
      activeAmong: async (ids: readonly number[]) => new Set(ids.filter((id) => !this.inactive.has(id))),
      payer: async (id: number) => ({ username: `client ${id}`, email: '', billingAddress: null }),
    };
  }

  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.test.run(work);
  }

  /** Prices and holds a new job; returns its id. */
  async submit(clientId: number, request: Partial<PriceRequest> = {}, jobId = newUuid()): Promise<string> {
    await this.run(async (tx) => {
      const quote = await this.quoting.quote(asked(request));
      await this.billing.hold(tx, { jobId, clientId, quote, description: 'EURUSD short_term' });
    });
    this.states.set(jobId, 'open');
    return jobId;
  }

  async hold(clientId: number, quote: Quote, jobId = newUuid()): Promise<string> {
    await this.run((tx) => this.billing.hold(tx, { jobId, clientId, quote, description: 'test' }));
    this.states.set(jobId, 'open');
    return jobId;
  }

  async complete(jobId: string, evaluatorId = 9, workedMs = 1_800_000): Promise<Settlement> {
    const settlement = await this.run((tx) =>
      this.billing.capture(tx, { jobId, evaluatorId, workedMs, leaseMs: 1_800_000 }),
    );
    this.states.set(jobId, 'completed');
    return settlement;
  }

  async cancel(jobId: string): Promise<number> {
    const { amount } = await this.run((tx) => this.billing.void(tx, jobId, 'cancelled'));
    this.states.set(jobId, 'ended');
    return amount;
  }

  async requote(jobId: string, request: Partial<PriceRequest>): Promise<void> {
    await this.run(async (tx) => {
      const quote = await this.quoting.requote(jobId, asked(request));
      await this.billing.adjust(tx, jobId, quote);
    });
  }

  grant(userId: number, amount: number, changes: Partial<CreditGrant> = {}): Promise<number> {
    return this.run((tx) =>
      this.grants.grant(tx, {
        userId,
        type: 'purchased',
        amount,
        currency: 'USD',
        grantedBy: 1,
        ...changes,
      }),
    );
  }

  /** In micro-units of USD. */
  async balance(userId: number): Promise<{ available: number; held: number; earned: number }> {
    const all = await this.ledger.balancesOf(userId, new Date(this.clock.now()));
    const { available = 0, held = 0, earned = 0 } = all.find(({ currency }) => currency === 'USD') ?? {};
    return { available, held, earned };
  }

  /** As its billing record says; null without one. */
  async settlementOf(jobId: string): Promise<Settlement | null> {
    const [row] = await this.test.query<
      Record<Exclude<keyof Settlement, 'jobId' | 'currency'>, number | string>
    >(
      `SELECT cost_micros AS total, evaluator_micros AS evaluator, bonus_micros AS bonus, provider_micros AS provider,
         platform_micros AS platform, currency FROM billing_records WHERE prediction_id = '${jobId}'`,
    );
    if (row === undefined) return null;
    const { currency, ...amounts } = row as typeof row & { currency: string };
    const exact = Object.entries(amounts).map(([name, amount]) => [name, Number(amount)]);
    return { jobId, currency, ...Object.fromEntries(exact) } as Settlement;
  }

  /** What the verifier finds, without the texts. */
  async verify(): Promise<readonly BillingViolation[]> {
    return (await this.verifier.verify(this)).violations;
  }

  async list(afterJobId: string | null, limit: number): Promise<BillableJob[]> {
    return [...this.states]
      .map(([jobId, state]) => ({ jobId, state }))
      .filter(({ jobId }) => afterJobId === null || jobId > afterJobId)
      .sort((a, b) => (a.jobId < b.jobId ? -1 : 1))
      .slice(0, limit);
  }

  async count(table: string): Promise<number> {
    const [row] = await this.test.query<{ total: number | string }>(`SELECT COUNT(*) AS total FROM ${table}`);
    return Number(row?.total);
  }
}
