import cluster from 'node:cluster';
import type { AppConfig } from '#libs/config';
import { startServer } from '../server.js';
import { EXIT, type Command } from './command.js';
import { endDespiteLeftovers, stopSignal } from './stop-signal.js';
import { supervise } from './supervise.js';
import { print } from './terminal.js';

/** `serve`: the service, until SIGINT or SIGTERM. */
export const serve: Command = (config) =>
  cluster.isPrimary && (config.workers > 1 || config.reload) ? supervise(config) : serveHere(config);

async function serveHere(config: AppConfig): Promise<number> {
  const stopped = stopSignal();
  const server = await startServer(config);
  if (!config.quiet_mode) print(greeting(server.url, config));
  await stopped;
  if (!config.quiet_mode) print('Stopping: finishing the requests and jobs in progress …');
  await server.stop();
  endDespiteLeftovers();
  return EXIT.done;
}

const greeting = (url: string, { swagger }: AppConfig): string =>
  `Prediction Provider listens on ${url}${swagger ? `  (Swagger UI: ${url}/docs)` : ''}`;
