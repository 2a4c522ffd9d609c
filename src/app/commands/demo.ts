import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandArguments, DEMO_FLAGS } from '#libs/config';
import { renderForecastPng } from '#libs/forecast-chart';
import { messageOf } from '#libs/kernel';
import { packageFolder } from '../version.js';
import { type DemoBacktest, printScores, SCORED } from './demo-scores.js';
import { EXIT, type PlainCommand, print, printError, stopSignal } from './command.js';

const ENTRY = join(packageFolder, 'dist', 'src', 'main.js');
const DATA_FILE = join(packageFolder, 'examples', 'data', 'sp500_daily_2000-2020.csv');

/**
 * `demo [--once]`: starts the service on a free port with the quickstart configuration and a private database, looks at its
 * data file (`data inspect`), asks it two questions over HTTP, prints the answers with a picture of the forecast, has the model
 * forecast on history and prints its scores, and stays up until it is stopped.
 */
export const demo: PlainCommand = async (line) => {
  const { flags } = commandArguments(line, DEMO_FLAGS);
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-demo-'));
  const adminKey = `pp_${randomBytes(32).toString('base64url')}`;
  const port = await freePort();
  const service = startService(folder, port, adminKey);
  const ended = new Promise<number | null>((resolve) => service.once('exit', resolve));
  void stopSignal().then(() => service.kill('SIGTERM'));
  try {
    const table = await inspect(DATA_FILE);
    const desk = new Desk(`http://127.0.0.1:${port}`, adminKey);
    await Promise.race([
      desk.ready(),
      ended.then((status) => Promise.reject(new Error(`the service ended with code ${status}`))),
    ]);
    print(`\nThe data, as \`prediction-provider data inspect\` shows them:\n\n${table}`);
    await askBoth(desk);
    const clientKey = await desk.newClient();
    printScores(await desk.backtest(clientKey, SCORED));
    if (flags.once) service.kill('SIGTERM');
    else printNext(desk, clientKey);
    await ended;
    return EXIT.done;
  } catch (error) {
    printError(`The demo failed: ${messageOf(error)}`);
    service.kill('SIGTERM');
    await ended;
    return EXIT.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Its settings come as flags, which win over those of the environment. */
const startService = (folder: string, port: number, adminKey: string): ChildProcess =>
  spawn(
    process.execPath,
    [
      ENTRY,
      `--load_config=${join(packageFolder, 'examples', 'config', 'quickstart.json')}`,
      `--port=${port}`,
      '--host=127.0.0.1',
      '--quiet_mode=true',
      `--database_url=sqlite:///${join(folder, 'demo.db')}`,
      `--admin_api_key=${adminKey}`,
      `--admin_password=${randomBytes(12).toString('base64url')}`,
    ],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
  );

async function askBoth(desk: Desk): Promise<void> {
  const forecast = await desk.ask<DemoForecast>('/api/v1/predict', {
    symbol: 'SP500',
    interval: '1d',
    model_name: 'default_predictor',
    horizons: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  });
  printForecast(forecast);
  print(`\n  Picture: ${await drawForecast(forecast)}`);
  const question = { datetime: '14.03.2023 10:00:00.000', tp: 150, sl: 100 };
  printEntry(question, await desk.ask<DemoEntry>('/api/v1/predict/entry', question));
}

/** What the demo looks at of a prediction. */
interface DemoForecast {
  readonly status: string;
  readonly symbol: string;
  readonly interval: string;
  readonly result: {
    readonly error?: string;
    readonly explanation: { readonly timing: { readonly total_ms: number } };
    readonly output: {
      readonly baseline_datetime: string;
      readonly baseline_value: number;
      readonly horizons: readonly number[];
      readonly predictions: readonly number[];
      readonly uncertainty: readonly number[];
      readonly future_datetimes: readonly string[];
      readonly quantiles: Readonly<Record<string, readonly number[]>>;
      readonly intervals: readonly { level: number; lower: readonly number[]; upper: readonly number[] }[];
      readonly metadata: { readonly model_path: string; readonly mc_samples: number };
    };
  };
}

interface DemoEntry {
  readonly buy_entry_binary: number;
  readonly sell_entry_binary: number;
  readonly bars_remaining: number;
}

interface EntryAsked {
  readonly datetime: string;
  readonly tp: number;
  readonly sl: number;
}

/** Whoever asks the demo's service. */
class Desk {
  constructor(
    readonly url: string,
    readonly adminKey: string,
  ) {}

  async ready(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await fetch(`${this.url}/health`).catch(() => null);
      if (answer?.ok === true) return;
      await pause();
    }
    throw new Error(`the service did not become ready within ${(ATTEMPTS * EVERY_MS) / 1_000} s`);
  }

  /** A client with credits, active at once because it has a password: who may ask for predictions and order them. */
  async newClient(): Promise<string> {
    const made = await this.#post<{ api_key: string }>(
      '/api/v1/admin/users',
      {
        username: 'demo-client',
        email: 'demo-client@localhost.localdomain',
        role: 'client',
        password: randomBytes(12).toString('base64url'),
        initial_credits: 100,
      },
      { 'x-api-key': this.adminKey },
    );
    return made.api_key;
  }

  /** Forecasts on bars that have come long ago, with their scores. */
  async backtest(apiKey: string, question: object): Promise<DemoBacktest> {
    const headers = { 'x-api-key': apiKey };
    const { id } = await this.#post<{ id: string }>('/api/v1/backtests', question, headers);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await fetch(`${this.url}/api/v1/backtests/${id}`, { headers });
      const walked = (await answer.json()) as DemoBacktest;
      if (walked.status === 'completed') return walked;
      if (walked.status === 'failed') throw new Error(`the back-test failed: ${walked.error?.message}`);
      await pause();
    }
    throw new Error('the back-test did not end');
  }

  async ask<T>(path: string, body: object): Promise<T> {
    const json = await this.#post<T & Partial<DemoForecast>>(path, body, { prefer: 'wait=10' });
    if (json.status === 'failed') throw new Error(`the prediction failed: ${json.result?.error}`);
    return json;
  }

  async #post<T>(path: string, body: object, headers: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const json = (await answer.json()) as T & { readonly detail?: unknown };
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(json.detail)}`);
    return json;
  }
}

/** Two minutes: a service that cannot start ends by itself and is seen at once, so only a very slow machine waits. */
const [ATTEMPTS, EVERY_MS] = [1_200, 100];
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, EVERY_MS));

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
}

/** The first table of what `data inspect` prints: how the file is written and what it covers. */
async function inspect(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, 'data', 'inspect', file]);
  return stdout.split('\n\n')[0] ?? '';
}

function printForecast(prediction: DemoForecast): void {
  const { output, explanation } = prediction.result;
  const interval = output.intervals[0] ?? { level: NaN, lower: [], upper: [] };
  const money = (value = NaN): string => value.toFixed(2).padStart(10);
  print(
    `\nForecast of ${prediction.symbol} (${prediction.interval}) by the model ${output.metadata.model_path}, ${output.metadata.mc_samples} samples`,
  );
  print(
    `from ${output.baseline_datetime}, close ${output.baseline_value.toFixed(2)}; answered in ${explanation.timing.total_ms} ms\n`,
  );
  print(`  ahead        mean   deviation       lower       upper   (${percent(interval)} interval)`);
  output.horizons.forEach((horizon, i) => {
    const cells = [output.predictions[i], output.uncertainty[i], interval.lower[i], interval.upper[i]];
    print(`  ${`+${horizon}`.padStart(5)}  ${cells.map(money).join('  ')}`);
  });
}

function percent({ level }: { readonly level: number }): string {
  return `${Math.round(level * 100)} %`;
}

/** History from the sample data, median and intervals from the answer; returns the path of the PNG. */
async function drawForecast({ symbol, result: { output } }: DemoForecast): Promise<string> {
  const bars = lastBars(output.baseline_datetime);
  const utc = (time: string): number => Date.parse(`${time}Z`);
  const { quantiles, intervals, metadata } = output;
  const png = await renderForecastPng({
    title: `${symbol}: the next ${output.horizons.length} trading days`,
    subtitle: `from ${output.baseline_datetime.slice(0, 10)}, close ${output.baseline_value.toFixed(2)}; ${metadata.mc_samples} samples of ${metadata.model_path}`,
    history: { time: bars.map(([time]) => utc(time)), value: bars.map(([, close]) => close) },
    forecast: {
      time: output.future_datetimes.map(utc),
      median: quantiles['0.5'] ?? [],
      intervals: [
        { level: 0.5, lower: quantiles['0.25'] ?? [], upper: quantiles['0.75'] ?? [] },
        ...intervals,
      ],
    },
    valueLabel: 'Close (index points)',
    pixelRatio: 2,
  });
  const path = join(mkdtempSync(join(tmpdir(), 'prediction-provider-forecast-')), 'forecast.png');
  writeFileSync(path, png);
  return path;
}

/** Times and closes of the 90 bars that the forecast stands on. */
function lastBars(baseline: string): (readonly [time: string, close: number])[] {
  const text = readFileSync(DATA_FILE, 'utf8');
  const bars = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map((cells) => [(cells[0] ?? '').replace(' ', 'T'), Number(cells[4])] as const);
  return bars.filter(([time]) => time <= baseline.slice(0, 19)).slice(-90);
}

function printEntry(question: EntryAsked, answer: DemoEntry): void {
  print(
    `\nOpen a trade on SYNTHFX at ${question.datetime}? (take profit ${question.tp}, stop loss ${question.sl} pips;`,
  );
  print('answered by direction_ideal_oracle, a test instrument that looks ahead)\n');
  const word = (binary: number): string => (binary === 1 ? 'yes' : 'no');
  print(
    `  buy ${word(answer.buy_entry_binary)}   sell ${word(answer.sell_entry_binary)}   bars left this week: ${answer.bars_remaining}`,
  );
}

function printNext({ url, adminKey }: Desk, clientKey: string): void {
  print(`
Swagger UI        ${url}/docs   (press Authorize and paste one of these keys; they are for this run only)
Client            X-API-KEY: ${clientKey}   predictions, orders, 100 USD of credits
Administrator     X-API-KEY: ${adminKey}   accounts, credits, figures; asks for no predictions
Try next, without a key:

  curl -s ${url}/api/v1/predictions -H 'content-type: application/json' -H 'Prefer: wait=10' \\
    -d '{"symbol":"SP500","interval":"1d","model_name":"random_walk_predictor","horizons":[1,5,20]}'

Ctrl-C stops it; the demo's database goes with it.`);
}
