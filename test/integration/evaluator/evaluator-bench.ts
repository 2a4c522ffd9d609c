import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { eventually, FakeClock, type HttpAnswer } from '#libs/testing';
import { BillableOrders, BillingVerifier } from '../../../src/billing/billing.port.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { ClientOrders, NewOrders } from '../../../src/marketplace/client-orders.port.js';
import { type Order, type OrderTerms } from '../../../src/marketplace/marketplace.port.js';
import { type Account, Accounts } from '../../security/accounts.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** A Wednesday. */
export const NOON = Date.UTC(2026, 0, 14, 12);

/** The whole product with a marketplace, a clock that is turned by hand, a client and evaluators. */
export class EvaluatorBench {
  readonly admin = { apiKey: ADMIN_KEY };

  private constructor(
    readonly app: TestApp,
    readonly clock: FakeClock,
    readonly accounts: Accounts,
    readonly client: Account,
  ) {}

  static async open(
    database: DatabaseKind,
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<EvaluatorBench> {
    const clock = new FakeClock(NOON);
    const file = resolve('examples/data/sp500_daily_2000-2020.csv');
    const app = await startTestApp({
      database,
      clock,
      config: {
        predictor_plugin: 'random_walk_predictor',
        data_source: 'file',
        data_files: { SP500: file, EURUSD: file },
        marketplace_limit_basic: 1_000,
        ...config,
      },
    });
    const accounts = new Accounts(app);
    return new EvaluatorBench(app, clock, accounts, await accounts.make('client'));
  }

  close(): Promise<void> {
    return this.app.close();
  }

  evaluator(): Promise<Account> {
    return this.accounts.make('evaluator');
  }

  /** An order of the client. */
  async ask(changes: Partial<OrderTerms> = {}, by: Account = this.client): Promise<Order> {
    const orders = this.app.app.get<NewOrders>(NewOrders, { strict: false });
    const { order } = await orders.submit(actorOf(by, 'client'), {
      symbol: 'SP500',
      predictionType: 'short_term',
      datetimeRequested: new Date(this.clock.now() + 48 * HOUR_MS),
      lookbackTicks: 1_000,
      predictorPlugin: 'default_predictor',
      feederPlugin: 'default_feeder',
      pipelinePlugin: 'default_pipeline',
      interval: '1d',
      predictionHorizon: 3,
      priority: 5,
      maxCost: null,
      notificationWebhook: null,
      customParameters: null,
      ...changes,
    });
    return order;
  }

  async cancel(orderId: string): Promise<void> {
    await this.app.app
      .get<ClientOrders>(ClientOrders, { strict: false })
      .cancel(actorOf(this.client, 'client'), orderId);
  }

  get(path: string, { apiKey }: { apiKey: string }): Promise<HttpAnswer> {
    return this.app.get(`/api/v1/evaluator/${path}`, { apiKey });
  }

  post(path: string, body: unknown, { apiKey }: { apiKey: string }, headers = {}): Promise<HttpAnswer> {
    return this.app.post(`/api/v1/evaluator/${path}`, body, { apiKey, headers });
  }

  progress(orderId: string, body: unknown, { apiKey }: { apiKey: string }): Promise<HttpAnswer> {
    return this.app.request('PUT', `/api/v1/evaluator/progress/${orderId}`, { apiKey, body });
  }

  claim(orderId: string, by: { apiKey: string }, body: unknown = {}): Promise<HttpAnswer> {
    return this.post(`claim/${orderId}`, body, by);
  }

  submit(orderId: string, by: { apiKey: string }, changes: object = {}): Promise<HttpAnswer> {
    return this.post(`submit/${orderId}`, { ...ANSWER, ...changes }, by);
  }

  release(orderId: string, by: { apiKey: string }, body: object = {}): Promise<HttpAnswer> {
    return this.post(`release/${orderId}`, { reason: 'other', ...body }, by);
  }

  /** Turns the clock until the sweep that comes next has returned an order whose claim ran out. */
  async untilReturned(orderId: string): Promise<void> {
    await this.clock.advance(5_000);
    await eventually('the order is back in the queue', async () => {
      const { body } = await this.get('pending?limit=100', this.admin);
      return (body.pending_requests as { id: string }[]).some(({ id }) => id === orderId);
    });
  }

  /** Everything that says where money is, and what is wrong with it. */
  async money(evaluator: Account) {
    const ledger = this.app.app.get(LedgerRepository, { strict: false });
    const now = new Date(this.clock.now());
    const verifier = this.app.app.get<BillingVerifier>(BillingVerifier, { strict: false });
    const orders = this.app.app.get<BillableOrders>(BillableOrders, { strict: false });
    const { violations, transactions } = await verifier.verify(orders);
    return {
      client: await ledger.balancesOf(this.client.id, now),
      evaluator: await ledger.balancesOf(evaluator.id, now),
      transactions,
      violations,
    };
  }
}

const actorOf = ({ id, username }: Account, role: string) => ({ userId: id, username, role });

/** A right answer to what the bench asks. */
export const ANSWER = {
  predictions: [1.5, 2, 3.25],
  uncertainties: [0.1, 0, 1e-7],
  confidence_intervals: { lower_95: [1.3, 2, 3], upper_95: [1.7, 2, 3.5] },
  model_metadata: { model: 'näive', version: 2, ratio: 0.25 },
  processing_log: 'line 1\nline "2"',
  resource_usage: null,
  quality_metrics: { model_confidence: 1 },
};

/** The text that Python's `json.dumps(…, sort_keys=True)` makes of {@link ANSWER}, written down by hand. */
const pythonText = (completedAt: string, completedBy: number): string =>
  `{"completed_at": "${completedAt}", "completed_by": "${completedBy}", ` +
  '"confidence_intervals": {"lower_95": [1.3, 2.0, 3.0], "upper_95": [1.7, 2.0, 3.5]}, ' +
  String.raw`"model_metadata": {"model": "n\u00e4ive", "ratio": 0.25, "version": 2}, ` +
  String.raw`"predictions": [1.5, 2.0, 3.25], "processing_log": "line 1\nline \"2\"", ` +
  '"quality_metrics": {"model_confidence": 1}, "resource_usage": null, "uncertainties": [0.1, 0.0, 1e-07]}';

export const hashOfAnswer = (completedAt: string, completedBy: number): string =>
  createHash('sha256').update(pythonText(completedAt, completedBy)).digest('hex');
