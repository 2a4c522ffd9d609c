/**
 * `npm run bench -- --delivery`: how soon a job that one process committed is claimed by another on PostgreSQL, what the two cost without
 * work and with ten jobs a second, and how soon every process knows a setting that was changed at one of them.
 */
import { Client } from 'pg';
import { withCluster } from './cluster.js';
import { SETTINGS as MARKET } from './marketplace.js';
import { CostMeter, SETTLE_MS } from './postgres-costs.js';
import { servePostgres } from './postgres.js';
import { median, QUESTION } from './predictions.js';
import type { Served } from './served.js';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 30);
const PER_SECOND = 10;
const CHANGES = 50;
/** What a change may take; nobody waits longer for one. */
const MOST_MS = 10_000;

export interface DeliveryFigures {
  /** Milliseconds from the commit of a job to that of its claim in another process, by the server's own record of commits. */
  readonly pickUpP50Ms: number;
  readonly pickUpP99Ms: number;
  readonly jobs: number;
  /** Per cent of one core of a process of the API, a worker, and the server: without work, and with ten jobs a second. */
  readonly idle: Cores;
  readonly atWork: Cores;
  /** Milliseconds from the answer to a change of a setting until the other process of the API says so. */
  readonly settingP50Ms: number;
  readonly settingMostMs: number;
  /** The same while no notification arrives, because each change finds the connection that listens just cut. */
  readonly unheardMostMs: number;
}

interface Cores {
  readonly api: number;
  readonly worker: number;
  readonly database: number;
}

export async function measureDelivery(): Promise<DeliveryFigures> {
  const postgres = await servePostgres(undefined, '--commit-times');
  try {
    const url = await postgres.create('delivery');
    const first = await withCluster(url, 1, async (apis, workers) => {
      const meter = new CostMeter(url, apis, workers);
      const cores = async (work: () => Promise<unknown>): Promise<Cores> => {
        const { apiMs, workerMs, databaseMs } = await meter.costsOf(async () => {
          const started = performance.now();
          await work();
          return (performance.now() - started + SETTLE_MS) / 1_000;
        });
        return { api: apiMs / 10, worker: workerMs / 10, database: databaseMs / 10 };
      };
      const idle = await cores(() => pause(SECONDS * 1_000));
      const before = await ask<{ id: string }>(url, 'SELECT max(id) AS id FROM predictions');
      const atWork = await cores(() => submitEvenly(apis));
      return { idle, atWork, ...(await pickUps(url, before[0]?.id ?? '0')) };
    });
    return { ...first, ...(await withCluster(url, 2, (apis) => settingsFollow(url, apis))) };
  } finally {
    await postgres.stop();
  }
}

/** Prints it, with what is promised. */
export async function printDelivery(): Promise<void> {
  const figures = await measureDelivery();
  console.table(
    Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [
        name,
        typeof value === 'number'
          ? Number(value.toFixed(1))
          : Object.entries(value as Cores)
              .map(([who, share]) => `${who} ${share.toFixed(2)} %`)
              .join(', '),
      ]),
    ),
  );
}

/** Ten a second, each when its time has come, so that a slow answer delays no other one. */
async function submitEvenly(apis: readonly Served[]): Promise<void> {
  const answers: Promise<void>[] = [];
  const started = performance.now();
  for (let nth = 0; nth < SECONDS * PER_SECOND; nth += 1) {
    await pause(started + (nth * 1_000) / PER_SECOND - performance.now());
    answers.push(submit(apis[nth % apis.length]));
  }
  await Promise.all(answers);
}

async function submit(api: Served | undefined): Promise<void> {
  const { status } = await fetch(`${api?.url}/api/v1/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: QUESTION,
  });
  if (status !== 201) throw new Error(`a prediction was answered with ${status}`);
}

async function pickUps(
  url: string,
  afterId: string,
): Promise<Pick<DeliveryFigures, 'pickUpP50Ms' | 'pickUpP99Ms' | 'jobs'>> {
  const rows = await ask<{ ms: number }>(
    url,
    `SELECT (extract(epoch from pg_xact_commit_timestamp(claimed.xmin) - pg_xact_commit_timestamp(added.xmin)) * 1000)::float8 AS ms
     FROM events added JOIN events claimed ON claimed.topic = added.topic AND claimed.type = 'processing'
     WHERE added.type = 'pending' AND substring(added.topic from '[0-9]+$')::bigint > ${afterId}`,
  );
  const sorted = rows.map(({ ms }) => ms).sort((a, b) => a - b);
  if (sorted.length < SECONDS * PER_SECOND) throw new Error(`${sorted.length} jobs were picked up`);
  return {
    pickUpP50Ms: median(sorted),
    pickUpP99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    jobs: sorted.length,
  };
}

async function settingsFollow(
  url: string,
  [one, other]: readonly Served[],
): Promise<Pick<DeliveryFigures, 'settingP50Ms' | 'settingMostMs' | 'unheardMostMs'>> {
  if (one === undefined || other === undefined) throw new Error('two processes were started');
  const heard: number[] = [];
  for (let nth = 0; nth < CHANGES; nth += 1) heard.push(await followed(one, other, 1_000 + nth));
  const unheard: number[] = [];
  for (let nth = 0; nth < CHANGES / 5; nth += 1) {
    await ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prediction-provider listens'`,
    );
    unheard.push(await followed(one, other, 2_000 + nth));
  }
  return {
    settingP50Ms: median(heard),
    settingMostMs: Math.max(...heard),
    unheardMostMs: Math.max(...unheard),
  };
}

/** Changes a setting at one process; milliseconds until the other shows it. */
async function followed(one: Served, other: Served, value: number): Promise<number> {
  const headers = { 'X-API-KEY': MARKET.admin_api_key, 'content-type': 'application/json' };
  const changed = await fetch(`${one.url}/api/v1/admin/config`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ prediction_timeout: value }),
  });
  if (!changed.ok) throw new Error(`a change was answered with ${changed.status}`);
  const started = performance.now();
  for (;;) {
    const answer = await fetch(`${other.url}/api/v1/admin/config`, { headers });
    const { settings } = (await answer.json()) as {
      readonly settings?: { readonly prediction_timeout: number };
    };
    if (settings?.prediction_timeout === value) return performance.now() - started;
    if (performance.now() - started > MOST_MS) throw new Error('a change was never followed');
  }
}

async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, Math.max(0, ms)));
