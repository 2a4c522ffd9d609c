/** Features of 1,000,000 bars, and a forecast from them, as the file feeder makes them; the event loop watched meanwhile. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createPlugin, type Frame } from '#libs/plugin-sdk';
import defaultFeeder from '../libs/plugins/src/feeders/default-feeder/default-feeder.js';
import randomWalk from '../libs/plugins/src/predictors/random-walk-predictor.js';
import { PLAIN, writeBars } from './csv.js';

const of = (name: string, ...numbers: readonly number[]): string[] => numbers.map((one) => `${name}_${one}`);

/** Sixty indicators, a third of them families with several values. */
const FEATURES = [
  ...of('SMA', 5, 10, 20, 50, 100, 200),
  ...of('EMA', 5, 10, 20, 50, 100, 200),
  ...of('RSI', 7, 14, 21),
  ...of('ATR', 7, 14, 21),
  ...of('ROC', 5, 10, 20),
  ...of('Momentum', 5, 10, 20),
  ...of('log_return', 1, 2, 5, 10),
  ...of('returns', 1, 5),
  ...of('rolling_std', 24, 120),
  ...of('zscore', 20, 50),
  ...of('volatility', 20, 60),
  ...of('highest', 20, 50),
  ...of('lowest', 20, 50),
  ...of('WilliamsR', 14, 28),
  ...of('CCI', 14),
  ...of('BB_Width', 20),
  ...of('BB_position', 20),
  'MACD',
  'MACD_Signal',
  'MACD_Histogram',
  'Stochastic_%K',
  'Stochastic_%D',
  'ADX',
  'DI+',
  'DI-',
  'BB_upper',
  'BB_lower',
  'ATR_ratio',
  'price_minus_EMA',
  'hour_sin',
  'hour_cos',
  'weekday_sin',
];

export interface FeaturesMeasure {
  readonly features: number;
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
  readonly delayP99Ms: number;
  /** Median of a fetch and a forecast, once the file is loaded. */
  readonly forecastMs: number;
}

/** In a process of the built service: its threads load modules that are compiled already, as those of a service do. */
export function measureFeatures(): FeaturesMeasure {
  const args = [
    '--no-warnings',
    '--import',
    './test/runner/built-product.js',
    fileURLToPath(import.meta.url),
  ];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as FeaturesMeasure;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(await measured()));

async function measured(): Promise<FeaturesMeasure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-features-'));
  const path = join(folder, 'bars.csv');
  await writeBars(path, PLAIN);
  const feeder = await createPlugin(defaultFeeder, { data_source: 'file', data_file_path: path });
  const question = { symbol: 'EURUSD', interval: '1m' };
  try {
    await feeder.fetch(question);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const usage = process.cpuUsage();
    const startedAt = performance.now();
    const frame = await feeder.fetch({ ...question, columns: FEATURES });
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(usage);
    delay.disable();
    if (frame.names.length !== FEATURES.length) throw new Error('features are missing');
    const forecastMs = await medianForecastMs(() => feeder.fetch(question));
    return {
      features: FEATURES.length,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      delayP99Ms: delay.percentile(99) / 1e6,
      forecastMs,
    };
  } finally {
    await feeder.close?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function medianForecastMs(fetch: () => Promise<Frame>): Promise<number> {
  const predictor = await createPlugin(randomWalk, {});
  const times: number[] = [];
  for (let round = 0; round < 51; round += 1) {
    const startedAt = performance.now();
    const frame = await fetch();
    await predictor.forecast?.(frame, {
      symbol: 'EURUSD',
      interval: '1m',
      horizons: [1, 2, 3],
      horizon: null,
      baseline: frame.time[frame.length - 1 - round] ?? null,
      targetColumn: null,
      dateColumn: null,
      modelName: null,
      signal: new AbortController().signal,
    });
    times.push(performance.now() - startedAt);
  }
  return times.sort((left, right) => left - right)[25] ?? NaN;
}
