/** Core predictions end to end on SQLite: one at a time on an idle service, and from 16 connections at once. */
import { resolve } from 'node:path';
import { serveProduct, type Served } from './served.js';

/** An order of a forecast that costs little to compute. */
export const QUESTION = JSON.stringify({
  symbol: 'SP500',
  interval: '1d',
  predictor_plugin: 'random_walk_predictor',
  horizons: [1, 5],
});
const ALONE = 100;
const CONNECTIONS = 16;
const SECONDS = 8;

export interface PredictionFigures {
  /** Milliseconds from submit to the completed answer (`Prefer: wait`), idle service. */
  readonly aloneP50Ms: number;
  readonly perSecond: number;
  readonly submitted: number;
  /** Submitted, but not completed in the end; 0 or something is wrong. */
  readonly lost: number;
}

export async function measurePredictions(): Promise<PredictionFigures> {
  const served = await serveProduct({
    data_source: 'file',
    data_file_path: resolve('examples/data/sp500_daily_2000-2020.csv'),
    max_concurrent_predictions: 100,
  });
  try {
    for (let i = 0; i < ALONE; i += 1) await predict(served);
    const alone: number[] = [];
    for (let i = 0; i < ALONE; i += 1) alone.push(await predict(served));
    const startedAt = performance.now();
    const done = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => predictFor(served, SECONDS * 1000)),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const submitted = done.reduce((sum, count) => sum + count, 0);
    const rows = (await (await fetch(`${served.url}/api/v1/predictions/`)).json()) as { status: string }[];
    const lost =
      rows.filter(({ status }) => status !== 'completed').length + (submitted + 2 * ALONE - rows.length);
    return { aloneP50Ms: median(alone), perSecond: submitted / seconds, submitted, lost };
  } finally {
    await served.stop();
  }
}

async function predictFor(served: Served, durationMs: number): Promise<number> {
  const end = performance.now() + durationMs;
  let count = 0;
  for (; performance.now() < end; count += 1) await predict(served);
  return count;
}

/** One prediction from submit to its completed answer; resolves with its milliseconds. */
export async function predict({ url }: Served): Promise<number> {
  const startedAt = performance.now();
  const answer = await fetch(`${url}/api/v1/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: QUESTION,
  });
  const { status } = (await answer.json()) as { status: string };
  if (answer.status !== 201 || status !== 'completed')
    throw new Error(`a prediction ended as ${answer.status} ${status}`);
  return performance.now() - startedAt;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
