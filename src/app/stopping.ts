import type { Server as NodeServer } from 'node:http';
import type { AppConfig } from '#libs/config';
import type { JobEngine } from '#libs/jobs';
import { delay, systemClock } from '#libs/kernel';
import type { HttpFront } from './http/http-front.js';
import type { Logger } from './logging/logger.js';

/**
 * Ends one part after the other. One that fails keeps no other from its end: with a database that is away, leases cannot
 * be given back, for example; then they run out.
 */
export async function inTurn(
  logger: Logger,
  parts: readonly (readonly [name: string, end: () => Promise<unknown>])[],
): Promise<void> {
  for (const [name, end] of parts) {
    try {
      await end();
    } catch (error) {
      logger.error({ err: error }, `stopping: ${name} could not end properly`);
    }
  }
}

const LAST_ROWS_MS = 2_000;
const STEPS = 10;

/**
 * Time in which the process was able to answer. On a machine that has too much to do, the event loop may be held up for longer than the
 * whole notice: by one timer it would be over then, before anybody heard of it, and with connections that nobody has accepted yet.
 */
async function served(ms: number): Promise<void> {
  if (ms === 0) return delay(systemClock, 0);
  for (let step = 0; step < STEPS; step += 1) {
    await delay(systemClock, ms / STEPS);
    await new Promise((polled) => setImmediate(polled)); // after what waits at the sockets was taken
  }
}

/**
 * Ends the work: no new connections after `shutdown_notice`, what is in flight and the jobs get `shutdown_grace`, then
 * everything is cut off.
 */
export async function drain(
  front: HttpFront,
  servers: NodeServer[],
  jobs: JobEngine,
  { shutdown_grace: grace, shutdown_notice: notice }: AppConfig,
): Promise<void> {
  front.beginStop();
  let closed: Promise<unknown> = Promise.resolve();
  const requestsEnd = async (): Promise<void> => {
    // A connection that is closed in the moment in which its client asks is a request that is cut off.
    if (servers.some(({ listening }) => listening)) await served(notice * 1000);
    closed = closeServers(servers);
    await front.drained(grace * 1000);
  };
  const [, jobsEnded] = await Promise.allSettled([requestsEnd(), jobs.stop(grace * 1000)]);
  for (const server of servers) server.closeAllConnections();
  await closed;
  // Requests that were cut off still leave their audit rows and log lines.
  await front.drained(LAST_ROWS_MS);
  if (jobsEnded.status === 'rejected') throw jobsEnded.reason;
}

/** Stops listening; idle connections are closed at once, the others after their answer. */
export const closeServers = (servers: readonly NodeServer[]): Promise<unknown> =>
  Promise.all(
    servers
      .filter(({ listening }) => listening)
      .map((server) => new Promise((resolve) => server.close(resolve))),
  );
