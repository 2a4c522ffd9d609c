import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RUNTIME_KEYS, type RuntimeKey, type RuntimeValues } from '#libs/config';
import { runSql, TransactionRunner } from '#libs/database';
import { assertPresent, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { eventually, FakeClock, gate } from '#libs/testing';
import type { SubscriptionTier } from '../../../src/accounts/accounts.port.js';
import { NewOrders } from '../../../src/marketplace/client-orders.port.js';
import { OrderQueue } from '../../../src/marketplace/order-queue.port.js';
import { RuntimeSettings } from '../../../src/settings/runtime-settings.port.js';
import { type Account, Accounts } from '../../security/accounts.js';
import { ADMIN_KEY, startTestApp, type TestApp, type TestAppOptions } from '../../harness/app.js';
import { DATABASE_KINDS, type DatabaseKind } from '../../harness/databases.js';

/** Twenty minutes before the scheduled prediction of the next hour is due. */
const START = Date.UTC(2026, 0, 14, 11, 40);
const HISTORY = resolve('examples/data/sp500_daily_2000-2020.csv');

/** Processes of one service on one database, with one clock for all. */
class Service {
  readonly clock = new FakeClock(START);
  readonly processes: TestApp[] = [];
  /** Opened at the end: until then predictions stay at work. */
  readonly held = gate();

  static async start(kind: DatabaseKind): Promise<Service> {
    const service = new Service();
    const first = await service.#process({ database: kind });
    const { location } = first.database;
    // SQLite serves one process.
    if (location.kind === 'postgres') await service.#process({ config: { database_url: location.url } });
    return service;
  }

  /** Time goes on meanwhile: what waits for a limit of its own would otherwise wait for ever. */
  async close(): Promise<void> {
    this.held.open();
    for (const one of this.processes.toReversed()) {
      let isClosed = false;
      const closing = one.close().finally(() => (isClosed = true));
      await eventually('the process has stopped', async () => {
        await this.clock.advance(1_000);
        return isClosed;
      });
      await closing;
    }
  }

  async #process({ config = {}, database = 'sqlite' }: TestAppOptions): Promise<TestApp> {
    const app = await startTestApp({
      database,
      clock: this.clock,
      config: {
        predictor_plugin: 'random_walk_predictor',
        data_source: 'file',
        data_file_path: HISTORY,
        csv_file: HISTORY,
        instrument: 'SP500',
        scheduled_predictions: true,
        prediction_interval: HOUR_MS / 1000,
        job_concurrency: 64,
        job_lease_seconds: 3_600,
        job_heartbeat_seconds: 1_800,
        ...config,
      },
    });
    this.processes.push(app);
    const feeder = app.app.get(PluginRegistry, { strict: false }).active('feeder');
    const { fetch } = feeder;
    jest.spyOn(feeder, 'fetch').mockImplementation(async (...asked) => {
      await this.held.opened;
      return fetch(...asked);
    });
    return app;
  }
}

/** A value to set, and what shows on one process whether it, or the configured value, holds. */
interface Effect<K extends RuntimeKey> {
  readonly set: RuntimeValues[K];
  readonly shows: (app: TestApp, clock: FakeClock) => Promise<unknown>;
  readonly set_shows: unknown;
  readonly configured_shows: unknown;
}

const asClient = async (app: TestApp, tier: SubscriptionTier = 'basic'): Promise<Account> => {
  const account = await new Accounts(app).make('client');
  const change = [tier, account.id] as const;
  await app.app
    .get(TransactionRunner, { strict: false })
    .run((tx) => runSql(tx, 'UPDATE users SET subscription_tier = ? WHERE id = ?', change));
  return account;
};

const predict = (app: TestApp, { apiKey }: Account) =>
  app.post('/api/v1/predictions/', { symbol: 'SP500', interval: '1d' }, { apiKey });

const order = async (app: TestApp, { id, username }: Account) => {
  const orders = app.app.get<NewOrders>(NewOrders, { strict: false });
  const submitted = await orders.submit(
    { userId: id, username, role: 'client' },
    {
      symbol: 'SP500',
      predictionType: 'short_term',
      datetimeRequested: new Date(START + 48 * HOUR_MS),
      lookbackTicks: 1_000,
      predictorPlugin: 'random_walk_predictor',
      feederPlugin: 'default_feeder',
      pipelinePlugin: 'default_pipeline',
      interval: '1d',
      predictionHorizon: 3,
      priority: 5,
      maxCost: null,
      notificationWebhook: null,
      customParameters: null,
    },
  );
  return submitted.order.id;
};

/** What became of several attempts: `taken`, or the code of the error. */
async function outcomes(attempts: readonly (() => Promise<unknown>)[]): Promise<string[]> {
  const codes: string[] = [];
  for (const attempt of attempts) {
    codes.push(
      await attempt().then(
        () => 'taken',
        (error: { code: string }) => error.code,
      ),
    );
  }
  return codes;
}

const twoOrders = <T extends SubscriptionTier>(tier: T): Effect<`marketplace_limit_${T}`> => ({
  set: 1 as RuntimeValues[`marketplace_limit_${T}`],
  shows: async (app) => {
    const client = await asClient(app, tier);
    return outcomes([() => order(app, client), () => order(app, client)]);
  },
  set_shows: ['taken', 'request_limit'],
  configured_shows: ['taken', 'taken'],
});

/** One for each setting that changes at run time: a new one needs an effect here. */
const EFFECTS: { readonly [K in RuntimeKey]: Effect<K> } = {
  prediction_timeout: {
    set: 60,
    shows: async (app, clock) => {
      const { body } = await predict(app, await asClient(app));
      const path = `/api/v1/predictions/${body.id}`;
      let row: { status: string; result: { error?: string } } = { status: 'pending', result: {} };
      await eventually('it fails', async () => {
        await clock.advance(10 * SECOND_MS);
        row = (await app.get(path, { apiKey: ADMIN_KEY })).body;
        return row.status === 'failed';
      });
      return row.result.error;
    },
    set_shows: 'The computation took longer than 60 s',
    configured_shows: 'The computation took longer than 300 s',
  },
  max_concurrent_predictions: {
    set: 1,
    shows: async (app) => {
      const client = await asClient(app);
      return [(await predict(app, client)).status, (await predict(app, client)).status];
    },
    set_shows: [201, 429],
    configured_shows: [201, 201],
  },
  rate_limits: {
    set: { predictions: 1 },
    shows: async (app) => {
      const { apiKey } = await asClient(app);
      const list = async () => (await app.get('/api/v1/predictions/', { apiKey })).status;
      return [await list(), await list()];
    },
    set_shows: [200, 429],
    configured_shows: [200, 200],
  },
  default_plugins: {
    set: { predictor: 'noisy_ideal_predictor' },
    shows: async (app) => (await predict(app, await asClient(app))).body.predictor_plugin,
    set_shows: 'noisy_ideal_predictor',
    configured_shows: 'random_walk_predictor',
  },
  marketplace_limit_basic: twoOrders('basic'),
  marketplace_limit_premium: twoOrders('premium'),
  marketplace_limit_enterprise: twoOrders('enterprise'),
  evaluator_claim_limit: {
    set: 1,
    shows: async (app) => {
      const client = await asClient(app);
      const { id, username } = await new Accounts(app).make('evaluator');
      const evaluator = { userId: id, username, role: 'evaluator' };
      const queue = app.app.get<OrderQueue>(OrderQueue, { strict: false });
      const claim = async () => queue.claim(evaluator, { orderId: await order(app, client) });
      return outcomes([claim, claim]);
    },
    set_shows: ['taken', 'claim_limit'],
    configured_shows: ['taken', 'taken'],
  },
};

describe.each(DATABASE_KINDS)('settings that change while the service runs [%s]', (kind) => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start(kind);
  }, 60_000);
  afterAll(() => service.close());

  const settingsOf = (app: TestApp) => app.app.get<RuntimeSettings>(RuntimeSettings, { strict: false });

  async function change(app: TestApp, key: RuntimeKey, value: unknown): Promise<void> {
    const answer = await app.post('/api/v1/admin/config', { [key]: value }, { apiKey: ADMIN_KEY });
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  }

  /** The other processes look again within a second; a plugin that becomes the default is created after that. */
  async function followed(key: RuntimeKey, value: unknown): Promise<void> {
    await service.clock.advance(SECOND_MS);
    for (const app of service.processes) {
      await eventually(`every process follows ${key}`, () => {
        const { predictor = 'random_walk_predictor' } = settingsOf(app).get('default_plugins');
        const isCreated =
          app.app.get(PluginRegistry, { strict: false }).configuredId('predictor') === predictor;
        return isCreated && JSON.stringify(settingsOf(app).get(key)) === JSON.stringify(value);
      });
    }
  }

  it.each(RUNTIME_KEYS)(
    '%s holds at once where it is set, on every other process within a second, and ends as soon',
    async (key) => {
      const { clock, processes } = service;
      const first = assertPresent(processes[0], 'a process runs');
      const last = assertPresent(processes.at(-1), 'a process runs');
      const { set, shows, set_shows: changed, configured_shows: configured } = EFFECTS[key];
      const before = settingsOf(first).get(key);
      await change(first, key, set);
      expect(await shows(first, clock)).toEqual(changed);
      await followed(key, set);
      expect(await shows(last, clock)).toEqual(changed);
      await change(last, key, null);
      expect(await shows(last, clock)).toEqual(configured);
      await followed(key, before);
      expect(await shows(first, clock)).toEqual(configured);
    },
    60_000,
  );

  it('make one scheduled prediction an interval, however many processes run', async () => {
    const { clock, processes } = service;
    const count = async () =>
      (
        await assertPresent(processes[0], 'a process runs').database.query<object>(
          `SELECT id FROM predictions WHERE client_address = 'scheduler'`,
        )
      ).length;
    expect(await count()).toBe(0);
    await clock.advance(START + 20 * MINUTE_MS - clock.now());
    await eventually('the prediction of the hour is there', async () => (await count()) > 0);
    await clock.advance(MINUTE_MS);
    expect(await count()).toBe(1);
  });
});
