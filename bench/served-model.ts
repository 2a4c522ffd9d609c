/**
 * Forecasts of the whole service with a model in the loop: request, guard, audit, job, feeder, 100 Monte-Carlo samples,
 * stored result. The LSTM of the reference models where they are present, else the sample model.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { delayOf, serveProduct, type Served } from './served.js';

const REFERENCE = resolve('../shared/fixtures/bench/bench_lstm64_w256.keras');
const COLUMNS = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME', 'SPREAD', 'TICKS', 'DEPTH'];
const BARS = 400;
const CONNECTIONS = 16;
const SECONDS = 8;

export interface ServedModelFigures {
  readonly model: string;
  readonly perSecond: number;
  /** 99th percentile of the serving process's event loop delay while it forecasts. */
  readonly delayP99Ms: number;
  readonly failed: number;
}

export async function measureServedModel(): Promise<ServedModelFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-model-'));
  const hasReference = existsSync(REFERENCE);
  const interval = hasReference ? '1h' : '1d';
  const served = await serveProduct({
    data_source: 'file',
    max_concurrent_predictions: 100,
    mc_samples: 100,
    ...(hasReference
      ? referenceSettings(folder)
      : {
          data_file_path: resolve('examples/data/sp500_daily_2000-2020.csv'),
          model_path: resolve('examples/models/sp500_daily.keras'),
        }),
  });
  try {
    await predictFor(served, interval, 2_000);
    const startedAt = performance.now();
    const done = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => predictFor(served, interval, SECONDS * 1000)),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const completed = done.reduce((sum, one) => sum + one.completed, 0);
    const failed = done.reduce((sum, one) => sum + one.failed, 0);
    const model = hasReference ? 'bench_lstm64_w256' : 'sp500_daily';
    return { model, perSecond: completed / seconds, delayP99Ms: await delayOf(served), failed };
  } finally {
    await served.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The reference model with metadata, and bars of eight columns for it. */
function referenceSettings(folder: string): Record<string, string> {
  const rows = Array.from({ length: BARS }, (_, bar) => {
    const time = new Date(Date.UTC(2020, 0, 1) + bar * 3_600_000)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    return [time, ...COLUMNS.map((_name, column) => (1 + Math.sin(bar / 9 + column) / 10).toFixed(6))].join(
      ',',
    );
  });
  const model = join(folder, 'lstm.keras');
  copyFileSync(REFERENCE, model);
  writeFileSync(join(folder, 'bars.csv'), [`DATE_TIME,${COLUMNS.join(',')}`, ...rows, ''].join('\n'));
  const metadata = { feature_columns: COLUMNS, window_size: 256, target_column: 'CLOSE' };
  writeFileSync(join(folder, 'lstm_metadata.json'), JSON.stringify(metadata));
  return { model_path: model, data_file_path: join(folder, 'bars.csv') };
}

async function predictFor(
  served: Served,
  interval: string,
  durationMs: number,
): Promise<{ completed: number; failed: number }> {
  const end = performance.now() + durationMs;
  const count = { completed: 0, failed: 0 };
  while (performance.now() < end) count[await predict(served, interval)] += 1;
  return count;
}

async function predict({ url }: Served, interval: string): Promise<'completed' | 'failed'> {
  const answer = await fetch(`${url}/api/v1/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: JSON.stringify({
      symbol: 'SP500',
      interval,
      model_name: 'default_predictor',
      horizons: [1, 3, 6],
    }),
  });
  const { status } = (await answer.json()) as { status?: string };
  return answer.ok && status === 'completed' ? 'completed' : 'failed';
}
