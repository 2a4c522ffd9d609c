import { addUpFigures, Database, runSql, TransactionRunner, type Transaction } from '#libs/database';
import type { Actor } from '#libs/kernel';
import { FakeClock, tinyPlugins } from '#libs/testing';
import { type BillingVerdict, BillingVerifier, Turnover } from '../../../src/billing/billing.port.js';
import { PriceList } from '../../../src/billing/price-list.service.js';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { ClientOrders, NewOrders } from '../../../src/marketplace/client-orders.port.js';
import { type ClaimedOrder, ClaimedWork, OrderQueue } from '../../../src/marketplace/order-queue.port.js';
import { MarketplaceEvents } from '../../../src/marketplace/marketplace-events.port.js';
import {
  EvaluatorStatistics,
  MarketplaceFigures,
} from '../../../src/marketplace/marketplace-statistics.port.js';
import { MarketplaceUpkeep } from '../../../src/marketplace/marketplace-upkeep.service.js';
import { MarketplaceModule } from '../../../src/marketplace/marketplace.module.js';
import { type Order, type OrderResult, type OrderTerms } from '../../../src/marketplace/marketplace.port.js';
import { OrderFiles } from '../../../src/marketplace/order-files.port.js';
import { OrderRepository } from '../../../src/marketplace/order.repository.js';
import { UsersModule } from '../../../src/users/users.module.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { answerOf } from '../../harness/answers.js';
import { startTestApp, type TestApp } from '../../harness/app.js';

export const USD = 1_000_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

export const client = (userId: number): Actor => ({ userId, username: `client ${userId}`, role: 'client' });
export const evaluator = (userId: number): Actor => ({
  userId,
  username: `evaluator ${userId}`,
  role: 'evaluator',
});
export const ADMINISTRATOR: Actor = { userId: 1, username: 'admin', role: 'administrator' };

/** What an order says of its claim while it has none. */
export const NO_CLAIM = { evaluatorId: null, evaluatorUsername: null, claimedAt: null, timeoutAt: null };
export const NO_PROGRESS = { progressPercentage: null, currentStep: null, estimatedRemaining: null };

export const answer = (horizon = 6, changes: Partial<OrderResult> = {}): OrderResult =>
  answerOf(horizon, changes);

/** The marketplace as the product composes it, over a real database, with a clock that stands still. */
export class MarketplaceBench {
  readonly clients: ClientOrders;
  readonly entry: NewOrders;
  readonly queue: OrderQueue;
  readonly work: ClaimedWork;
  readonly figures: MarketplaceFigures;
  readonly statistics: EvaluatorStatistics;
  readonly events: MarketplaceEvents;
  readonly files: OrderFiles;
  readonly upkeep: MarketplaceUpkeep;
  readonly turnover: Turnover;
  readonly prices: PriceList;
  readonly #verifier: BillingVerifier;
  readonly #orders: OrderRepository;

  private constructor(
    readonly test: TestApp,
    readonly clock: FakeClock,
  ) {
    const get = <T>(token: abstract new (...parts: never[]) => T): T =>
      test.app.get<T>(token, { strict: false });
    this.clients = get(ClientOrders);
    this.entry = get(NewOrders);
    this.queue = get(OrderQueue);
    this.work = get(ClaimedWork);
    this.figures = get(MarketplaceFigures);
    this.statistics = get(EvaluatorStatistics);
    this.events = get(MarketplaceEvents);
    this.files = get(OrderFiles);
    this.turnover = get(Turnover);
    this.#verifier = get(BillingVerifier);
    this.#orders = get(OrderRepository);
    this.upkeep = test.app.get(MarketplaceUpkeep, { strict: false });
    this.prices = test.app.get(PriceList, { strict: false });
  }

  static async start(
    database: DatabaseKind,
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<MarketplaceBench> {
    const clock = new FakeClock();
    const test = await startTestApp({
      database,
      clock,
      config: {
        database_pool_size: 8,
        database_max_overflow: 0,
        marketplace_limit_basic: 100_000,
        ...config,
      },
      domains: [UsersModule, BillingModule, MarketplaceModule],
      plugins: (loaded) => tinyPlugins(loaded, clock),
    });
    return new MarketplaceBench(test, clock);
  }

  close(): Promise<void> {
    return this.test.close();
  }

  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.test.app.get(TransactionRunner, { strict: false }).run(work);
  }

  /** What the service does four times a second, where the clock does not stand still. */
  async addUp(): Promise<void> {
    const [database, transactions] = [
      this.test.app.get(Database, { strict: false }),
      this.test.app.get(TransactionRunner, { strict: false }),
    ];
    while (await addUpFigures(database, transactions));
  }

  asked(changes: Partial<OrderTerms> = {}): OrderTerms {
    return {
      symbol: 'EURUSD',
      predictionType: 'short_term',
      datetimeRequested: new Date(this.clock.now() + HOUR),
      lookbackTicks: 1_000,
      predictorPlugin: 'default_predictor',
      feederPlugin: 'default_feeder',
      pipelinePlugin: 'default_pipeline',
      interval: '1h',
      predictionHorizon: 6,
      priority: 5,
      maxCost: null,
      notificationWebhook: null,
      customParameters: null,
      ...changes,
    };
  }

  async submit(clientId: number, changes: Partial<OrderTerms> = {}): Promise<Order> {
    return (await this.entry.submit(client(clientId), this.asked(changes))).order;
  }

  claim(evaluatorId: number, orderId: string): Promise<ClaimedOrder> {
    return this.queue.claim(evaluator(evaluatorId), {
      orderId,
      estimatedCompletion: null,
      processingNodeInfo: null,
    });
  }

  answer(evaluatorId: number, orderId: string, leaseEpoch: number | null = null, result = answer()) {
    return this.work.submit(evaluator(evaluatorId), { orderId, leaseEpoch, result });
  }

  release(evaluatorId: number, orderId: string, leaseEpoch: number | null = null) {
    return this.work.release(evaluator(evaluatorId), { orderId, leaseEpoch, reason: 'other', details: null });
  }

  find(orderId: string): Promise<Order> {
    return this.clients.find(ADMINISTRATOR, orderId);
  }

  /** In micro-units of USD. */
  async balance(userId: number): Promise<{ available: number; held: number; earned: number }> {
    const all = await this.test.app
      .get(LedgerRepository, { strict: false })
      .balancesOf(userId, new Date(this.clock.now()));
    const { available = 0, held = 0, earned = 0 } = all.find(({ currency }) => currency === 'USD') ?? {};
    return { available, held, earned };
  }

  /** What billing finds wrong between its tables and the marketplace's orders. */
  verify(): Promise<BillingVerdict> {
    return this.#verifier.verify(this.#orders);
  }

  query<Row extends object>(sql: string): Promise<Row[]> {
    return this.test.database.query<Row>(sql);
  }

  /** Changes rows behind the product's back. */
  async execute(sql: string, parameters: readonly (string | number)[] = []): Promise<void> {
    await this.run((tx) => runSql(tx, sql, parameters));
  }
}

/** Declares the same specs for both databases; the marketplace starts before the first and stops after the last. */
export const KINDS: readonly DatabaseKind[] = ['sqlite', 'postgres'];
