/**
 * A back-test of the reference LSTM: windows a second, deterministic and with 100 Monte-Carlo samples, against one call for each
 * window and against ONNX Runtime on a plain batch, by turns in one run.
 * `node --conditions=development --import tsx bench/backtest.ts`
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type BacktestQuestion, walkForward } from '../libs/backtest/src/index.js';
import { loadConfig } from '../libs/config/src/index.js';
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../libs/keras-onnx/src/runtime/engine.js';
import { systemClock } from '../libs/kernel/src/index.js';
import type { PluginRegistry } from '../libs/plugin-host/src/index.js';
import { loadConfiguredPlugins } from '../src/app/load-configured-plugins.js';
import { builtInLstm } from './keras-onnx.js';

const REFERENCE = resolve('../shared/fixtures/bench/bench_lstm64_w256.keras');
const COLUMNS = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME', 'SPREAD', 'TICKS', 'DEPTH'];
const WINDOW = 256;
const HOUR_MS = 3_600_000;
const TURNS = 3;
/** Rows of the plain batch, as many as the walk asks for together. */
const ROWS = 32;
const quiet = { info: () => undefined, warn: console.error, error: console.error };

export interface BacktestFigures {
  /** Random passes a window; 0: deterministic. */
  readonly samples: number;
  readonly windows: number;
  /** Windows a second: the whole walk with its scores, and the guard that makes twelve of them again. */
  readonly walked: number;
  /** One call of the predictor for each window. */
  readonly oneByOne: number;
  /** ONNX Runtime on batches without anything random; with samples, on as many copies of each window. */
  readonly plainBatch: number;
  readonly delayP99Ms: number;
}

export async function measureBacktest(): Promise<BacktestFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'prediction-provider-bench-backtest-'));
  const path = join(folder, 'lstm.keras');
  await writeFile(path, await readFile(existsSync(REFERENCE) ? REFERENCE : await builtInLstm(folder)));
  const metadata = { feature_columns: COLUMNS, window_size: WINDOW, target_column: 'CLOSE' };
  await writeFile(join(folder, 'lstm_metadata.json'), JSON.stringify(metadata));
  const bars = join(folder, 'bars.csv');
  await writeFile(bars, barsText(WINDOW + 4_200));
  const flags = { data_source: 'file', data_file_path: bars, model_path: path };
  const registry = await loadConfiguredPlugins(loadConfig({ argv: [], env: {}, flags }), null, quiet);
  const engine = await Engine.open(await compileFile(path, DEFAULT_LIMITS), 1);
  try {
    return [
      await measure(registry, engine, { samples: 0, windows: 4_000, single: 400 }),
      await measure(registry, engine, { samples: 100, windows: 1_000, single: 100 }),
    ];
  } finally {
    await engine.close();
    await registry.close();
    await rm(folder, { recursive: true });
  }
}

function barsText(count: number): string {
  const line = (bar: number): string => {
    const values = COLUMNS.map((_, column) =>
      (1 + Math.sin(bar / 9 + column) / 10 + (bar % 7) / 100).toFixed(6),
    );
    return [timeOf(bar), ...values].join(',');
  };
  return [`DATE_TIME,${COLUMNS.join(',')}`, ...Array.from({ length: count }, (_, bar) => line(bar)), ''].join(
    '\n',
  );
}

const labelOf = (bar: number): number => Date.UTC(2020, 0, 1) + bar * HOUR_MS;
const timeOf = (bar: number): string => new Date(labelOf(bar)).toISOString().slice(0, 19).replace('T', ' ');

async function measure(
  registry: PluginRegistry,
  engine: Engine,
  {
    samples,
    windows,
    single,
  }: { readonly samples: number; readonly windows: number; readonly single: number },
): Promise<BacktestFigures> {
  const rates = { walked: [] as number[], oneByOne: [] as number[], plainBatch: [] as number[] };
  const delay = monitorEventLoopDelay({ resolution: 5 });
  await walk(registry, samples, 100);
  // By turns, so that a busy moment of the machine meets all of them.
  for (let turn = 0; turn < TURNS; turn += 1) {
    delay.enable();
    rates.walked.push(await rateOf(windows, () => walk(registry, samples, windows)));
    delay.disable();
    rates.oneByOne.push(await rateOf(single, () => oneByOne(registry, samples, single)));
    const copies = Math.max(1, samples);
    const batches = samples === 0 ? 20 : 10;
    const rows = samples === 0 ? ROWS : copies;
    rates.plainBatch.push(await rateOf((batches * rows) / copies, () => plain(engine, rows, batches)));
  }
  return {
    samples,
    windows,
    walked: Math.max(...rates.walked),
    oneByOne: Math.max(...rates.oneByOne),
    plainBatch: Math.max(...rates.plainBatch),
    delayP99Ms: delay.percentile(99) / 1e6,
  };
}

async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return count / ((performance.now() - startedAt) / 1_000);
}

async function walk(registry: PluginRegistry, samples: number, windows: number): Promise<void> {
  const question: BacktestQuestion = {
    symbol: 'BENCH',
    interval: null,
    modelName: null,
    from: labelOf(WINDOW),
    to: labelOf(WINDOW + windows - 1),
    stride: 1,
    horizons: null,
    samples,
    seed: 7,
    targetColumn: null,
  };
  const { forecasts } = await walkForward(question, {
    feeder: await registry.feeder(),
    predictor: await registry.predictor('default_predictor'),
    clock: systemClock,
    maxForecasts: windows,
    signal: new AbortController().signal,
  });
  if (forecasts !== windows) throw new Error(`${forecasts} of ${windows} windows were forecast`);
}

async function oneByOne(registry: PluginRegistry, samples: number, windows: number): Promise<void> {
  const [feeder, predictor] = [await registry.feeder(), await registry.predictor('default_predictor')];
  const frame = await feeder.fetch({ symbol: 'BENCH', interval: '1h' });
  for (let window = 0; window < windows; window += 1)
    await predictor.forecast(frame.slice(0, WINDOW + window + 1), {
      symbol: 'BENCH',
      interval: '1h',
      horizons: null,
      horizon: null,
      baseline: labelOf(WINDOW + window),
      dateColumn: null,
      targetColumn: null,
      samples,
      seed: window,
      signal: new AbortController().signal,
    });
}

async function plain(engine: Engine, rows: number, batches: number): Promise<void> {
  const data = Float32Array.from({ length: rows * WINDOW * COLUMNS.length }, (_, at) => Math.sin(at));
  for (let batch = 0; batch < batches; batch += 1)
    await engine.run([{ shape: [rows, WINDOW, COLUMNS.length], data }]);
}

/** The figures in words. */
export const describeBacktest = (one: BacktestFigures): string =>
  `${one.walked.toFixed(0)} windows/s of ${one.windows}, event-loop delay p99 ${one.delayP99Ms.toFixed(0)} ms; ` +
  `one call a window ${one.oneByOne.toFixed(0)}/s (${(one.walked / one.oneByOne).toFixed(1)}×); ONNX Runtime, ` +
  `${one.samples === 0 ? `batch of ${ROWS}` : `batch of ${one.samples} without dropout`}, ${one.plainBatch.toFixed(0)}/s (${(one.walked / one.plainBatch).toFixed(1)}×)`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of await measureBacktest()) console.log(`${one.samples} samples: ${describeBacktest(one)}`);
  process.exit(0);
}
