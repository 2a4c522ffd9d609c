/**
 * The cost of the server around an answer: `POST /api/v1/predict/entry` with validation, the durable audit row and the
 * log switched on, against a bare node:http server that answers the same bytes, and against one that also keeps the
 * durable row and nothing else, in the same run, by turns.
 *
 *   npm run build && node --conditions=development --import tsx bench/http.ts
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  load,
  serveBytes,
  serveProduct,
  serveRecordedBytes,
  type LoadFigures,
  type Served,
} from './served.js';

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

const SERVERS = ['bare', 'recorded', 'fastify', 'express'] as const;
type ServerName = (typeof SERVERS)[number];

export interface HttpFigures {
  /** Medians of the rounds. `recorded`: node:http with one durable row a request, no framework. */
  readonly servers: Readonly<Record<ServerName, LoadFigures>>;
  /** Requests a second of the product (Fastify) over those of bare node:http. */
  readonly ofBare: number;
  /** The same over those of node:http with its durable row. */
  readonly ofRecorded: number;
  /** What the durable row alone, written on the main thread as the product writes it, leaves of bare node:http. */
  readonly ceiling: number;
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
  const recorded = await serveRecordedBytes(body);
  const served: Readonly<Record<ServerName, Served>> = { bare, recorded, fastify, express };
  const rounds: Record<ServerName, LoadFigures[]> = { bare: [], recorded: [], fastify: [], express: [] };
  try {
    // The first seconds belong to the compiler of the JavaScript engine.
    for (const name of SERVERS) await once(served[name]);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of SERVERS) rounds[name].push(await once(served[name]));
    }
  } finally {
    await Promise.all(SERVERS.map((name) => served[name].stop()));
  }
  const ratio = (one: ServerName, other: ServerName): number => medianRatio(rounds[one], rounds[other]);
  return {
    servers: {
      bare: median(rounds.bare),
      recorded: median(rounds.recorded),
      fastify: median(rounds.fastify),
      express: median(rounds.express),
    },
    ofBare: ratio('fastify', 'bare'),
    ofRecorded: ratio('fastify', 'recorded'),
    ceiling: ratio('recorded', 'bare'),
  };
}

function medianRatio(these: readonly LoadFigures[], those: readonly LoadFigures[]): number {
  const ratios = these.map(({ perSecond }, index) => perSecond / (those[index]?.perSecond ?? NaN));
  return ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
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
  const { servers, ofBare, ofRecorded, ceiling } = await measureHttp();
  console.table(servers);
  const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
  console.log(
    `Fastify with validation and durable audit: ${percent(ofBare)} of bare node:http (to reach: 40 %), ` +
      `${percent(ofRecorded)} of node:http with its durable row, which itself reaches ${percent(ceiling)} of bare`,
  );
}
