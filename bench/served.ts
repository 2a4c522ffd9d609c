/** Servers in processes of their own, and a load generator, for every benchmark that goes over HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import autocannon from 'autocannon';

/** Where `npm run build` put the product. */
export const MAIN = resolve(process.env['BENCH_MAIN'] ?? 'dist/src/main.js');
const START_LIMIT_MS = 120_000;

/** A server that runs. */
export interface Served {
  readonly url: string;
  readonly process: ChildProcess;
  /** From the start of the process to its first answer. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

/**
 * The product on an empty SQLite database of its own; settings as flags.
 * @param main of another build
 * @param node arguments of Node itself
 */
export async function serveProduct(
  settings: Readonly<Record<string, string | number | boolean>>,
  main = MAIN,
  node: readonly string[] = [],
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const port = await freePort();
  const flags = Object.entries({
    port,
    database_url: `sqlite:///${join(folder, 'bench.db')}`,
    admin_password: 'only-for-the-benchmark',
    ...settings,
  }).map(([name, value]) => `--${name}=${value}`);
  const served = await serve([...node, main, 'serve', ...flags], port, '/health/ready');
  return {
    ...served,
    stop: async () => {
      await served.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process that runs jobs and answers nobody, on the database that `settings` name. */
export async function serveWorker(
  settings: Readonly<Record<string, string | number | boolean>>,
): Promise<Served> {
  const port = await freePort();
  const flags = Object.entries({ worker_port: port, ...settings }).map(
    ([name, value]) => `--${name}=${value}`,
  );
  return serve([MAIN, 'worker', ...flags], port, '/health/ready');
}

/** A bare node:http server that reads the body of every request and answers these bytes as JSON. */
export async function serveBytes(body: string): Promise<Served> {
  const port = await freePort();
  const script = `
    const { createServer } = require('node:http');
    const body = Buffer.from(${JSON.stringify(body)});
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length };
    createServer((request, response) => {
      request.on('data', () => undefined).on('end', () => response.writeHead(200, headers).end(body));
    }).listen(${port}, '127.0.0.1');`;
  return serve(['-e', script], port, '/');
}

/**
 * The least that can keep the promise of a durable audit row: node:http, `JSON.parse`, and one row a request in SQLite
 * (WAL, `synchronous=FULL`), rows of concurrent requests sharing a commit. No framework, no validation, no index.
 */
export async function serveRecordedBytes(body: string): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const port = await freePort();
  const script = `
    const { createServer } = require('node:http');
    const db = new (require('better-sqlite3'))(${JSON.stringify(join(folder, 'rows.db'))});
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, at TEXT, path TEXT, payload TEXT, status INTEGER, bytes INTEGER)');
    const [begin, commit] = ['BEGIN IMMEDIATE', 'COMMIT'].map((sql) => db.prepare(sql));
    const add = db.prepare('INSERT INTO rows (at, path, payload, status, bytes) VALUES (?, ?, ?, ?, ?)');
    const body = Buffer.from(${JSON.stringify(body)});
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length };
    let waiting = [];
    function flush() {
      const batch = waiting;
      waiting = [];
      begin.run();
      for (const { at, path, payload } of batch) add.run(at, path, JSON.stringify(payload), 200, body.length);
      commit.run();
      for (const { response } of batch) response.writeHead(200, headers).end(body);
    }
    createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const payload = text === '' ? null : JSON.parse(text);
        waiting.push({ response, at: new Date().toISOString(), path: request.url, payload });
        if (waiting.length === 1) setImmediate(flush);
      });
    }).listen(${port}, '127.0.0.1');`;
  const served = await serve(['-e', script], port, '/');
  return {
    ...served,
    stop: async () => {
      await served.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function serve(argv: readonly string[], port: number, readyPath: string): Promise<Served> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}${readyPath}`, child, startedAt);
  return {
    url,
    process: child,
    readyMs: performance.now() - startedAt,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function answers(url: string, child: ChildProcess, startedAt: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with exit code ${child.exitCode}`);
    if (performance.now() - startedAt > START_LIMIT_MS) throw new Error(`${url} does not answer`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });

export interface Load {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends the same request over and over. @throws Error when any answer is no success: a fast refusal measures nothing */
export async function load(
  url: string,
  { method = 'POST', path, body, headers, connections, seconds }: Load,
): Promise<LoadFigures> {
  const result = await autocannon({
    url: `${url}${path}`,
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    connections,
    duration: seconds,
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} answers of ${path} were no success`);
  return { perSecond: result.requests.average, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}

/** What the figures begin with: they tell how far two firings of a timer of 20 ms are apart. */
const LEAST_LAG_MS = 20;

/** The 99th percentile of the delay of a service's event loop since the last look, in ms. */
export async function delayOf({ url }: Served): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const seconds = /^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error('the service tells no event loop delay');
  return Number(seconds) * 1000 - LEAST_LAG_MS;
}
