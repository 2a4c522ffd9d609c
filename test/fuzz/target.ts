import { resolve } from 'node:path';
import { ROLES, type Role } from '#libs/http';
import type { DatabaseLocation } from '#libs/database';
import { assertPresent, type CancelTimer, Clock, DAY_MS, isUuid, systemClock } from '#libs/kernel';
import { answerOf, bodyOf } from '../harness/answers.js';
import { type AdapterName, startTestApp, type TestApp } from '../harness/app.js';
import { TestCluster } from '../harness/cluster.js';
import type { DatabaseKind } from '../harness/databases.js';
import { runFolder } from '../harness/test-resources.js';
import { type Account, Accounts } from '../security/accounts.js';
import { BuiltCommand } from '../system/built-command.js';
import { readDocument } from './description.js';
import type { Asker, FuzzRequest } from './requests.js';
import type { Outcome, World } from './send.js';

/** Orders that are settled so long ago belong to a month that is over and can be invoiced. */
const SEED_AGE_MS = 35 * DAY_MS;
/** The user of the examples in the description, so that the examples log in. */
const EXAMPLE_USER = {
  username: 'desk2',
  email: 'desk2@fuzz.example',
  password: 'correct horse battery staple',
  role: 'client',
};

/** The system's clock, behind while things are made that shall be old. */
class SeedingClock extends Clock {
  behindMs = SEED_AGE_MS;
  now(): number {
    return Date.now() - this.behindMs;
  }
  monotonic(): number {
    return systemClock.monotonic();
  }
  after(delayMs: number, callback: () => void): CancelTimer {
    return systemClock.after(delayMs, callback);
  }
}

const sample = (name: string): string => resolve('examples/data', name);
const CONFIG = {
  core_plugin: 'sync_core',
  endpoint_plugins: ['predict_endpoint', 'health_endpoint', 'info_endpoint', 'metrics_endpoint'],
  predictor_plugin: 'direction_ideal_oracle',
  csv_file: sample('synthetic_fx_1h_2023.csv'),
  data_source: 'file',
  data_files: {
    SP500: sample('sp500_daily_2000-2020.csv'),
    SYNTHFX: sample('synthetic_fx_1h_2023.csv'),
  },
  allow_noise_control: true,
  skip_rate_limiting: true,
};

const addressOf = (location: DatabaseLocation): string =>
  location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url;

type NounKind = 'predictions' | 'orders' | 'claimed' | 'deliveries' | 'usernames' | 'userIds' | 'invoices';
/** Newer things push out older ones. */
const MAX_NOUNS = 21;

/** The product with something of everything in it, and accounts of every role. */
export class FuzzTarget implements World {
  readonly #accounts: Accounts;
  readonly #callers = new Map<Role, Account>();
  readonly #nouns: Record<NounKind, string[]> = {
    predictions: [],
    orders: [],
    claimed: [],
    deliveries: [],
    usernames: [],
    userIds: [],
    invoices: [],
  };

  private constructor(
    readonly app: TestApp,
    private readonly clock: SeedingClock,
    private readonly databaseUrl: string,
  ) {
    this.#accounts = new Accounts(app);
  }

  static async start(database: DatabaseKind, adapter: AdapterName): Promise<FuzzTarget> {
    const clock = new SeedingClock();
    return FuzzTarget.#seeded(await startTestApp({ database, adapter, clock, config: CONFIG }), clock);
  }

  /** Two processes of the API and two workers on a server of PostgreSQL; seeded before there is more than one. */
  static async startCluster(database_url: string): Promise<{ target: FuzzTarget; cluster: TestCluster }> {
    const clock = new SeedingClock();
    const made: FuzzTarget[] = [];
    const cluster = await TestCluster.start({
      clock,
      config: { ...CONFIG, database_url },
      seed: async (first) => void made.push(await FuzzTarget.#seeded(first, clock, database_url)),
    });
    return { target: assertPresent(made[0], 'it was seeded'), cluster };
  }

  static async #seeded(app: TestApp, clock: SeedingClock, url?: string): Promise<FuzzTarget> {
    const target = new FuzzTarget(app, clock, url ?? addressOf(app.database.location));
    await target.#seed();
    return target;
  }

  async #seed(): Promise<void> {
    await this.refresh();
    const month = new Date(this.clock.now()).toISOString().slice(0, 7);
    this.clock.behindMs = 0;
    await this.#call('administrator', 'POST', '/api/v1/admin/invoices', { month });
    this.#learn('invoices', 1);
    await this.#call('administrator', 'POST', '/api/v1/admin/users', EXAMPLE_USER);
    await this.#call('administrator', 'POST', `/api/v1/admin/users/${EXAMPLE_USER.username}/activate`, {});
    await this.refresh();
    const { id } = await this.#call('client', 'POST', '/api/v1/predictions', { symbol: 'SP500' });
    this.#learn('predictions', id);
  }

  /**
   * New accounts of every role, as the old ones may have been demoted, renamed, locked out or removed by now, and the
   * configured settings; for the client a webhook secret and two orders: one is completed, the evaluator works on the other.
   */
  async refresh(): Promise<void> {
    for (const role of ROLES) {
      const account = await this.#accounts.make(role);
      this.#callers.set(role, account);
      this.#learn('usernames', account.username);
      this.#learn('userIds', account.id);
    }
    await this.#call('administrator', 'POST', '/api/v1/admin/config', AS_CONFIGURED);
    await this.#call('client', 'POST', '/api/v1/client/webhooks/secret', {});
    const completed = await this.#claimedOrder();
    await this.#call('evaluator', 'POST', `/api/v1/evaluator/submit/${completed}`, bodyOf(answerOf(3)));
    this.#nouns.claimed = [await this.#claimedOrder()];
    const deliveries = await this.#call('client', 'GET', '/api/v1/client/webhooks/deliveries');
    for (const { id } of deliveries as unknown as { readonly id: string }[]) this.#learn('deliveries', id);
  }

  /** Whatever an order costs by now: a provider may have set a price beyond any credit limit. */
  async #claimedOrder(): Promise<string> {
    const { estimated_cost: cost, currency } = await this.#call(
      'client',
      'POST',
      '/api/v1/client/quote',
      ORDER,
    );
    const user_id = this.#callers.get('client')?.id;
    const credit = { user_id, amount: cost, currency };
    if (Number(cost) > 0) await this.#call('administrator', 'POST', '/api/v1/admin/credits', credit);
    const { id } = await this.#call('client', 'POST', '/api/v1/client/predict', ORDER);
    await this.#call('evaluator', 'POST', `/api/v1/evaluator/claim/${id as string}`, {});
    this.#learn('orders', id);
    return id as string;
  }

  async #call(
    role: Role,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Readonly<Record<string, unknown>>> {
    const apiKey = this.#callers.get(role)?.apiKey ?? '';
    const answer = await this.app.request(method, path, { apiKey, ...(body !== undefined && { body }) });
    if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body as Readonly<Record<string, unknown>>;
  }

  credentials({ role, by }: Asker): Readonly<Record<string, string>> {
    const account = role === 'anonymous' ? undefined : this.#callers.get(role);
    if (account === undefined) return {};
    const [key, token] = [{ 'X-API-KEY': account.apiKey }, { Authorization: `Bearer ${account.token}` }];
    switch (by) {
      case 'key':
        return key;
      case 'token':
        return token;
      case 'both':
        return { ...key, ...token };
      case 'bad key':
        return { 'X-API-KEY': `${account.apiKey}x` };
      case 'empty key':
        return { 'X-API-KEY': '' };
      case 'bad token':
        return { Authorization: `Bearer ${account.token}x` };
    }
  }

  noun(template: string, parameter: string, nth: number): string {
    const known = this.#nouns[kindOf(template, parameter)];
    return known[nth % Math.max(1, known.length)] ?? String(nth);
  }

  /** Keeps what an answer says to be there now. */
  learn({ method }: FuzzRequest, outcome: Outcome): void {
    if ('failure' in outcome || outcome.status > 299 || !/json/.test(outcome.headers['content-type'] ?? ''))
      return;
    if (method !== 'POST') return;
    const body = JSON.parse(outcome.body.toString().split('\n')[0] ?? '') as Readonly<
      Record<string, unknown>
    > | null;
    const { id, task_id: taskId, username } = body ?? {};
    if (typeof id === 'string' && isUuid(id)) this.#learn('orders', id);
    else if (taskId !== undefined) this.#learn('predictions', id);
    if (typeof username === 'string') this.#learn('usernames', username);
  }

  #learn(kind: NounKind, name: unknown): void {
    const known = this.#nouns[kind];
    if (typeof name !== 'string' && typeof name !== 'number') return;
    if (known.includes(String(name))) return;
    known.push(String(name));
    if (known.length > MAX_NOUNS) known.splice(0, known.length - MAX_NOUNS);
  }

  /** Asks the built command about the books and the audit log; returns complaints. */
  async verify(): Promise<string[]> {
    const command = new BuiltCommand(runFolder(), { SECRET_KEY: 'a-secret-of-the-tests-that-nobody-keeps' });
    const complaints: string[] = [];
    for (const what of ['billing', 'audit']) {
      const { status, stdout, stderr } = await command.run(
        what,
        'verify',
        '--database_url',
        this.databaseUrl,
      );
      if (status !== 0) complaints.push(`${what} verify: ${stdout}${stderr}`);
    }
    await command.end();
    return complaints;
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

/** Null takes back what was changed while the service runs. */
const AS_CONFIGURED = Object.fromEntries(
  Object.keys(readDocument().components.schemas['ConfigChange']?.properties ?? {}).map((name) => [
    name,
    null,
  ]),
);

const ORDER = {
  symbol: 'SP500',
  prediction_type: 'short_term',
  datetime_requested: '2035-01-03T00:00:00Z',
  interval: '1d',
  prediction_horizon: 3,
  notification_webhook: 'https://hooks.fuzz.example/x',
};

const KINDS: Readonly<Record<string, NounKind>> = {
  prediction_id: 'predictions',
  request_id: 'orders',
  id: 'orders',
  delivery_id: 'deliveries',
  username: 'usernames',
  user: 'usernames',
  user_id: 'userIds',
  invoice_id: 'invoices',
};

function kindOf(template: string, parameter: string): NounKind {
  if (/evaluator\/(?:progress|submit|release)/.test(template)) return 'claimed';
  if (template.includes('webhooks') && parameter === 'prediction_id') return 'orders';
  return KINDS[parameter] ?? 'userIds';
}
