import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { MINUTE_MS } from '#libs/kernel';
import type { AppConfig } from '#libs/config';
import { AppError } from '#libs/kernel';
import { startServer, type RunningServer, type ServerOverrides } from '../server.js';
import { EXIT, type Command, print, endDespiteLeftovers, stopSignal, printError } from './command.js';

/** `serve`: the service, until SIGINT or SIGTERM. */
export const serve: Command = (config) =>
  cluster.isPrimary && (config.workers > 1 || config.reload) ? supervise(config) : serveHere(config);

/** `worker`: runs predictions beside the serving processes, without listening itself. */
export const work: Command = async (config) => {
  if (config.database.kind === 'sqlite') {
    throw new AppError(
      'bad_request',
      'worker requires PostgreSQL; with SQLite, the serving process runs the predictions itself',
    );
  }
  return runUntilStopped(config, { listens: false }, () => 'Worker started; waiting for predictions.');
};

const serveHere = (config: AppConfig): Promise<number> =>
  runUntilStopped(
    config,
    {},
    ({ url }) => greeting(url, config),
    'Stopping: finishing the requests and jobs in progress …',
  );

async function runUntilStopped(
  config: AppConfig,
  overrides: ServerOverrides,
  started: (server: RunningServer) => string,
  stopping?: string,
): Promise<number> {
  const stopped = stopSignal();
  const server = await startServer(config, overrides);
  if (!config.quiet_mode) print(started(server));
  await stopped;
  if (!config.quiet_mode && stopping !== undefined) print(stopping);
  await server.stop();
  endDespiteLeftovers();
  return EXIT.done;
}

const greeting = (url: string, { swagger }: AppConfig): string =>
  `Prediction Provider listens on ${url}${swagger ? `  (Swagger UI: ${url}/docs)` : ''}`;

/** A server that ends by itself so often within a minute will not get better by another start. */
const MOST_RESTARTS_A_MINUTE = 5;
/** Editors write a file in several steps. */
const SETTLE_MS = 200;

/**
 * Runs `workers` processes of this command on one port and starts another one for each that ends by itself; with
 * `reload` also exchanges them when the config file, `.env` or a plugin given by path changes.
 */
async function supervise(config: AppConfig): Promise<number> {
  const pool = new WorkerPool(config.workers);
  const watchers = config.reload ? watchFiles(filesOf(config), () => pool.exchange()) : [];
  pool.start();
  const code = await Promise.race([stopSignal().then(() => 0), pool.gaveUp]);
  for (const watcher of watchers) watcher.close();
  await pool.stop();
  return code;
}

class WorkerPool {
  /** Resolves with exit code 1 when processes end too often. */
  readonly gaveUp: Promise<number>;
  #giveUp: (code: number) => void = () => undefined;
  #ends: number[] = [];
  #stopping = false;

  constructor(private readonly size: number) {
    this.gaveUp = new Promise((done) => {
      this.#giveUp = done;
    });
    cluster.on('exit', () => this.#ended());
  }

  start(): void {
    for (let i = 0; i < this.size; i += 1) cluster.fork();
  }

  /** Each process is replaced; its successor starts when it has finished its requests. */
  exchange(): void {
    printError('note: a watched file changed; restarting');
    this.#ends = [];
    for (const worker of this.#workers()) worker.process.kill('SIGTERM');
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const ended = this.#workers().map((worker) => new Promise((done) => worker.once('exit', done)));
    for (const worker of this.#workers()) worker.process.kill('SIGTERM');
    await Promise.all(ended);
  }

  #workers(): Worker[] {
    return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  }

  #ended(): void {
    if (this.#stopping) return;
    const now = Date.now();
    this.#ends = [...this.#ends.filter((time) => now - time < MINUTE_MS), now];
    if (this.#ends.length > MOST_RESTARTS_A_MINUTE * this.size) {
      printError('The server keeps exiting; see the messages above.');
      this.#giveUp(1);
      return;
    }
    cluster.fork();
  }
}

function filesOf(config: AppConfig): readonly string[] {
  const paths = config.plugins.filter((name) => /^[./\\]/.test(name));
  return ['.env', ...(config.load_config === null ? [] : [config.load_config]), ...paths].map((path) =>
    resolve(path),
  );
}

/** Watches folders, because editors replace files and a watch on the old file would then see nothing. */
function watchFiles(files: readonly string[], changed: () => void): FSWatcher[] {
  let timer: NodeJS.Timeout | undefined;
  return files
    .filter((file) => existsSync(dirname(file)))
    .map((file) =>
      watch(dirname(file), (_event, name) => {
        if (name !== basename(file)) return;
        clearTimeout(timer);
        timer = setTimeout(changed, SETTLE_MS);
      }),
    );
}
