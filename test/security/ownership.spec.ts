import { resolve } from 'node:path';
import { newUuid } from '#libs/kernel';
import { eventually } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TransactionRunner } from '#libs/database';
import { apiDocument } from '../../src/app/swagger/api-document.js';
import { InvoiceRepository } from '../../src/billing/invoice.repository.js';
import { ClaimedWork, OrderQueue } from '../../src/marketplace/order-queue.port.js';
import { Webhooks } from '../../src/webhooks/webhooks.port.js';
import { type Account, Accounts } from './accounts.js';
import { pathWith, routesOf, type WalkedRoute } from './walked-routes.js';
import { startTestApp, type TestApp } from '../harness/app.js';

/** What a parameter in a path stands for, so that its object can be made for somebody. */
interface ObjectKind {
  /** Templates of the routes whose object this is. */
  readonly routes: RegExp;
  /** Makes one that belongs to the owner; returns what goes into the path. */
  readonly make: (owner: Owner) => Promise<string>;
  /** What the path's other parameters are. */
  readonly path?: Readonly<Record<string, string>>;
  /** Body of routes that need one. */
  readonly body?: object;
}

/** Somebody who will own an object. */
interface Owner {
  readonly app: TestApp;
  readonly account: Account;
  /** Sends a request as this account. */
  readonly send: (method: string, path: string, body?: unknown) => Promise<Made>;
}
type Made = { readonly status: number; readonly body: Record<string, unknown> };

/**
 * Every kind of owned object. A route with a parameter in its path that none of these knows, and that is open to
 * more than administrators and operators, fails: its author has to say whose object it is.
 */
const OWNED: readonly ObjectKind[] = [
  {
    routes: /^\/(api\/v1\/(secure\/)?predictions\/\{prediction_id\}(\/events)?|status\/\{prediction_id\})$/,
    make: async ({ send }) => {
      const { body } = await send('POST', '/api/v1/predictions', { symbol: 'SP500' });
      return String(body['id']);
    },
  },
  {
    routes: /^\/api\/v1\/predictions\/\{prediction_id\}\/(outcome(\/\{format\})?|receipt)$/,
    make: async ({ send }) => {
      const { body } = await send('POST', '/api/v1/predictions', { symbol: 'SP500' });
      const path = `/api/v1/predictions/${String(body['id'])}`;
      await eventually(
        'the prediction is completed',
        async () => (await send('GET', path)).body['status'] === 'completed',
      );
      return String(body['id']);
    },
    path: { format: 'svg' },
  },
  {
    routes: /^\/api\/v1\/client\/predictions\/\{id\}$/,
    make: ({ send }) => marketplaceOrder(send),
    body: { priority: 6 },
  },
  {
    routes: /^\/api\/v1\/client\/predictions\/\{id\}\/download\/\{file\}$/,
    make: completedOrder,
    path: { file: 'metadata.json' },
  },
  {
    routes: /^\/api\/v1\/client\/predictions\/\{id\}\/(outcome|receipt)$/,
    make: completedOrder,
  },
  {
    routes: /^\/api\/v1\/backtests\/\{id\}$/,
    make: async ({ send }) => {
      const asked = { symbol: 'SP500', model: 'random_walk_predictor', interval: '1d' };
      return String((await send('POST', '/api/v1/backtests', asked)).body['id']);
    },
  },
  { routes: /^\/api\/v1\/client\/invoices\/\{invoice_id\}(\/invoice\.(html|pdf))?$/, make: invoiceOf },
  {
    routes: /^\/api\/v1\/client\/webhooks\/deliveries\/\{delivery_id\}(\/replay)?$/,
    make: ({ app: { app }, account: { id: userId } }) =>
      app.get(TransactionRunner, { strict: false }).run((tx) =>
        app.get<Webhooks>(Webhooks, { strict: false }).enqueue(tx, {
          type: 'prediction.completed',
          userId,
          orderId: newUuid(),
          url: 'https://127.0.0.1/', // refused before anything is called
          payload: {},
        }),
      ),
  },
];

async function marketplaceOrder(send: Owner['send']): Promise<string> {
  const { body } = await send('POST', '/api/v1/client/predict', {
    symbol: 'EURUSD',
    prediction_type: 'short_term',
    datetime_requested: '2035-01-01T00:00:00Z',
    prediction_horizon: 1,
  });
  return String(body['id']);
}

/** An order that the service itself answered. */
async function completedOrder({ app, send }: Owner): Promise<string> {
  const queue = app.app.get<OrderQueue>(OrderQueue, { strict: false });
  const orderId = await marketplaceOrder(send);
  await queue.claim('platform', { orderId, estimatedCompletion: null, processingNodeInfo: null });
  const result = {
    predictions: [1.1],
    uncertainties: [0.01],
    confidenceIntervals: {},
    modelMetadata: {},
    processingLog: null,
    resourceUsage: null,
    qualityMetrics: null,
  };
  await app.app
    .get<ClaimedWork>(ClaimedWork, { strict: false })
    .submit('platform', { orderId, leaseEpoch: 1, result });
  return orderId;
}

/** The invoice of a month that nobody can settle anything in any more. */
async function invoiceOf({ app, account }: Pick<Owner, 'app' | 'account'>): Promise<string> {
  const invoices = app.app.get(InvoiceRepository, { strict: false });
  const listed = () => invoices.list({ userId: account.id }, { limit: 1, offset: 0 });
  const [known] = await listed();
  if (known !== undefined) return String(known.id);
  const [periodStart, periodEnd] = [new Date('2026-01-01'), new Date('2026-02-01')];
  const invoice = {
    userId: account.id,
    invoiceNumber: `INV-202601-${account.id}`,
    periodStart,
    periodEnd,
    createdAt: periodEnd,
    paymentDueDate: periodEnd,
    currency: 'USD',
    subtotalMicros: 0,
    taxMicros: 0,
    totalMicros: 0,
    recipient: { name: account.username, address: [] },
  };
  await app.app.get(TransactionRunner, { strict: false }).run((tx) => invoices.add(tx, invoice, []));
  return String((await listed())[0]?.id);
}

/**
 * Parameters that name no object of anybody. An order in the evaluators' queue is its claimer's, and forecasts of a back-test
 * are there once it has ended: see their own specs.
 */
const OWNERLESS: readonly RegExp[] = [
  /^\/api\/v1\/backtests\/\{id\}\/(forecasts|report)$/,
  /^\/api\/v1\/models\/\{model\}\/scorecard(\/\{picture\})?$/,
  /^\/v2\/models\/\{model\}(\/versions\/\{version\})?(\/ready|\/infer)?$/,
  /^\/api\/v1\/evaluator\/(claim|progress|submit|release)\/\{request_id\}$/,
];

const kindOf = ({ template }: WalkedRoute): ObjectKind | undefined =>
  OWNED.find((kind) => kind.routes.test(template));

const isOverseers = ({ policy: { roles = [] } }: WalkedRoute): boolean =>
  roles.length > 0 && roles.every((role) => ['administrator', 'admin', 'operator'].includes(role));

const DATA = {
  data_source: 'file',
  data_files: {
    SP500: resolve('examples/data/sp500_daily_2000-2020.csv'),
    EURUSD: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  },
} as const;

describe('an object in a path', () => {
  let app: TestApp;
  let routes: readonly WalkedRoute[];
  let owner: Account;
  let other: Account;
  let admin: Account;
  beforeAll(async () => {
    const limits = { max_concurrent_predictions: 100, marketplace_limit_basic: 100, backtests_open: 100 };
    app = await startTestApp({ config: { core_plugin: 'sync_core', ...DATA, ...limits } });
    const accounts = new Accounts(app);
    routes = routesOf(apiDocument(app.app)).filter(({ parameters }) => parameters.length > 0);
    [owner, other] = (await accounts.makeMany('client', 2)) as [Account, Account];
    admin = await accounts.make('administrator');
  });
  afterAll(() => app.close());

  /** The status with which a request for an object begins; streams are not read. */
  const status = async (route: WalkedRoute, id: string, apiKey?: string): Promise<number> => {
    const stop = new AbortController();
    const { path = {}, body } = kindOf(route) ?? {};
    const template = route.template.replaceAll(/\{(\w+)\}/g, (all, name: string) => path[name] ?? all);
    const response = await app.fetch(route.method, pathWith(template, id), {
      ...(apiKey !== undefined && { apiKey }),
      ...(route.hasBody && body !== undefined && { body }),
      signal: stop.signal,
    });
    stop.abort();
    return response.status;
  };
  const makerOf = (route: WalkedRoute) => kindOf(route)?.make;
  const makeFor = async (route: WalkedRoute, account: Account): Promise<string> =>
    (await makerOf(route)?.({
      app,
      account,
      send: async (method, path, body) => {
        const answer = await app.request(method, path, { apiKey: account.apiKey, body });
        return { status: answer.status, body: answer.body as Record<string, unknown> };
      },
    })) ?? '';

  it('has an owner that this spec knows of', () => {
    const unknown = routes.filter(
      (route) =>
        !isOverseers(route) &&
        makerOf(route) === undefined &&
        !OWNERLESS.some((pattern) => pattern.test(route.template)),
    );
    expect(unknown.map(({ method, template }) => `${method} ${template}`)).toEqual([]);
    expect(routes.some((route) => makerOf(route) !== undefined)).toBe(true);
  });

  it('is refused to others and to anonymous callers, and stays as it was for its owner', async () => {
    const wrong: string[] = [];
    for (const route of routes.filter((one) => makerOf(one) !== undefined)) {
      const id = await makeFor(route, owner);
      const outcomes = {
        other: await status(route, id, other.apiKey),
        anonymous: await status(route, id),
        owner: await status(route, id, owner.apiKey),
      };
      const isRight =
        [403, 404].includes(outcomes.other) &&
        [401, 403, 404].includes(outcomes.anonymous) &&
        outcomes.owner === 200;
      if (!isRight) wrong.push(`${route.method} ${route.template}: ${JSON.stringify(outcomes)}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is open to administrators', async () => {
    for (const route of routes.filter((one) => makerOf(one) !== undefined)) {
      const id = await makeFor(route, owner);
      const place = `${route.method} ${route.template}`;
      expect([place, await status(route, id, admin.apiKey)]).toEqual([place, 200]);
    }
  });
});
