/**
 * Core predictions with receipts and without, by turns in one process, on the database of `--database_url=…`. Writes its figures
 * as JSON. `bench/receipts.ts` starts it with the last build: `node --import ./test/runner/built-product.js bench/receipts-process.ts`
 */
import { resolve } from 'node:path';
import { loadConfig } from '#libs/config';
import { Database, runSql } from '#libs/database';
import { startServer } from '../src/app/server.js';
import { PinForecast } from '../src/outcomes/pin-forecast.service.js';
import { LinkReceipts } from '../src/outcomes/receipts/link-receipts.service.js';

const TURNS = 30;
const PER_TURN = 20;
const QUESTION = JSON.stringify({
  symbol: 'SP500',
  interval: '1d',
  predictor_plugin: 'random_walk_predictor',
  horizons: [1, 2, 3, 4, 5, 6],
});

const [flag = ''] = process.argv.slice(2);
const flags = {
  host: '127.0.0.1',
  port: 0,
  database_url: flag.slice(flag.indexOf('=') + 1),
  secret_key: 'a-secret-of-the-benchmark-that-nobody-keeps',
  admin_password: 'only-for-the-benchmark',
  data_source: 'file',
  data_file_path: resolve('examples/data/sp500_daily_2000-2020.csv'),
  receipt_seconds: 0.1,
  log_level: 'ERROR',
};
const server = await startServer(loadConfig({ argv: [], env: {}, flags, serving: true }), {
  logStream: { write: () => undefined },
});
const { app, url } = server;
const pins = app.get(PinForecast, { strict: false });
const draft = pins.draftReceipt.bind(pins);
const linker = app.get(LinkReceipts, { strict: false });

async function predict(): Promise<number> {
  const startedAt = performance.now();
  const answer = await fetch(`${url}/api/v1/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: QUESTION,
  });
  const { status } = (await answer.json()) as { status: string };
  if (status !== 'completed') throw new Error(`a prediction ended as ${answer.status} ${status}`);
  return performance.now() - startedAt;
}

const times: { on: number[]; off: number[] } = { on: [], off: [] };
/** Milliseconds of the processor, asking included. */
const cpu = { on: 0, off: 0 };
for (let warm = 0; warm < 2 * PER_TURN; warm += 1) await predict();
for (let turn = 0; turn < 2 * TURNS; turn += 1) {
  const isOn = turn % 2 === 0;
  pins.draftReceipt = isOn ? draft : () => undefined;
  const before = process.cpuUsage();
  for (let one = 0; one < PER_TURN; one += 1) times[isOn ? 'on' : 'off'].push(await predict());
  await linker.link();
  const { user, system } = process.cpuUsage(before);
  cpu[isOn ? 'on' : 'off'] += (user + system) / 1_000 / (TURNS * PER_TURN);
}
const database = app.get(Database, { strict: false });
const [receipts] = await runSql<{ count: number; signed: number; text: number }>(
  database.read,
  'SELECT COUNT(*) AS count, COUNT(number) AS signed, SUM(LENGTH(body)) AS text FROM forecast_receipts',
);
const [size] = await runSql<{ bytes: number }>(
  database.read,
  database.kind === 'sqlite'
    ? `SELECT SUM(pgsize) AS bytes FROM dbstat WHERE name IN
         (SELECT name FROM sqlite_schema WHERE tbl_name = 'forecast_receipts')`
    : `SELECT pg_total_relation_size('forecast_receipts') AS bytes`,
);
const expected = 2 * PER_TURN + TURNS * PER_TURN;
if (Number(receipts?.count) !== expected || Number(receipts?.signed) !== expected)
  throw new Error(
    `${receipts?.signed} of ${receipts?.count} receipts are signed; there should be ${expected}`,
  );
const figures = {
  ...times,
  moreCpuMs: cpu.on - cpu.off,
  bytes: Number(size?.bytes) / expected,
  textBytes: Number(receipts?.text) / expected,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
await server.stop();
