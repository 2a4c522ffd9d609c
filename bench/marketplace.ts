/**
 * The marketplace over HTTP on both databases: requests submitted, and requests claimed and answered, by one party and by
 * sixteen, beside the durable single commits of the same database in the same run. Every call must succeed and the money
 * must add up afterwards, or nothing is measured.
 *
 *   npm run build && node --conditions=development --import tsx bench/marketplace.ts
 *
 * With BENCH_BEFORE=…/dist/src/main.js of an earlier build both are measured in turns, so that a busy machine slows both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerOf, bodyOf } from '../test/harness/answers.js';
import { postgresCommits, sqliteCommits } from './durable-commits.js';
import { servePostgres } from './postgres.js';
import { MAIN, serveProduct, type Served } from './served.js';

const PARTIES = [1, 16] as const;
const MOST_PARTIES = 16;
const DURATION_MS = Number(process.env['BENCH_SECONDS'] ?? 5) * 1000;
const WARM_UP_MS = 1_500;
const BEFORE = process.env['BENCH_BEFORE'];
const BUILDS = { ...(BEFORE !== undefined && { before: BEFORE }), now: MAIN };
const ADMIN_KEY = 'administrator-key-of-the-benchmark-only';
const HORIZON = 6;
const DAY_MS = 86_400_000;

export const SETTINGS = {
  admin_api_key: ADMIN_KEY,
  secret_key: 'a-secret-of-the-benchmark-that-nobody-keeps',
  marketplace_limit_basic: 100_000,
  evaluator_claim_limit: 10_000,
  credit_limit: 1_000_000_000,
};

export interface MarketplaceFigure {
  readonly database: 'SQLite' | 'PostgreSQL';
  readonly work: 'submit' | 'claim and answer';
  /** Which build: this one, or that of BENCH_BEFORE. */
  readonly build: 'now' | 'before';
  /** Clients or evaluators at the same time. */
  readonly parties: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Durable single commits a second of the database by itself, from as many connections. */
  readonly commitsPerSecond: number;
}

/** @throws Error when a call is refused, or the money does not add up at the end */
export async function measureMarketplace(): Promise<readonly MarketplaceFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const postgres = await servePostgres();
  try {
    const url = await postgres.create('commits');
    return [
      ...(await measureOn(
        'SQLite',
        (build) => Promise.resolve(`sqlite:///${join(folder, `${build}.db`)}`),
        (_, ms) => Promise.resolve(sqliteCommits(mkdtempSync(join(folder, 'commits-')), ms)),
      )),
      ...(await measureOn(
        'PostgreSQL',
        (build) => postgres.create(build),
        (parties, ms) => postgresCommits(url, parties, ms),
      )),
    ];
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOn(
  database: MarketplaceFigure['database'],
  newUrl: (build: string) => Promise<string>,
  commits: (parties: number, durationMs: number) => Promise<number>,
): Promise<readonly MarketplaceFigure[]> {
  const stands: Stand[] = [];
  const figures: MarketplaceFigure[] = [];
  try {
    for (const [build, main] of Object.entries(BUILDS))
      stands.push(await Stand.open(build as MarketplaceFigure['build'], main, await newUrl(build)));
    for (const parties of PARTIES) {
      for (const work of ['submit', 'claim and answer'] as const) {
        for (const stand of stands) {
          const before = await commits(parties, DURATION_MS / 4);
          const measured = await timed(() => stand.work(work, parties, DURATION_MS));
          const commitsPerSecond = (before + (await commits(parties, DURATION_MS / 4))) / 2;
          figures.push({ database, parties, build: stand.build, commitsPerSecond, work, ...measured });
        }
      }
    }
  } finally {
    for (const stand of stands) await stand.served.stop();
  }
  for (const stand of stands) verifyMoney(stand.databaseUrl, stand.answered);
  return figures;
}

/** A build with a database of its own. */
class Stand {
  answered = 0;

  private constructor(
    readonly build: MarketplaceFigure['build'],
    readonly databaseUrl: string,
    readonly served: Served,
    private readonly market: Market,
  ) {}

  static async open(build: MarketplaceFigure['build'], main: string, databaseUrl: string): Promise<Stand> {
    const served = await serveProduct({ ...SETTINGS, database_url: databaseUrl }, main);
    const stand = new Stand(build, databaseUrl, served, await Market.open(served.url));
    await stand.work('submit', MOST_PARTIES, WARM_UP_MS);
    await stand.work('claim and answer', MOST_PARTIES, WARM_UP_MS);
    return stand;
  }

  /** Milliseconds of every one. */
  async work(work: MarketplaceFigure['work'], parties: number, durationMs: number): Promise<number[]> {
    if (work === 'submit') return this.market.submitFor(parties, durationMs);
    const answered = await this.market.answerFor(parties, durationMs);
    this.answered += answered.length;
    return answered;
  }
}

async function timed(work: () => Promise<readonly number[]>) {
  const startedAt = performance.now();
  const latencies = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return {
    count: latencies.length,
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** @throws Error when the command that checks the books finds a fault */
function verifyMoney(databaseUrl: string, answered: number): void {
  const argv = [MAIN, 'billing', 'verify', `--database_url=${databaseUrl}`];
  const said = execFileSync(process.execPath, argv, { encoding: 'utf8' });
  if (!said.includes("against the marketplace's own state"))
    throw new Error(`the books were not compared: ${said}`);
  console.log(`${answered} requests answered; ${said.trim()}`);
}

/** Parties of a market, each with an account of its own. */
export class Market {
  /** Requests that wait for an answer, oldest first. */
  readonly #waiting: string[] = [];

  private constructor(
    private readonly url: string,
    private readonly clients: readonly string[],
    private readonly evaluators: readonly string[],
  ) {}

  static async open(url: string): Promise<Market> {
    const market = new Market(url, [], []);
    const keys = async (role: string): Promise<readonly string[]> => {
      const made: string[] = [];
      for (let i = 0; i < MOST_PARTIES; i += 1) made.push(await market.#newAccount(`${role}_${i}`, role));
      return made;
    };
    return new Market(url, await keys('client'), await keys('evaluator'));
  }

  /** Milliseconds of every request. */
  async submitFor(parties: number, durationMs: number): Promise<number[]> {
    const body = {
      symbol: 'EURUSD',
      prediction_type: 'short_term',
      datetime_requested: new Date(Date.now() + 2 * DAY_MS).toISOString(),
      interval: '1h',
      prediction_horizon: HORIZON,
      predictor_plugin: 'random_walk_predictor',
    };
    return this.#together(this.clients.slice(0, parties), durationMs, async (key) => {
      const { id } = (await this.#post(key, '/client/predict', body)) as { readonly id: string };
      this.#waiting.push(id);
    });
  }

  /** Milliseconds of every claim with its answer. */
  async answerFor(parties: number, durationMs: number): Promise<number[]> {
    return this.#together(this.evaluators.slice(0, parties), durationMs, async (key) => {
      const id = this.#waiting.shift();
      if (id === undefined) return false;
      const claim = (await this.#post(key, `/evaluator/claim/${id}`, {})) as { readonly lease_epoch: number };
      await this.#post(key, `/evaluator/submit/${id}`, answerTo(claim.lease_epoch));
      return true;
    });
  }

  async #together(
    keys: readonly string[],
    durationMs: number,
    work: (key: string) => Promise<boolean | void>,
  ): Promise<number[]> {
    const latencies: number[] = [];
    const end = performance.now() + durationMs;
    const one = async (key: string): Promise<void> => {
      while (performance.now() < end) {
        const startedAt = performance.now();
        if ((await work(key)) === false) return;
        latencies.push(performance.now() - startedAt);
      }
    };
    await Promise.all(keys.map(one));
    return latencies;
  }

  async #newAccount(username: string, role: string): Promise<string> {
    const account = { username, email: `${username}@example.com`, role };
    const made = (await this.#post(ADMIN_KEY, '/admin/users', account)) as { readonly api_key: string };
    await this.#post(ADMIN_KEY, `/admin/users/${username}/activate`, {});
    return made.api_key;
  }

  async #post(key: string, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-KEY': key },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}

const answerTo = (lease_epoch: number): object => ({ lease_epoch, ...bodyOf(answerOf(HORIZON)) });

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const figures = await measureMarketplace();
  console.table(
    figures.map(({ perSecond, commitsPerSecond, ...rest }) => ({
      ...rest,
      perSecond: Math.round(perSecond),
      commitsPerSecond: Math.round(commitsPerSecond),
      percentOfCommits: Number(((perSecond / commitsPerSecond) * 100).toFixed(2)),
    })),
  );
}
