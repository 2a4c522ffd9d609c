import { KeptFigures } from '#libs/database';
import type { Transaction } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { configOf, FakeClock } from '#libs/testing';
import type {
  BillableOrder,
  BillableOrders,
  BillingViolation,
  CreditGrant,
  PriceTerms,
  Quote,
  Settlement,
} from '../../../src/billing/billing.port.js';
import { BillingRecordRepository } from '../../../src/billing/billing-record.repository.js';
import { CreditPolicy } from '../../../src/billing/credit-policy.js';
import { CreditUses } from '../../../src/billing/credit-uses.service.js';
import { CreditRepository } from '../../../src/billing/credit.repository.js';
import { ExpireCredits } from '../../../src/billing/billing-upkeep.service.js';
import { GrantCredits } from '../../../src/billing/grant-credits.service.js';
import { OrderBilling } from '../../../src/billing/order-billing.service.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { PriceRepository } from '../../../src/billing/price.repository.js';
import { ScoreHoldRepository } from '../../../src/billing/score-hold.repository.js';
import { SettleScoreHolds } from '../../../src/billing/settle-score-holds.service.js';
import type { ScorePayment } from '../../../src/billing/score-holds.port.js';
import { QuotePrices } from '../../../src/billing/quote-prices.service.js';
import { QuoteRepository } from '../../../src/billing/quote.repository.js';
import { PriceList } from '../../../src/billing/price-list.service.js';
import { LedgerSealRepository } from '../../../src/billing/seal-ledger.service.js';
import { BillingChecks, VerifyBilling } from '../../../src/billing/verify-billing.service.js';
import type { TestDatabase } from '../../harness/databases.js';

export const USD = 1_000_000;

export const asked = (changes: Partial<PriceTerms> = {}): PriceTerms => ({
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
export class BillingBench implements BillableOrders {
  readonly clock = new FakeClock();
  readonly states = new Map<string, BillableOrder['state']>();
  readonly inactive = new Set<number>();
  readonly quoting: QuotePrices;
  readonly billing: OrderBilling;
  readonly scores: SettleScoreHolds;
  readonly holds: ScoreHoldRepository;
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
    const ledger = new LedgerRepository(database, new KeptFigures(database));
    const quotes = new QuoteRepository(database);
    this.holds = new ScoreHoldRepository(database, new KeptFigures(database));
    const records = new BillingRecordRepository(database, new KeptFigures(database), this.holds);
    const prices = new PriceRepository(database);
    this.ledger = ledger;
    this.quotes = quotes;
    this.records = records;
    this.credits = new CreditRepository(database);
    const uses = new CreditUses(this.credits, ledger);
    this.expiry = new ExpireCredits(this.credits, uses, ledger, transactions, clock);
    this.quoting = new QuotePrices(prices, quotes, this.parties, policy, clock);
    const creditPolicy = new CreditPolicy(policy);
    this.billing = new OrderBilling(quotes, ledger, records, creditPolicy, uses, this.holds, clock);
    this.scores = new SettleScoreHolds(this.holds, ledger, uses, clock);
    this.grants = new GrantCredits(ledger, this.credits, clock);
    this.prices = new PriceList(prices, transactions, clock);
    this.verifier = new VerifyBilling(
      database,
      new BillingChecks(database),
      new LedgerSealRepository(database),
    );
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

  /** Prices and holds a new order; returns its id. */
  async submit(clientId: number, terms: Partial<PriceTerms> = {}, orderId = newUuid()): Promise<string> {
    await this.run(async (tx) => {
      const quote = await this.quoting.quote(asked(terms));
      await this.billing.hold(tx, { orderId, clientId, quote, description: 'EURUSD short_term' });
    });
    this.states.set(orderId, 'open');
    return orderId;
  }

  async hold(clientId: number, quote: Quote, orderId = newUuid()): Promise<string> {
    await this.run((tx) => this.billing.hold(tx, { orderId, clientId, quote, description: 'test' }));
    this.states.set(orderId, 'open');
    return orderId;
  }

  async complete(orderId: string, evaluatorId = 9, workedMs = 1_800_000): Promise<Settlement> {
    const settlement = await this.run((tx) =>
      this.billing.capture(tx, { orderId, evaluatorId, workedMs, leaseMs: 1_800_000 }),
    );
    this.states.set(orderId, 'completed');
    return settlement;
  }

  /** Pays out what is held of an order; null when nothing is. */
  score(orderId: string, fraction: number): Promise<ScorePayment | null> {
    return this.run((tx) => this.scores.settle(tx, orderId, { state: 'scored', fraction, reason: null }));
  }

  async cancel(orderId: string): Promise<number> {
    const { amount } = await this.run((tx) => this.billing.void(tx, orderId, 'cancelled'));
    this.states.set(orderId, 'ended');
    return amount;
  }

  async requote(orderId: string, terms: Partial<PriceTerms>): Promise<void> {
    await this.run(async (tx) => {
      const quote = await this.quoting.requote(orderId, asked(terms));
      await this.billing.adjust(tx, orderId, quote);
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
    const { available, held, earned } = await this.#balanceOf(userId);
    return { available, held, earned };
  }

  /** What is held of answered orders until their scores, in micro-units of USD. */
  async escrow(userId: number): Promise<number> {
    return (await this.#balanceOf(userId)).escrow;
  }

  async #balanceOf(userId: number) {
    const all = await this.ledger.balancesOf(userId, new Date(this.clock.now()));
    const none = { available: 0, held: 0, escrow: 0, earned: 0 };
    return all.find(({ currency }) => currency === 'USD') ?? none;
  }

  /** As its billing record says; null without one. */
  async settlementOf(orderId: string): Promise<Settlement | null> {
    const [row] = await this.test.query<
      Record<Exclude<keyof Settlement, 'orderId' | 'currency' | 'staked'>, number | string>
    >(
      `SELECT cost_micros AS total, evaluator_micros AS evaluator, bonus_micros AS bonus, provider_micros AS provider,
         platform_micros AS platform, currency FROM billing_records WHERE prediction_id = '${orderId}'`,
    );
    if (row === undefined) return null;
    const { currency, ...amounts } = row as typeof row & { currency: string };
    const exact = Object.entries(amounts).map(([name, amount]) => [name, Number(amount)]);
    const staked = (await this.holds.of(orderId))?.held ?? 0;
    return { orderId, currency, staked, ...Object.fromEntries(exact) } as Settlement;
  }

  /** What the verifier finds, without the texts. */
  async verify(): Promise<readonly BillingViolation[]> {
    return (await this.verifier.verify(this)).violations;
  }

  async list(afterOrderId: string | null, limit: number): Promise<BillableOrder[]> {
    return [...this.states]
      .map(([orderId, state]) => ({ orderId, state }))
      .filter(({ orderId }) => afterOrderId === null || orderId > afterOrderId)
      .sort((a, b) => (a.orderId < b.orderId ? -1 : 1))
      .slice(0, limit);
  }

  async count(table: string): Promise<number> {
    const [row] = await this.test.query<{ total: number | string }>(`SELECT COUNT(*) AS total FROM ${table}`);
    return Number(row?.total);
  }
}
