/**
 * `npm run bench -- --growth [--scale 0.1]`: how long each list and figure takes when the database is empty, a tenth full and
 * full: 1,000,000 orders of which 300,000 are pending, 2,000,000 predictions and 5,000,000 audit rows, times the scale.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoopDelay, loopDelayOf } from './growth-load.js';
import { type Filling, fillingOf, type Growing } from './growth-rows.js';
import { servePostgres } from './postgres.js';
import { serveProduct } from './served.js';

const ADMIN_KEY = 'administrator-key-of-the-benchmark-only';
const SETTINGS = { admin_api_key: ADMIN_KEY, secret_key: 'a-secret-of-the-benchmark-that-nobody-keeps' };
const REQUESTS = 40;
const WARM_UP = 5;
const FULL = { orders: 1_000_000, predictions: 2_000_000, requests: 5_000_000 };

type Who = 'client' | 'evaluator' | 'administrator';
const ASKED: readonly (readonly [who: Who, path: string])[] = [
  ['evaluator', 'evaluator/pending'],
  ['evaluator', 'evaluator/pending?symbol=EURUSD&sort=payment'],
  ['evaluator', 'evaluator/stats?period=7d'],
  ['client', 'client/predictions'],
  ['client', 'client/predictions?status=completed&sort=completed_at'],
  ['client', 'client/predictions?symbol=EURUSD'],
  ['administrator', 'client/predictions'],
  ['client', 'predictions/?limit=100'],
  ['administrator', 'predictions/?limit=100'],
  ['administrator', 'admin/stats'],
  ['administrator', 'admin/system/health'],
  ['administrator', 'admin/audit?user_id=2'],
  ['administrator', 'admin/audit?status_code=401,403'],
  ['administrator', 'admin/logs'],
  ['administrator', 'admin/usage/desk?days=30'],
  ['administrator', 'admin/users'],
  ['client', 'client/spend'],
];

interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** One route on one database, in ms. */
interface Route {
  readonly database: Filling['kind'];
  readonly path: string;
  readonly who: Who;
  readonly empty: Times;
  readonly tenth: Times;
  readonly full: Times;
}

/** Fills both databases, one after the other, and measures every route at three sizes. */
async function measureGrowth(scale: number): Promise<readonly Route[]> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-growth-'));
  const postgres = await servePostgres();
  try {
    const path = join(folder, 'growth.db');
    return [
      ...(await measureOn('SQLite', `sqlite:///${path}`, fillingOf('SQLite', path), scale)),
      ...(await measureOn('PostgreSQL', ...(await filledPostgres(postgres)), scale)),
    ];
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function filledPostgres(
  postgres: Awaited<ReturnType<typeof servePostgres>>,
): Promise<readonly [string, Filling]> {
  const url = await postgres.create('growth');
  return [url, fillingOf('PostgreSQL', url)];
}

async function measureOn(
  database: Filling['kind'],
  url: string,
  filling: Filling,
  scale: number,
): Promise<Route[]> {
  const sizes: Times[][] = [];
  for (const share of [0, 0.1, 1]) {
    const served = await serveProduct({ ...SETTINGS, database_url: url });
    try {
      const keys = await keysOf(served.url, share === 0);
      if (share > 0) {
        const started = performance.now();
        await filling.fill(sizeOf(share * scale));
        console.log(
          `${database}: filled to ${share * scale} in ${Math.round((performance.now() - started) / 1000)} s`,
        );
        await filling.settled();
      }
      sizes.push(await timesOf(served.url, keys));
      if (database === 'SQLite' && share === 1) printDelay(await loopDelayOf(served, url, ADMIN_KEY));
    } finally {
      await served.stop();
    }
  }
  const [empty = [], tenth = [], full = []] = sizes;
  return ASKED.map(([who, path], index) => {
    const at = (times: readonly Times[]): Times => times[index] ?? { p50: Number.NaN, p99: Number.NaN };
    return { database, path, who, empty: at(empty), tenth: at(tenth), full: at(full) };
  });
}

function printDelay({ idleP99, busyP99, answers }: LoopDelay): void {
  const verdict = busyP99 <= 20 ? 'reached' : '**missed**';
  console.log(
    `event loop delay p99 on a full SQLite file: ${idleP99.toFixed(1)} ms idle, ${busyP99.toFixed(1)} ms with ${answers} statistics, ` +
      `searches and pages and billing verify in 15 s: ${verdict}`,
  );
}

const sizeOf = (share: number): Growing => ({
  orders: Math.round(FULL.orders * share),
  predictions: Math.round(FULL.predictions * share),
  requests: Math.round(FULL.requests * share),
});

const known: Partial<Record<Who, string>> = { administrator: ADMIN_KEY };

/** The callers' keys; the accounts are made once for each database, as ids 2 and 3. */
async function keysOf(url: string, isNew: boolean): Promise<Readonly<Record<Who, string>>> {
  if (isNew)
    for (const [username, role] of [
      ['desk', 'client'],
      ['judge', 'evaluator'],
    ] as const) {
      const made = await post(url, 'admin/users', { username, role, email: `${username}@example.com` });
      await post(url, `admin/users/${username}/activate`, {});
      known[role] = made.api_key;
    }
  return known as Record<Who, string>;
}

async function post(url: string, path: string, body: object): Promise<{ readonly api_key: string }> {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'X-API-KEY': ADMIN_KEY, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { readonly api_key: string };
}

async function timesOf(url: string, keys: Readonly<Record<Who, string>>): Promise<Times[]> {
  const all: Times[] = [];
  for (const [who, path] of ASKED) {
    const times: number[] = [];
    for (let request = 0; request < REQUESTS + WARM_UP; request += 1) {
      const started = performance.now();
      const answer = await fetch(`${url}/api/v1/${path}`, { headers: { 'X-API-KEY': keys[who] } });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${path} answers ${answer.status}`);
      if (request >= WARM_UP) times.push(performance.now() - started);
    }
    times.sort((one, other) => one - other);
    all.push({ p50: times[REQUESTS >> 1] ?? 0, p99: times.at(-1) ?? 0 });
  }
  return all;
}

/** Prints the table and whether the bar is reached. */
export async function printGrowth(scale: number): Promise<void> {
  const routes = await measureGrowth(scale);
  const text = ({ p50, p99 }: Times): string => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  console.log(
    '| Database | Caller | Route | empty, p50 / p99 ms | a tenth | full | full : empty |\n|---|---|---|---|---|---|---|',
  );
  for (const { database, who, path, empty, tenth, full } of routes) {
    const ratio = full.p50 / empty.p50;
    const verdict = ratio <= 2 && full.p50 <= 100 ? 'reached' : '**missed**';
    console.log(
      `| ${database} | ${who} | \`${path}\` | ${text(empty)} | ${text(tenth)} | ${text(full)} | ${ratio.toFixed(1)} ${verdict} |`,
    );
  }
}
