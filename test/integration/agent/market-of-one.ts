import { resolve } from 'node:path';
import type { Actor } from '#libs/kernel';
import { AgentModule } from '../../../src/agent/agent.module.js';
import { type BillingVerdict, BillingVerifier } from '../../../src/billing/billing.port.js';
import { BillingModule } from '../../../src/billing/billing.module.js';
import { ClientOrders, NewOrders } from '../../../src/marketplace/client-orders.port.js';
import type { AskedTerms, Order, OrderTerms } from '../../../src/marketplace/marketplace.port.js';
import { UsersModule } from '../../../src/users/users.module.js';
import { UserDirectory } from '../../../src/accounts/accounts.port.js';
import { seedOriginalAccounts } from '../../harness/original.js';
import { startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';

const TERMS: OrderTerms = {
  symbol: 'SYNTHFX',
  predictionType: 'short_term',
  datetimeRequested: new Date(Date.UTC(2100, 0, 1)),
  lookbackTicks: 300,
  predictorPlugin: 'random_walk_predictor',
  feederPlugin: 'default_feeder',
  pipelinePlugin: 'default_pipeline',
  interval: '1h',
  predictionHorizon: 6,
  priority: 5,
  maxCost: null,
  notificationWebhook: null,
  customParameters: null,
};

/** An application whose bars come from a file, with the original's accounts. */
export class MarketOfOne {
  private constructor(readonly app: TestApp) {}

  static async start(
    database: DatabaseKind,
    config: Readonly<Record<string, unknown>>,
  ): Promise<MarketOfOne> {
    const settings = {
      data_source: 'file',
      data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv'),
      marketplace_limit_basic: 1000,
      ...config,
    };
    const domains = [UsersModule, BillingModule, AgentModule];
    return new MarketOfOne(
      await startTestApp({ database, domains, config: settings, seed: seedOriginalAccounts }),
    );
  }

  async submit(change: Partial<AskedTerms> = {}): Promise<Order> {
    const entry = this.app.app.get<NewOrders>(NewOrders, { strict: false });
    const { order } = await entry.submit(await this.#client(), { ...TERMS, ...change });
    return order;
  }

  async find(id: string): Promise<Order> {
    return this.#orders.find(await this.#client(), id);
  }

  async cancel(id: string): Promise<void> {
    await this.#orders.cancel(await this.#client(), id);
  }

  verify(): Promise<BillingVerdict> {
    return this.app.app.get<BillingVerifier>(BillingVerifier, { strict: false }).verify();
  }

  async #client(): Promise<Actor> {
    const users = this.app.app.get<UserDirectory>(UserDirectory, { strict: false });
    const userId = (await users.idOf('client_user')) ?? 0;
    return { userId, username: 'client_user', role: 'client' };
  }

  get #orders(): ClientOrders {
    return this.app.app.get<ClientOrders>(ClientOrders, { strict: false });
  }
}
