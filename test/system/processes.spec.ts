import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database, EventLog, TransactionRunner, KeptFigures } from '#libs/database';
import { EmbeddedJobEngine } from '#libs/jobs';
import { systemClock } from '#libs/kernel';
import { eventually, HttpClient } from '#libs/testing';
import * as product from '../../src/app/schema.js';
import { PredictionRepository } from '../../src/predictions/prediction.repository.js';
import { PLAIN_QUESTION, PREDICTION_JOB } from '../../src/predictions/prediction.types.js';
import { OwnPostgres } from '../harness/own-postgres.js';
import { BuiltCommand, type RunningCommand } from './built-command.js';

const ADMIN_KEY = 'test-administrator-key-0123456789abcdef';
const SETTINGS = {
  data_source: 'file',
  data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  feeder_plugin: 'default_feeder',
  predictor_plugin: 'random_walk_predictor',
  job_sweep_seconds: 0.2,
  shutdown_grace: 2,
  shutdown_notice: 0,
  port: 0,
};
/** A process starts within two seconds, on a machine that is busy with other specs within many. */
jest.setTimeout(180_000);

describe('processes on PostgreSQL', () => {
  let postgres: OwnPostgres;
  let folder: string;
  let url: string;
  const running: RunningCommand[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'processes-'));
    postgres = await OwnPostgres.launch();
    url = await postgres.create('service');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.end('SIGKILL')));
  });
  afterAll(async () => {
    await postgres.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function launch(command: string, settings: object = {}): RunningCommand {
    const built = new BuiltCommand(folder, {
      DATABASE_URL: url,
      SECRET_KEY: 'a-secret-of-the-specs-that-nobody-keeps-or-guesses',
      ADMIN_PASSWORD: 'password-of-the-administrator',
      ADMIN_API_KEY: ADMIN_KEY,
    });
    const flags = Object.entries({ ...SETTINGS, ...settings }).map(([name, value]) => `--${name}=${value}`);
    const started = built.launch(command, ...flags);
    running.push(started);
    return started;
  }

  /** Writes a prediction and its job, as a serving process would, and waits until it is completed. */
  async function predictionIsMade(): Promise<void> {
    const database = await Database.open({ location: { kind: 'postgres', url }, ...product });
    try {
      const transactions = new TransactionRunner(database);
      const jobs = new EmbeddedJobEngine(database, transactions, {
        clock: systemClock,
        concurrency: () => 0,
        listener: { failed: () => undefined },
      });
      const rows = new PredictionRepository(database, new EventLog(systemClock), new KeptFigures(database));
      const now = new Date();
      const { id } = await transactions.run(async (tx) => {
        const row = await rows.add(tx, {
          ...QUESTION,
          timestamp: now,
          createdAt: now,
          taskId: `task ${+now}`,
        });
        await jobs.enqueue(tx, { kind: PREDICTION_JOB, subject: String(row.id) });
        return row;
      });
      await eventually(
        'the prediction is completed',
        async () => (await rows.findById(id))?.status === 'completed',
        60_000,
      );
    } finally {
      await database.close();
    }
  }

  it('a worker lives through the loss of every connection and a stopped database, works on, and ends with 0, its database there or not', async () => {
    const worker = launch('worker');
    await worker.wrote(/Worker started/);
    await postgres.endConnections();
    await predictionIsMade();
    // An outage that begins within a second of another is told as the same one.
    await worker.wrote(/serves again/);
    await postgres.stop();
    await worker.wrote(/cannot be reached at the moment/, 2);
    await postgres.start();
    await predictionIsMade();
    await postgres.stop();
    expect(await worker.end('SIGTERM')).toBe(0);
    await postgres.start();
  });

  it('several processes wait for a database that refuses them, serve once it is there, and come back after a crash of all', async () => {
    await postgres.stop();
    const service = launch('serve', { workers: 2 });
    await service.wrote(/refuses connections/, 2);
    await service.wrote(/another one starts in/, 2);
    await postgres.start();
    await service.wrote(/listens on/, 2);
    expect(await readinessOf(service)).toBe(200);
    const counted = await requestsCounted(service);
    expect(counted).toBeGreaterThanOrEqual(REQUESTS);
    await killedUnderLoad(service);
    await service.wrote(/listens on/, 3);
    expect(await requestsCounted(service)).toBeGreaterThanOrEqual(counted + REQUESTS);
    await postgres.stop();
    for (const pid of childrenOf(service)) process.kill(pid, 'SIGKILL');
    await service.wrote(/ended \(by a signal\)/, 3);
    await postgres.start();
    await service.wrote(/listens on/, 5);
    expect(await readinessOf(service)).toBe(200);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('more connections than the server has are refused at the start, with the figures', async () => {
    for (const command of ['serve', 'worker']) {
      const one = launch(command, { database_max_overflow: 500 });
      expect(await one.exited).toBe(1);
      expect(one.output).toMatch(
        /PostgreSQL allows \d+ connections .*may ask for 51\d.*lower database_max_overflow/,
      );
    }
  });

  it('a port that is taken ends several processes with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as AddressInfo;
    const service = launch('serve', { workers: 2, port });
    expect(await service.exited).toBe(1);
    other.close();
    expect(service.output).toContain(`Port ${port} on 127.0.0.1 is in use`);
    expect(service.output).toContain('The server cannot start');
  });
});

const PLUGINS = {
  predictor_plugin: 'random_walk_predictor',
  feeder_plugin: 'default_feeder',
  pipeline_plugin: 'default_pipeline',
};
const ASKED = { symbol: 'SYNTHFX', ticker: 'SYNTHFX', interval: '1h' };
const QUESTION = {
  ...ASKED,
  userId: null,
  clientAddress: 'spec',
  status: 'pending',
  predictorPlugin: PLUGINS.predictor_plugin,
  feederPlugin: PLUGINS.feeder_plugin,
  pipelinePlugin: PLUGINS.pipeline_plugin,
  predictionType: 'short_term',
  result: { request: { ...PLAIN_QUESTION, ...PLUGINS, ...ASKED } },
} as const;

/** After all of its processes have ended, the next ones get another free port. */
const addressOf = ({ output }: RunningCommand): string =>
  [...output.matchAll(/listens on (http:\S+)/g)].at(-1)?.[1] ?? '';

const readinessOf = async (service: RunningCommand): Promise<number> =>
  (await new HttpClient(addressOf(service)).get('/health/ready')).status;

const childrenOf = ({ pid }: RunningCommand): number[] =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);

/** Enough for both of two processes, which take connections in turn. */
const REQUESTS = 6;

/** Requests to `/health` that `/metrics` counts, the same whichever process is asked for it. */
async function requestsCounted(service: RunningCommand): Promise<number> {
  const { port } = new URL(addressOf(service));
  for (let nth = 0; nth < REQUESTS; nth += 1) expect((await answerOf(Number(port)))?.status).toBe(200);
  const told: number[] = [];
  for (let nth = 0; nth < REQUESTS; nth += 1) {
    const { text = '' } = (await answerOf(Number(port), '/metrics')) ?? {};
    told.push(Number(/^http_requests_total\{method="GET",route="\/health",.*\} (\d+)$/m.exec(text)?.[1]));
  }
  expect(new Set(told).size).toBe(1);
  return told[0] ?? NaN;
}

const CONNECTIONS = 24;
const SETTLE_LIMIT_MS = 10_000;

/**
 * Stops one of two processes in the middle of a load, so that connections are given to it and not taken, and kills it.
 * Every request must end, whatever became of its process.
 */
async function killedUnderLoad(service: RunningCommand): Promise<void> {
  const port = Number(new URL(addressOf(service)).port);
  const [victim = 0] = childrenOf(service);
  const open = new Set<object>();
  const over = new AbortController();
  let [sent, answered] = [0, 0];
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const asked = {};
      open.add(asked);
      sent += 1;
      if ((await answerOf(port))?.status === 200) answered += 1;
      open.delete(asked);
    }
  };
  const clients = Array.from({ length: CONNECTIONS }, client);
  await eventually('answers come', () => answered > CONNECTIONS);
  process.kill(victim, 'SIGSTOP');
  const before = answered;
  await eventually('the other process answers, and some wait', () => answered > before + 50 && open.size > 0);
  over.abort();
  process.kill(victim, 'SIGKILL');
  await Promise.all(clients.map((one) => within(SETTLE_LIMIT_MS, one)));
  expect(open.size).toBe(0);
  expect(sent).toBeGreaterThan(answered - 1);
}

/** One answer over a connection of its own; null when the connection is reset. */
const answerOf = (
  port: number,
  path = '/health',
): Promise<{ readonly status: number | undefined; readonly text: string } | null> =>
  new Promise((done) => {
    get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', () => done(null)).on('end', () => done({ status: response.statusCode, text }));
    }).on('error', () => done(null));
  });

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('a request was never answered')), ms);
    void work.then(done, fail).finally(() => clearTimeout(timer));
  });
}
