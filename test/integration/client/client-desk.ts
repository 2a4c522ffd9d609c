import { resolve } from 'node:path';
import type { Actor } from '#libs/kernel';
import { FakeClock, type HttpAnswer } from '#libs/testing';
import { BillingVerifier } from '../../../src/billing/billing.port.js';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { ClientModule } from '../../../src/client/client.module.js';
import { LedgerRepository } from '../../../src/billing/ledger.repository.js';
import { ClaimedWork, OrderQueue } from '../../../src/marketplace/order-queue.port.js';
import { type OrderResult } from '../../../src/marketplace/marketplace.port.js';
import { BillableOrders } from '../../../src/billing/billing.port.js';
import { UsersModule } from '../../../src/users/users.module.js';
import { answerOf } from '../../harness/answers.js';
import { type AdapterName, startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { type OriginalKey, seedOriginalAccounts } from '../../harness/original.js';

export const USD = 1_000_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Symbols that the desk has bars of; the first is the usual one. */
const SYMBOLS = ['SYNTHFX', 'EURUSD', 'EURUSD=X', '^GSPC', 'BRK.B', 'TRANSCRIPT'] as const;

/** A Tuesday within the sample data, between two bars. */
export const NOW = Date.UTC(2023, 2, 14, 9, 30);
export const ROOT = '/api/v1/client/predictions';

const sample = (name: string): string => resolve('examples/data', name);

/** Somebody who computes. */
export const evaluator = (userId: number): Actor => ({
  userId,
  username: `evaluator ${userId}`,
  role: 'evaluator',
});

/** An answer with values around the sample data's. */
export const answer = (horizon = 6, changes: Partial<OrderResult> = {}): OrderResult => {
  const predictions = Array.from({ length: horizon }, (_, bar) => 1.08 + bar / 1_000);
  const around = (width: number): number[] => predictions.map((value) => value + width);
  return answerOf(horizon, {
    predictions,
    uncertainties: predictions.map((_, bar) => 0.002 + bar / 10_000),
    confidenceIntervals: {
      lower_95: around(-0.004),
      upper_95: around(0.004),
      lower_50: around(-0.001),
      upper_50: around(0.001),
    },
    processingLog: 'fetched 1000 bars\ndone',
    resourceUsage: { wall_ms: 12 },
    qualityMetrics: null,
    ...changes,
  });
};

/** The clients' door over HTTP, with evaluators who work behind it. */
export class ClientDesk {
  readonly queue: OrderQueue;
  readonly work: ClaimedWork;

  private constructor(
    readonly app: TestApp,
    readonly clock: FakeClock,
  ) {
    this.queue = this.#get(OrderQueue);
    this.work = this.#get(ClaimedWork);
  }

  static async start(
    database: DatabaseKind,
    options: { readonly config?: Readonly<Record<string, unknown>>; readonly adapter?: AdapterName } = {},
  ): Promise<ClientDesk> {
    const clock = new FakeClock(NOW);
    const app = await startTestApp({
      database,
      clock,
      adapter: options.adapter ?? 'fastify',
      config: {
        database_pool_size: 4,
        database_max_overflow: 0,
        data_source: 'file',
        csv_file: sample('synthetic_fx_1h_2023.csv'),
        data_files: Object.fromEntries(
          SYMBOLS.map((symbol) => [symbol, sample('synthetic_fx_1h_2023.csv')] as const),
        ),
        ...options.config,
      },
      domains: [UsersModule, BillingModule, ClientModule],
      seed: seedOriginalAccounts,
    });
    return new ClientDesk(app, clock);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  #get<T>(token: abstract new (...parts: never[]) => T): T {
    return this.app.app.get<T>(token, { strict: false });
  }

  asked(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return {
      symbol: 'SYNTHFX',
      prediction_type: 'short_term',
      datetime_requested: new Date(this.clock.now() + 30 * MINUTE).toISOString(),
      ...changes,
    };
  }

  get(path: string, apiKey: OriginalKey = 'client1_key'): Promise<HttpAnswer> {
    return this.app.get(`${ROOT}${path}`, { apiKey });
  }

  send(
    method: string,
    path: string,
    body?: unknown,
    apiKey: OriginalKey = 'client1_key',
  ): Promise<HttpAnswer> {
    return this.app.request(method, `${ROOT}${path}`, { apiKey, ...(body !== undefined && { body }) });
  }

  predict(
    changes: Readonly<Record<string, unknown>> = {},
    apiKey: OriginalKey = 'client1_key',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    return this.app.post('/api/v1/client/predict', this.asked(changes), { apiKey, headers });
  }

  /** Id of an order that was taken. */
  async submitted(
    changes: Readonly<Record<string, unknown>> = {},
    apiKey: OriginalKey = 'client1_key',
  ): Promise<string> {
    const taken = await this.predict(changes, apiKey);
    if (taken.status !== 200) throw new Error(`the request was refused: ${taken.text}`);
    return String(taken.body.id);
  }

  claim(orderId: string, evaluatorId = 900) {
    const who = evaluator(evaluatorId);
    return this.queue.claim(who, { orderId, estimatedCompletion: null, processingNodeInfo: null });
  }

  async complete(orderId: string, result = answer(), evaluatorId = 900) {
    await this.claim(orderId, evaluatorId);
    return this.work.submit(evaluator(evaluatorId), { orderId, leaseEpoch: null, result });
  }

  /** Id of a completed order. */
  async completed(
    changes: Readonly<Record<string, unknown>> = {},
    result = answer(),
    apiKey: OriginalKey = 'client1_key',
  ): Promise<string> {
    const id = await this.submitted(changes, apiKey);
    await this.complete(id, result);
    return id;
  }

  async idOf(username: string): Promise<number> {
    const rows = await this.app.database.query<{ id: number; username: string }>(
      'SELECT id, username FROM users',
    );
    return rows.find((row) => row.username === username)?.id ?? 0;
  }

  /** In micro-units of USD. */
  async balance(userId: number): Promise<{ readonly available: number; readonly held: number }> {
    const all = await this.#get(LedgerRepository).balancesOf(userId, new Date(this.clock.now()));
    const { available = 0, held = 0 } = all.find(({ currency }) => currency === 'USD') ?? {};
    return { available, held };
  }

  /** What billing finds wrong between its tables and the orders. */
  async violations(): Promise<readonly unknown[]> {
    const verifier = this.#get(BillingVerifier);
    return (await verifier.verify(this.#get(BillableOrders))).violations;
  }
}
