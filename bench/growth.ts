/**
 * `npm run bench -- --growth [--scale 0.1] [--on SQLite] [--data FOLDER] [--start FILE]`: how long each route of the contract that submits, lists
 * or adds up takes on an empty database, one that is a tenth full and a full one, in turns, so that a busy machine slows all of
 * them. Full is 1,000,000 orders of which 300,000 are pending, 2,000,000 predictions and 5,000,000 audit rows, times the
 * scale. Then the delay of the event loop while an administrator looks at everything.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseLocation } from '#libs/database';
import { loopDelayOf } from './growth-load.js';
import { ask, ASKED, type Keys, type Made } from './growth-routes.js';
import { fill, type Growing } from './growth-rows.js';
import { SETTINGS } from './marketplace.js';
import { median } from './predictions.js';
import { servePostgres } from './postgres.js';
import { MAIN, serveProduct, type Served } from './served.js';

const TURNS = Number(process.env['BENCH_TURNS'] ?? 20);
const WARM_UP = 3;
const FULL: Growing = { orders: 1_000_000, predictions: 2_000_000, requests: 5_000_000 };
const SIZES = [
  ['empty', 0],
  ['tenth', 0.1],
  ['full', 1],
] as const;
const LOOK_MS = 1_000;
const DATA = {
  data_source: 'file',
  data_file_path: resolve('examples/data/sp500_daily_2000-2020.csv'),
  max_concurrent_predictions: 100,
};

type Kind = 'SQLite' | 'PostgreSQL';

export interface Plan {
  /** Of what a full database has. */
  readonly scale: number;
  /** A folder where databases stay: those that are filled are brought up to date and measured, others are filled first. */
  readonly data?: string | undefined;
  /** Path of a file: what is filled is measured when it is there, at a moment when the machine has nothing else to do. */
  readonly start?: string | undefined;
}

/** p50 and p99 in ms. */
interface Times {
  readonly p50: number;
  readonly p99: number;
}

/** A service on a database of its own, with the keys of its callers. */
interface Stand {
  readonly served: Served;
  readonly keys: Keys;
}

/**
 * Prints the table and whether the bars are reached.
 * @param only one of the databases; absent: both
 * @throws Error when a route answers anything but success
 */
export async function printGrowth(plan: Plan, only?: string): Promise<void> {
  if (only !== 'PostgreSQL') await printOnSqlite(plan);
  if (only !== 'SQLite') await printOnPostgres(plan);
}

async function printOnSqlite(plan: Plan): Promise<void> {
  const folder = join(plan.data ?? mkdtempSync(join(tmpdir(), 'prediction-provider-growth-')), 'sqlite');
  mkdirSync(folder, { recursive: true });
  const file = (name: string): Promise<DatabaseLocation> =>
    Promise.resolve({ kind: 'sqlite', path: join(folder, `${name}.db`) });
  try {
    await printOn('SQLite', { folder, make: file }, plan);
  } finally {
    if (plan.data === undefined) rmSync(dirname(folder), { recursive: true, force: true });
  }
}

async function printOnPostgres(plan: Plan): Promise<void> {
  const folder = plan.data === undefined ? undefined : join(plan.data, 'postgres');
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const postgres = await servePostgres(folder);
  const database = async (name: string): Promise<DatabaseLocation> => ({
    kind: 'postgres',
    url: await postgres.create(`growth_${name}`),
  });
  try {
    await printOn('PostgreSQL', { folder, make: database }, plan);
  } finally {
    await postgres.stop();
  }
}

/** Where databases are made. */
interface Place {
  /** Has a file for each database that is filled; absent: nothing stays. */
  readonly folder: string | undefined;
  readonly make: (name: string) => Promise<DatabaseLocation>;
}

async function printOn(kind: Kind, { folder, make }: Place, { scale, start }: Plan): Promise<void> {
  const filled: { readonly location: DatabaseLocation; readonly keys: Keys }[] = [];
  for (const [name, share] of SIZES) {
    const location = await make(name);
    const mark = folder === undefined ? undefined : join(folder, `${name}.filled`);
    if (mark !== undefined && existsSync(mark)) {
      filled.push({ location, keys: await renewedKeys(location) });
      continue;
    }
    filled.push({ location, keys: await keysIn(location) });
    const started = performance.now();
    const size = sizeOf(share * scale);
    await fill(location, size);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`${kind}, ${name}: ${JSON.stringify(size)} after ${seconds} s`);
    if (mark !== undefined) writeFileSync(mark, JSON.stringify(size));
  }
  if (start !== undefined) await thereIs(start);
  const stands: Stand[] = [];
  try {
    for (const { location, keys } of filled) stands.push({ served: await serve(location), keys });
    print(kind, await inTurns(stands));
    const [full, last] = [stands.at(-1), filled.at(-1)];
    if (full !== undefined && last !== undefined) await printDelay(kind, full, last.location);
  } finally {
    for (const { served } of stands) await served.stop();
  }
}

async function thereIs(file: string): Promise<void> {
  while (!existsSync(file)) await pause(LOOK_MS);
}

const serve = (location: DatabaseLocation): Promise<Served> =>
  serveProduct({ ...SETTINGS, ...DATA, database_url: urlOf(location) });

const urlOf = (location: DatabaseLocation): string =>
  location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url;

/** Makes a database with its accounts. */
async function keysIn(location: DatabaseLocation): Promise<Keys> {
  const served = await serve(location);
  try {
    return await keysOf(served.url);
  } finally {
    await served.stop();
  }
}

/** Of a database that was filled before; a start brings its tables up to date. */
async function renewedKeys(location: DatabaseLocation): Promise<Keys> {
  await (await serve(location)).stop();
  const keyOf = (username: string): string => {
    const flags = [`--database_url=${urlOf(location)}`, `--secret_key=${SETTINGS.secret_key}`];
    const said = execFileSync(process.execPath, [MAIN, 'users', 'new-key', username, ...flags], {
      encoding: 'utf8',
    });
    const [, key] = /^API key: (\S+)/m.exec(said) ?? [];
    if (key === undefined) throw new Error(`no key in: ${said}`);
    return key;
  };
  const [client, evaluator, provider] = [keyOf('desk'), keyOf('judge'), keyOf('shop')];
  return { administrator: SETTINGS.admin_api_key, client, evaluator, provider };
}

/** The callers' keys; their accounts get the ids 2 to 4. */
async function keysOf(url: string): Promise<Keys> {
  const keys = { administrator: SETTINGS.admin_api_key, client: '', evaluator: '', provider: '' };
  for (const [username, role] of [
    ['desk', 'client'],
    ['judge', 'evaluator'],
    ['shop', 'provider'],
  ] as const) {
    const made = await post(url, 'admin/users', { username, role, email: `${username}@example.com` });
    await post(url, `admin/users/${username}/activate`, {});
    keys[role] = made.api_key;
  }
  return keys;
}

async function post(url: string, path: string, body: object): Promise<{ readonly api_key: string }> {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'X-API-KEY': SETTINGS.admin_api_key, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { readonly api_key: string };
}

/** Every question to one stand after the other, again and again; for each the times on every stand. */
async function inTurns(stands: readonly Stand[]): Promise<Times[][]> {
  const times = ASKED.map(() => stands.map((): number[] => []));
  for (let turn = 0; turn < TURNS + WARM_UP; turn += 1) {
    const made = stands.map((): Made => ({}));
    for (const [index, asked] of ASKED.entries())
      for (const [place, { served, keys }] of stands.entries()) {
        const took = await ask(served, keys, asked, made[place] ?? {});
        if (turn >= WARM_UP) times[index]?.[place]?.push(took);
      }
  }
  return times.map((places) => places.map(timesOf));
}

const timesOf = (took: readonly number[]): Times => ({ p50: median(took), p99: Math.max(...took) });

async function printDelay(kind: Kind, { served, keys }: Stand, location: DatabaseLocation): Promise<void> {
  const { idleP99, busyP99, answers } = await loopDelayOf(served, urlOf(location), keys.administrator);
  console.log(
    `${kind}, full: event loop delay p99 ${idleP99.toFixed(1)} ms idle, ${busyP99.toFixed(1)} ms with ${answers} statistics, ` +
      `searches, pages and exports beside billing verify (≤ 20 ms): ${verdict(busyP99 <= 20)}`,
  );
}

const sizeOf = (share: number): Growing => ({
  orders: Math.round(FULL.orders * share),
  predictions: Math.round(FULL.predictions * share),
  requests: Math.round(FULL.requests * share),
});

const HEAD =
  '| Route | Caller | empty, p50 / p99 ms | a tenth | full | full : a tenth | full : empty | |\n|---|---|---|---|---|---|---|---|';
/** What a full database may take in times of an empty one. */
const MOST_TIMES = 2;
const MOST_MS = 100;
/** Of those that grew most, so many are for the page of results. */
const SHOWN = 10;

/** @param routes the times of each of {@link ASKED}: empty, a tenth, full */
function print(kind: Kind, routes: readonly Times[][]): void {
  const text = ({ p50, p99 }: Times): string => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  const rows = ASKED.map(({ method, path, who }, index) => {
    const [empty, tenth, full] = routes[index] as [Times, Times, Times];
    const [ratio, ofTenth] = [full.p50 / empty.p50, full.p50 / tenth.p50];
    const isSlow = full.p50 > MOST_MS;
    const line = `| \`${method} ${path}\` | ${who} | ${text(empty)} | ${text(tenth)} | ${text(full)} | ${ofTenth.toFixed(1)} | ${ratio.toFixed(1)} | ${verdict(ratio <= MOST_TIMES && !isSlow)} |`;
    return { line, ratio, ofTenth, isSlow };
  });
  const lines = (some: typeof rows): string => some.map(({ line }) => line).join('\n');
  const beyond = (ratio: 'ratio' | 'ofTenth'): number => rows.filter((row) => row[ratio] > MOST_TIMES).length;
  const slow = rows.filter(({ isSlow }) => isSlow).length;
  const grown = rows.toSorted((one, other) => other.ratio - one.ratio).slice(0, SHOWN);
  console.log(`${kind}, all routes:\n\n${HEAD}\n${lines(rows)}\n`);
  console.log(
    `${kind}, ${new Date().toISOString().slice(0, 10)}, ${TURNS} turns. Those that grew most:\n\n${HEAD}\n${lines(grown)}\n`,
  );
  const of = (count: number): string =>
    `${rows.length - count} of ${rows.length} routes, ${verdict(count === 0)}`;
  console.log(
    `${kind}: full ≤ ${MOST_TIMES} × empty: ${of(beyond('ratio'))}; full ≤ ${MOST_TIMES} × a tenth: ${of(beyond('ofTenth'))}; ` +
      `full ≤ ${MOST_MS} ms: ${of(slow)}`,
  );
}

const verdict = (isReached: boolean): string => (isReached ? 'reached' : '**missed**');
