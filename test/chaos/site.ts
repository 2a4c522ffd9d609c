import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually, HttpClient } from '#libs/testing';
import { OwnPostgres } from '../harness/own-postgres.js';
import { BuiltCommand, type RunningCommand } from '../system/built-command.js';
import { askOnce, type Question, type Reply } from './asking.js';
import type { Call, LoadOrder } from './journal.js';
import type { NetworkHost } from './hosts.js';
import { cpuOf, query } from './measures.js';
import { Observer } from './observer.js';

type Settings = Readonly<Record<string, string | number | boolean>>;
type Env = Readonly<Record<string, string>>;

const ADMIN_KEY = 'test-administrator-key-0123456789abcdef';
const SECRETS = {
  SECRET_KEY: 'a-secret-of-the-specs-that-nobody-keeps-or-guesses',
  ADMIN_PASSWORD: 'password-of-the-administrator',
  ADMIN_API_KEY: ADMIN_KEY,
};
/** What lets a load of hundreds of requests a second through, and makes a process that is lost noticed soon. */
const SETTINGS: Settings = {
  data_source: 'file',
  data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  feeder_plugin: 'default_feeder',
  predictor_plugin: 'random_walk_predictor',
  max_concurrent_predictions: 100,
  marketplace_limit_basic: 100_000,
  evaluator_claim_limit: 10_000,
  credit_limit: 1_000_000_000,
  skip_rate_limiting: true,
  password_hash_cost: 4,
  job_lease_seconds: 3,
  job_heartbeat_seconds: 1,
  job_sweep_seconds: 0.5,
  audit_seal_seconds: 0.5,
};
const READY_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 10;

/** One process of the service. */
export interface Running {
  readonly command: RunningCommand;
  readonly url: string;
  /** From its start until it was ready. */
  readonly readyMs: number;
  /** What it computed meanwhile: that is the same on a busy machine. */
  readonly readyCpuMs: number;
}

export interface SiteOptions {
  readonly settings?: Settings;
  /** Puts something before PostgreSQL: gets its port, returns that of what is before it. */
  readonly through?: (port: number) => Promise<number>;
  readonly folder?: string;
  /** Of PostgreSQL's processes. */
  readonly postgresEnv?: Readonly<Record<string, string>>;
  /** Of every process of the service. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A database, the processes that work on it, and the observer that asks them. */
export class Site {
  readonly observer: Observer;
  readonly running = new Set<Running>();
  readonly #own: Call[] = [];
  /** The journal is not where the service writes: that disk may be full. */
  readonly #journals = mkdtempSync(join(tmpdir(), 'chaos-journal-'));
  readonly #agent = new Agent({ keepAlive: true });
  #parties: Pick<LoadOrder, 'clients' | 'evaluators'> | null = null;

  private constructor(
    readonly folder: string,
    readonly postgres: OwnPostgres | null,
    readonly databaseUrl: string,
    private readonly options: SiteOptions,
  ) {
    this.observer = new Observer(this.#journals);
  }

  static sqlite(options: SiteOptions = {}): Site {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'chaos-'));
    return new Site(folder, null, `sqlite:///${join(folder, 'service.db')}`, options);
  }

  /** With a server of its own, which keeps what it commits. */
  static async postgres(options: SiteOptions = {}): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
    const postgres = await OwnPostgres.launch({ isDurable: true, env: options.postgresEnv ?? {} });
    const url = new URL(await postgres.create('service'));
    if (options.through !== undefined) url.port = String(await options.through(Number(url.port)));
    return new Site(folder, postgres, url.href, options);
  }

  command(env: Readonly<Record<string, string>> = {}): BuiltCommand {
    return new BuiltCommand(this.folder, {
      ...SECRETS,
      DATABASE_URL: this.databaseUrl,
      ...this.options.env,
      ...env,
    });
  }

  #flags(settings: Settings): string[] {
    const all = { ...SETTINGS, ...this.options.settings, ...settings };
    return Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  }

  /** Starts a process and waits until it is ready. */
  async serve(settings: Settings = {}, env: Env = {}, host: NetworkHost | null = null): Promise<Running> {
    const port = settings['port'] ?? (await freePort());
    return this.#start('serve', { ...settings, port }, Number(port), env, host);
  }

  async work(settings: Settings = {}, env: Env = {}, host: NetworkHost | null = null): Promise<Running> {
    const port = await freePort();
    return this.#start('worker', { ...settings, worker_port: port }, port, env, host);
  }

  async #start(
    what: string,
    settings: Settings,
    port: number,
    env: Env,
    host: NetworkHost | null,
  ): Promise<Running> {
    const address = host?.address ?? '127.0.0.1';
    const url = `http://${address}:${port}`;
    const seen = new URL(this.databaseUrl);
    if (host !== null) seen.hostname = host.gateway;
    const started = performance.now();
    const built = this.command({ DATABASE_URL: seen.href, ...env });
    const command = built.launchWithin(
      host?.prefix ?? [],
      what,
      ...this.#flags({ ...settings, host: address }),
    );
    await isReady(url, command);
    const running = {
      command,
      url,
      readyMs: performance.now() - started,
      readyCpuMs: cpuOf(command.pid) ?? 0,
    };
    this.running.add(running);
    return running;
  }

  async end(one: Running, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.running.delete(one);
    return one.command.end(signal);
  }

  async endAll(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<(number | null)[]> {
    return Promise.all([...this.running].map((one) => this.end(one, signal)));
  }

  /** Accounts for a load, made once. */
  async parties(
    url: string,
    clients = 4,
    evaluators = 4,
  ): Promise<Pick<LoadOrder, 'clients' | 'evaluators'>> {
    if (this.#parties !== null) return this.#parties;
    const http = new HttpClient(url);
    const make = async (role: string, count: number): Promise<string[]> => {
      const keys: string[] = [];
      for (let nth = 0; nth < count; nth += 1) keys.push(await newAccount(http, `${role}_${nth}`, role));
      return keys;
    };
    this.#parties = {
      clients: await make('client', clients),
      evaluators: await make('evaluator', evaluators),
    };
    return this.#parties;
  }

  /** Asks as the observer does, for what has to happen in a certain order; null when there was no answer. */
  ask(url: string, question: Question): Promise<Reply | null> {
    const write = (call: Call): void => void this.#own.push(call);
    return askOnce({ agent: this.#agent, nextTarget: () => url, write }, question);
  }

  /** Everything that was asked, by the observer and by {@link ask}. */
  calls(): Call[] {
    return [...this.observer.journal(), ...this.#own];
  }

  /** Rows of one statement on a connection of its own. */
  query<Row extends object>(sql: string): Promise<Row[]> {
    return query<Row>(this.databaseUrl, sql);
  }

  async count(sql: string): Promise<number> {
    const [row] = await this.query<{ n: number | string }>(`SELECT COUNT(*) AS n FROM ${sql}`);
    return Number(row?.n);
  }

  async close(): Promise<void> {
    await this.observer.end();
    this.#agent.destroy();
    for (const { command } of this.running) command.signal('SIGCONT');
    await this.endAll('SIGKILL');
    await this.postgres?.close();
    rmSync(this.#journals, { recursive: true, force: true });
    if (this.options.folder === undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @throws Error with its output when the process ends before that */
async function isReady(url: string, command: RunningCommand): Promise<void> {
  const http = new HttpClient(url);
  const limit = performance.now() + READY_LIMIT_MS;
  for (;;) {
    if (!command.isRunning) throw new Error(`a process ended before it was ready:\n${command.output}`);
    const status = await http.get('/health/ready').then(
      (answer) => answer.status,
      () => null,
    );
    if (status === 200) return;
    if (performance.now() > limit) throw new Error(`a process was not ready in time:\n${command.output}`);
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}

async function newAccount(http: HttpClient, username: string, role: string): Promise<string> {
  const made = await http.post(
    '/api/v1/admin/users',
    { username, email: `${username}@example.com`, role },
    AS_ADMIN,
  );
  const activated = await http.post(`/api/v1/admin/users/${username}/activate`, {}, AS_ADMIN);
  if (made.status !== 201 || activated.status !== 200)
    throw new Error(`no account: ${made.text} ${activated.text}`);
  return made.body.api_key as string;
}

/** The observer made none of these requests, and does not look for them in the audit log. */
export const SETUP_IDS = 'setup-of-the-scenario';
const AS_ADMIN = { apiKey: ADMIN_KEY, headers: { 'X-Request-Id': SETUP_IDS } };

/** Waits until no job and no prediction is open. */
export function allJobsEnd(site: Site, limitMs = 60_000): Promise<void> {
  return eventually(
    'no job is open',
    async () => (await site.count('jobs WHERE finished_at IS NULL')) === 0,
    limitMs,
  );
}

/** Until a prediction that was submitted from now on is completed; in ms. */
export async function firstJob(site: Site): Promise<number> {
  const started = performance.now();
  const last = await site.query<{ id: string | null }>('SELECT MAX(id) AS id FROM predictions');
  const newer = `predictions WHERE id > ${last[0]?.id ?? 0} AND status = 'completed'`;
  await eventually('a new prediction is completed', async () => (await site.count(newer)) > 0, 60_000);
  return performance.now() - started;
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
