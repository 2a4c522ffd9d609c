/**
 * `npm run bench -- --postgres`: core predictions end to end on PostgreSQL with 1, 2 and 4 processes of the API and as many
 * workers, beside the durable single commits that the database makes by itself in the same minutes; then what one unit of each
 * kind of work costs, and what a number of predictions an hour needs. docs/scale.md is made of it.
 */
import { resolve } from 'node:path';
import { postgresCommits } from './durable-commits.js';
import { Market, SETTINGS as MARKET } from './marketplace.js';
import { CostMeter, type Costs } from './postgres-costs.js';
import { predict } from './predictions.js';
import { servePostgres } from './postgres.js';
import { load, serveProduct, serveWorker, type Served } from './served.js';

const SIZES = [1, 2, 4] as const;
const CONNECTIONS = 16;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 6);
const PARTIES = 8;
const SETTINGS = {
  ...MARKET,
  data_source: 'file',
  data_files: JSON.stringify({
    SP500: resolve('examples/data/sp500_daily_2000-2020.csv'),
    EURUSD: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  }),
  max_concurrent_predictions: 100,
  database_pool_size: 5,
  database_max_overflow: 5,
};
/** What a server can give before another one is needed; stated, not measured. */
const LIMITS = { databaseCores: 16, walMbPerSecond: 200, useOfCore: 0.6 } as const;
const HOUR_S = 3_600;

export interface Throughput {
  readonly processes: number;
  readonly perSecond: number;
  readonly commitsPerSecond: number;
}

/** Prints the throughput of clusters, the costs of a unit, and the capacity that follows. */
export async function printCluster(): Promise<void> {
  const postgres = await servePostgres();
  try {
    const throughput: Throughput[] = [];
    for (const processes of SIZES) {
      const url = await postgres.create(`cluster_${processes}`);
      throughput.push(
        await withCluster(url, processes, async (apis) => ({
          processes,
          perSecond: (await predictOn(apis, SECONDS)) / SECONDS,
          commitsPerSecond: await postgresCommits(url, CONNECTIONS, 2_000),
        })),
      );
    }
    console.table(throughput.map(rounded));
    const costs = await unitCosts(await postgres.create('costs'));
    console.table(Object.fromEntries(Object.entries(costs).map(([work, one]) => [work, rounded(one)])));
    const each = costs['core prediction'];
    if (each !== undefined)
      console.table([1_000, 100_000, 10_000_000].map((perHour) => rounded(capacityFor(perHour, each))));
  } finally {
    await postgres.stop();
  }
}

/** Runs `work` with so many processes of the API, without jobs, and as many workers on this database. */
export async function withCluster<T>(
  url: string,
  processes: number,
  work: (apis: readonly Served[], workers: readonly Served[]) => Promise<T>,
): Promise<T> {
  const settings = { ...SETTINGS, database_url: url };
  const running: Served[] = [];
  const started = async (one: Promise<Served>): Promise<Served> => {
    running.push(await one);
    return one;
  };
  try {
    const apis: Served[] = [];
    const workers: Served[] = [];
    for (let nth = 0; nth < processes; nth += 1) {
      apis.push(await started(serveProduct({ ...settings, jobs: false })));
      workers.push(await started(serveWorker(settings)));
    }
    await predictOn(apis, 2); // nothing is compiled yet
    return await work(apis, workers);
  } finally {
    for (const one of running) await one.stop();
  }
}

/** Predictions that ended as completed. */
async function predictOn(apis: readonly Served[], seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  const counts = Array.from({ length: CONNECTIONS }, async (_, nth) => {
    const api = apis[nth % apis.length];
    if (api === undefined) throw new Error('a cluster has a process');
    let count = 0;
    for (; performance.now() < end; count += 1) await predict(api);
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

async function unitCosts(url: string): Promise<Readonly<Record<string, Costs>>> {
  return withCluster(url, 1, async (apis, workers) => {
    const [api] = apis;
    if (api === undefined) throw new Error('one process was started');
    const meter = new CostMeter(url, apis, workers);
    const market = await Market.open(api.url);
    const read = { connections: PARTIES, seconds: SECONDS };
    return {
      'core prediction': await meter.costsOf(() => predictOn(apis, SECONDS)),
      'order submitted': await meter.costsOf(
        async () => (await market.submitFor(PARTIES, SECONDS * 1_000)).length,
      ),
      'order claimed and answered': await meter.costsOf(
        async () => (await market.answerFor(PARTIES, SECONDS * 1_000)).length,
      ),
      'list of 50 predictions': await meter.costsOf(async () => {
        const path = '/api/v1/predictions/?limit=50';
        return (await load(api.url, { method: 'GET', path, ...read })).perSecond * SECONDS;
      }),
    };
  });
}

/** What so many predictions an hour need, evenly spread; a peak of three times as many needs three times of it. */
function capacityFor(perHour: number, each: Costs) {
  const perSecond = perHour / HOUR_S;
  const cores = (ms: number): number => (perSecond * ms) / 1_000 / LIMITS.useOfCore;
  const walMbPerSecond = (perSecond * each.walBytes) / 1e6;
  return {
    perHour,
    apiCores: cores(each.apiMs),
    workerCores: cores(each.workerMs),
    databaseCores: cores(each.databaseMs),
    walMbPerSecond,
    storedGbPerDay: (perSecond * each.storedBytes * 86_400) / 1e9,
    commitsPerSecond: perSecond * each.commits,
    databases: Math.ceil(
      Math.max(cores(each.databaseMs) / LIMITS.databaseCores, walMbPerSecond / LIMITS.walMbPerSecond),
    ),
  };
}

const rounded = <T extends object>(row: T): Record<string, number> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, Number(Number(value).toPrecision(3))]),
  );
