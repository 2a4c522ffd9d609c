// `npm run demo [-- --once]`: starts the service on a free port with the quickstart configuration and a private
// database, looks at its data file (`data inspect`), asks it two questions over HTTP, prints the answers with a picture of the forecast, and stays up until Ctrl-C.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildWhenNeeded, entry, root } from './build.mjs';

const once = process.argv.includes('--once');
await buildWhenNeeded();

const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-demo-'));
const adminKey = `pp_${randomBytes(32).toString('base64url')}`;
const service = spawn(
  process.execPath,
  [entry, '--load_config', join(root, 'examples', 'config', 'quickstart.json')],
  {
    cwd: folder,
    env: {
      ...process.env,
      PORT: String(port),
      HOST: '127.0.0.1',
      DATABASE_URL: `sqlite:///${join(folder, 'demo.db')}`,
      ADMIN_API_KEY: adminKey,
      ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
      PREDICTION_PROVIDER_QUIET: '1',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  },
);
const dataFile = join(root, 'examples', 'data', 'sp500_daily_2000-2020.csv');
const inspected = inspect(dataFile);
const ended = new Promise((resolve) => service.once('exit', resolve));
let code = 1;
process.on('SIGINT', () => service.kill('SIGTERM'));
process.on('SIGTERM', () => service.kill('SIGTERM'));

try {
  const table = await inspected;
  await Promise.race([
    ready(),
    ended.then((status) => Promise.reject(new Error(`the service ended with code ${status}`))),
  ]);
  console.log(`\nThe data, as \`prediction-provider data inspect\` shows them:\n\n${table}`);
  const forecast = await ask('/api/v1/predict', {
    symbol: 'SP500',
    interval: '1d',
    model_name: 'default_predictor',
    horizons: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  });
  printForecast(forecast);
  console.log(`\n  Picture: ${await drawForecast(forecast)}`);
  const question = { datetime: '14.03.2023 10:00:00.000', tp: 150, sl: 100 };
  printEntry(question, await ask('/api/v1/predict/entry', question));
  code = 0;
  const clientKey = await demoClient();
  if (once) service.kill('SIGTERM');
  else printNext(clientKey);
  await ended;
} catch (error) {
  console.error(`The demo failed: ${error.message}`);
  service.kill('SIGTERM');
  await ended;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => resolve(free));
    });
  });
}

/** The first table of what `data inspect` prints: how the file is written and what it covers. */
async function inspect(file) {
  const { stdout } = await promisify(execFile)(process.execPath, [entry, 'data', 'inspect', file]);
  return stdout.split('\n\n')[0];
}

async function ready() {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the service did not become ready within 20 s');
}

/** A client with credits, active at once because it has a password: who may ask for predictions and order them. */
async function demoClient() {
  const answer = await fetch(`${url}/api/v1/admin/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': adminKey },
    body: JSON.stringify({
      username: 'demo-client',
      email: 'demo-client@localhost.localdomain',
      role: 'client',
      password: randomBytes(12).toString('base64url'),
      initial_credits: 100,
    }),
  });
  const { api_key: key, detail } = await answer.json();
  if (!answer.ok) throw new Error(`the client could not be created: ${JSON.stringify(detail)}`);
  return key;
}

async function ask(path, body) {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(json.detail)}`);
  if (json.status === 'failed') throw new Error(`the prediction failed: ${json.result.error}`);
  return json;
}

function printForecast(prediction) {
  const { output, explanation } = prediction.result;
  const interval = output.intervals[0];
  const money = (value) => value.toFixed(2).padStart(10);
  console.log(
    `\nForecast of ${prediction.symbol} (${prediction.interval}) by the model ${output.metadata.model_path}, ${output.metadata.mc_samples} samples`,
  );
  console.log(
    `from ${output.baseline_datetime}, close ${output.baseline_value.toFixed(2)}; answered in ${explanation.timing.total_ms} ms\n`,
  );
  console.log(`  ahead        mean   deviation       lower       upper   (${percent(interval)} interval)`);
  output.horizons.forEach((horizon, i) => {
    const cells = [output.predictions[i], output.uncertainty[i], interval.lower[i], interval.upper[i]];
    console.log(`  ${`+${horizon}`.padStart(5)}  ${cells.map(money).join('  ')}`);
  });
}

function percent({ level }) {
  return `${Math.round(level * 100)} %`;
}

/** History from the sample data, median and intervals from the answer; returns the path of the PNG. */
async function drawForecast({ symbol, result: { output } }) {
  const module = join(root, 'dist', 'libs', 'forecast-chart', 'src', 'index.js');
  const { renderForecastPng } = await import(pathToFileURL(module).href);
  const bars = lastBars(output.baseline_datetime);
  const utc = (time) => Date.parse(`${time}Z`);
  const { quantiles, intervals, metadata } = output;
  const png = await renderForecastPng({
    title: `${symbol}: the next ${output.horizons.length} trading days`,
    subtitle: `from ${output.baseline_datetime.slice(0, 10)}, close ${output.baseline_value.toFixed(2)}; ${metadata.mc_samples} samples of ${metadata.model_path}`,
    history: { time: bars.map(([time]) => utc(time)), value: bars.map(([, close]) => close) },
    forecast: {
      time: output.future_datetimes.map(utc),
      median: quantiles['0.5'],
      intervals: [{ level: 0.5, lower: quantiles['0.25'], upper: quantiles['0.75'] }, ...intervals],
    },
    valueLabel: 'Close (index points)',
    pixelRatio: 2,
  });
  const path = join(mkdtempSync(join(tmpdir(), 'prediction-provider-forecast-')), 'forecast.png');
  writeFileSync(path, png);
  return path;
}

/** Times and closes of the 90 bars that the forecast stands on. */
function lastBars(baseline) {
  const text = readFileSync(dataFile, 'utf8');
  const bars = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map((cells) => [cells[0].replace(' ', 'T'), Number(cells[4])]);
  return bars.filter(([time]) => time <= baseline.slice(0, 19)).slice(-90);
}

function printEntry(question, answer) {
  console.log(
    `\nOpen a trade on SYNTHFX at ${question.datetime}? (take profit ${question.tp}, stop loss ${question.sl} pips;`,
  );
  console.log('answered by direction_ideal_oracle, a test instrument that looks ahead)\n');
  const word = (binary) => (binary ? 'yes' : 'no');
  console.log(
    `  buy ${word(answer.buy_entry_binary)}   sell ${word(answer.sell_entry_binary)}   bars left this week: ${answer.bars_remaining}`,
  );
}

function printNext(clientKey) {
  console.log(`
Swagger UI        ${url}/docs   (press Authorize and paste one of these keys; they are for this run only)
Client            X-API-KEY: ${clientKey}   predictions, orders, 100 USD of credits
Administrator     X-API-KEY: ${adminKey}   accounts, credits, figures; asks for no predictions
Try next, without a key:

  curl -s ${url}/api/v1/predictions -H 'content-type: application/json' -H 'Prefer: wait=10' \\
    -d '{"symbol":"SP500","interval":"1d","model_name":"random_walk_predictor","horizons":[1,5,20]}'

Ctrl-C stops it; the demo's database goes with it.`);
}
