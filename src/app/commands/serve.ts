import cluster from 'node:cluster';
import { channel } from 'node:diagnostics_channel';
import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { AppConfig } from '#libs/config';
import { AppError, delay, messageOf, systemClock } from '#libs/kernel';
import { startServer, type RunningServer, type ServerOverrides } from '../server.js';
import { EXIT, type Command, print, stopSignal, printError } from './command.js';
import { forkProcess, Supervisor } from './supervisor.js';

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
  if (!config.jobs) {
    throw new AppError('bad_request', 'worker runs jobs, and jobs is false: leave --no-jobs out');
  }
  return runUntilStopped(config, { listens: false }, ({ url }) => {
    const shown = config.worker_port === null ? '' : ` Health and metrics: ${url}/health, ${url}/metrics`;
    return `Worker started; waiting for predictions.${shown}`;
  });
};

const serveHere = (config: AppConfig): Promise<number> =>
  runUntilStopped(
    config,
    {},
    ({ url }) => greeting(url, config),
    'Stopping: finishing the requests and jobs in progress …',
  );

/** Heard by the loader of a built program: it keeps the code that the start has compiled. */
const STARTED = channel('prediction-provider.started');

async function runUntilStopped(
  config: AppConfig,
  overrides: ServerOverrides,
  started: (server: RunningServer) => string,
  stopping?: string,
): Promise<number> {
  const stopped = stopSignal();
  const starting = startServer(config, overrides);
  const server = await Promise.race([starting, stopped.then(() => null)]);
  if (server === null) {
    if (!config.quiet_mode) print('Stopping before the start was finished …');
    return stopWhileStarting(starting, config);
  }
  if (!config.quiet_mode) print(started(server));
  STARTED.publish({ url: server.url });
  await stopped;
  if (!config.quiet_mode && stopping !== undefined) print(stopping);
  await server.stop();
  return EXIT.done;
}

/** A start that waits for something, such as a database that does not answer, must not outlast its stop signal by much. */
async function stopWhileStarting(
  starting: Promise<RunningServer>,
  { shutdown_grace }: AppConfig,
): Promise<number> {
  const tooLate = delay(systemClock, shutdown_grace * 1000).then(() => null);
  try {
    const server = await Promise.race([starting, tooLate]);
    await server?.stop();
  } catch (error) {
    printError(`note: stopped while it was starting: ${messageOf(error)}`);
  }
  return EXIT.done;
}

const greeting = (url: string, { swagger }: AppConfig): string =>
  `Prediction Provider listens on ${url}${swagger ? `  (Swagger UI: ${url}/docs)` : ''}`;

/** Editors write a file in several steps. */
const SETTLE_MS = 200;

/**
 * Runs `workers` processes of this command on one port, until a stop signal; with `reload` also exchanges them when the
 * config file, `.env` or a plugin given by path changes.
 */
async function supervise(config: AppConfig): Promise<number> {
  const { GatheredFigures } = await import('../metrics/gathered-figures.js');
  const figures = new GatheredFigures(cluster);
  const foundation = { clock: systemClock, tell: printError };
  const supervisor = new Supervisor({
    ...foundation,
    size: config.workers,
    start: () => forkProcess(foundation),
    graceMs: config.shutdown_grace * 1000,
    isWatching: config.reload,
  });
  const changed = (): void => {
    printError('note: a watched file changed; restarting');
    supervisor.exchange();
  };
  const watchers = config.reload ? watchFiles(filesOf(config), changed) : [];
  void stopSignal().then(() => supervisor.stop());
  const code = await supervisor.run();
  figures.close();
  for (const watcher of watchers) watcher.close();
  return code;
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
