/**
 * The cost of the server around an answer: `POST /api/v1/predict/entry` with validation, the durable audit row and the
 * log switched on, against a bare node:http server that answers the same bytes, in the same run, by turns.
 *
 *   npm run build && node --conditions=development --import tsx bench/http.ts
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load, serveBytes, serveProduct, type LoadFigures, type Served } from './served.js';

const CONNECTIONS = 32;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const ROUNDS = 3;
const QUESTION = {
  datetime: '01.03.2023 08:00:00.000',
  tp: 150,
  sl: 100,
  spread_pips: 0,
  commission_per_lot: 0,
  slippage_pips: 0,
};
const PATH = '/api/v1/predict/entry';

export interface HttpFigures {
  readonly bare: LoadFigures;
  readonly fastify: LoadFigures;
  readonly express: LoadFigures;
  /** Requests a second of the product (Fastify) over those of node:http; the law is 0.4. */
  readonly ratio: number;
}

/** Rounds by turns, so that a busy moment of the machine hits all; the median round counts. */
export async function measureHttp(): Promise<HttpFigures> {
  const settings = {
    core_plugin: 'sync_core',
    predictor_plugin: 'binary_ideal_oracle',
    csv_file: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  };
  const fastify = await serveProduct(settings);
  const express = await serveProduct({ ...settings, http_adapter: 'express' });
  const body = await (await fetch(`${fastify.url}${PATH}`, post)).text();
  const bare = await serveBytes(body);
  const rounds: Record<'bare' | 'fastify' | 'express', LoadFigures[]> = {
    bare: [],
    fastify: [],
    express: [],
  };
  try {
    // The first seconds belong to the compiler of the JavaScript engine.
    for (const served of [bare, fastify, express]) await once(served);
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.bare.push(await once(bare));
      rounds.fastify.push(await once(fastify));
      rounds.express.push(await once(express));
    }
  } finally {
    await Promise.all([bare.stop(), fastify.stop(), express.stop()]);
  }
  const ratios = rounds.fastify.map(
    ({ perSecond }, index) => perSecond / (rounds.bare[index]?.perSecond ?? NaN),
  );
  return {
    bare: median(rounds.bare),
    fastify: median(rounds.fastify),
    express: median(rounds.express),
    ratio: ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN,
  };
}

const post = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(QUESTION),
};

const once = ({ url }: Served): Promise<LoadFigures> =>
  load(url, { path: PATH, body: QUESTION, connections: CONNECTIONS, seconds: SECONDS });

function median(figures: readonly LoadFigures[]): LoadFigures {
  const middle = figures.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(figures.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { ratio, ...rows } = await measureHttp();
  console.table(rows);
  console.log(
    `Fastify with validation and durable audit: ${(ratio * 100).toFixed(0)} % of bare node:http (at least 40 %)`,
  );
}
