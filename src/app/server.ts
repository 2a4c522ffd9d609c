import cluster from 'node:cluster';
import type { Server as NodeServer } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type AppConfig, secretKeysOf } from '#libs/config';
import {
  admitSecretKeys,
  assertConnectionBudget,
  type Database,
  ListeningConnection,
  NO_NOTIFICATIONS,
  type Notifications,
  TransactionRunner,
} from '#libs/database';
import { RouteTable } from '#libs/http';
import { JobEngine, QUEUE_CONNECTIONS } from '#libs/jobs';
import { type Clock, systemClock } from '#libs/kernel';
import type { PluginRegistry } from '#libs/plugin-host';
import { Telemetry, type Tracer } from '#libs/telemetry';
import type { DestinationStream } from 'pino';
import { AuditRecorder } from '../audit/audit.port.js';
import { ApiModule, type Imports } from './api.module.js';
import { Readiness } from './health/readiness.js';
import { healthServer } from './health/worker-port.js';
import { HttpFront } from './http/http-front.js';
import type { HttpLibrary } from './http/http-library.js';
import { assertFree, httpLibrary, listen } from './http/http-servers.js';
import { PreparedRoutes } from './http/prepared-routes.js';
import { RouteCatalogue } from './http/route-catalogue.js';
import { loadConfiguredPlugins } from './load-configured-plugins.js';
import {
  AccessLog,
  createLogger,
  type Logger,
  openLogStreams,
  outageLog,
  replicaLog,
  pluginLogger,
} from './logging/logger.js';
import { NestLogger } from './logging/nest-logger.js';
import { Metrics } from './metrics/metrics.js';
import { ALONE, SupervisedSiblings } from './metrics/siblings.js';
import { buildInfo, countModelLoads, jobFigures } from './metrics/sources.js';
import { openDatabase, replicaOf } from './schema.js';
import { engineOf } from './persistence/engine-of.js';
import { StoredBarCache } from './persistence/persistence.module.js';
import { closeServers, drain, inTurn } from './stopping.js';
import { openTracer } from './tracing/otlp-tracer.js';
import { TraceRequests } from './tracing/trace-requests.js';
import { serveDocumentation } from './swagger/serve-documentation.js';

/** What commands and tests put in place of the ordinary thing. */
export interface ServerOverrides {
  readonly clock?: Clock;
  /** The host's clock in place of the system's. What has to agree with other hosts goes by the database's. */
  readonly hostClock?: Clock;
  /** Where log lines go; default: the console and what the settings name. */
  readonly logStream?: DestinationStream;
  /** Domains to mount instead of the product's. */
  readonly domains?: Imports;
  /** False for a process that only works on jobs. Default true. */
  readonly listens?: boolean;
  /** Loaded plugins in place of the built-in and configured ones. */
  readonly plugins?: (config: AppConfig, clock: Clock) => Promise<PluginRegistry>;
}

/** A serving process. */
export interface RunningServer {
  /** `http://host:port` of the first listener. */
  readonly url: string;
  readonly port: number;
  readonly app: INestApplication;
  /** The root of the log; lines get their name from a child. */
  readonly logger: Logger;
  /**
   * Stops gracefully: not ready from now on, no new connections after `shutdown_notice`, what is in flight ends (at most
   * `shutdown_grace` seconds more), leases go back, rows are written, everything is closed. A second call waits for the same end.
   */
  stop(): Promise<void>;
}

/** Builds everything, begins to work and to listen. Whatever was opened is closed again when a later step fails. */
export async function startServer(
  config: AppConfig,
  overrides: ServerOverrides = {},
): Promise<RunningServer> {
  const undo: (() => unknown)[] = [];
  try {
    return await start(config, overrides, undo);
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

async function start(
  config: AppConfig,
  overrides: ServerOverrides,
  undo: (() => unknown)[],
): Promise<RunningServer> {
  const logs = overrides.logStream === undefined ? openLogStreams(config) : null;
  const logger = createLogger(
    config,
    logs?.streams ?? [overrides.logStream].filter((one) => one !== undefined),
  );
  undo.push(() => logs?.close());
  if (overrides.listens !== false) await assertPortsAreFree(config);
  const database = await openServed(config, logger);
  undo.push(() => database.close());
  await assertConnections(database, config, overrides);
  const transactions = new TransactionRunner(database);
  await admitSecretKeys(transactions, secretKeysOf(config), new Date());
  const hostClock = overrides.hostClock ?? systemClock;
  const line = database.kind === 'postgres' ? await ListeningConnection.open(database, hostClock) : null;
  undo.push(() => line?.close());
  const tracer = await openTracer(config, logger);
  undo.push(() => tracer?.close());
  const built = await buildApp(config, overrides, {
    clock: overrides.clock ?? line?.clock ?? hostClock,
    database,
    transactions,
    notifications: line ?? NO_NOTIFICATIONS,
    logger,
    tracer,
  });
  undo.push(() => built.app.close());
  const { app, library, front } = built;
  await app.init();
  app.get(RouteCatalogue).fill();
  await library.ready();
  const prepared = app.get(PreparedRoutes).fill();
  // Express gives the same answers with its headers in another order, so there every request takes the usual way.
  if (config.http_adapter === 'fastify') front.shorten(prepared);
  if (!config.audit_synchronous) front.leaveUnrecorded(prepared.readingTemplates);
  const jobs = app.get<JobEngine>(JobEngine);
  built.metrics.watchDatabase(database);
  built.metrics.watchAudit(app.get<AuditRecorder>(AuditRecorder));
  if (logs !== null) built.metrics.watchLog(logs);
  undo.push(countModelLoads(built.metrics.telemetry));
  await jobs.start();
  undo.push(() => jobs.stop(0));
  const servers: NodeServer[] = [app.getHttpServer() as NodeServer];
  undo.push(() => closeServers(servers));
  const port =
    overrides.listens === false
      ? await listenAsWorker(config, built, servers)
      : await listenAll(config, library, servers);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await inTurn(logger, [
      ['requests and jobs', () => drain(front, servers, jobs, config)],
      ['the last figures', () => built.metrics.leave()],
      ['the audit log', () => app.get<AuditRecorder>(AuditRecorder).close()],
      ['the application', () => app.close()],
      ['the connection that listens', async () => line?.close()],
      ['the database', () => database.close()],
      ['the last traces', async () => tracer?.close()],
    ]);
    await logs?.close();
  };
  return { url: urlOf(config.host, port), port, app, logger, stop: () => (stopping ??= stop()) };
}

const openServed = (config: AppConfig, logger: Logger): Promise<Database> =>
  openDatabase(config, {
    serves: true,
    outages: outageLog(logger),
    replica: replicaOf(config, replicaLog(logger)),
  });

const assertConnections = (
  database: Database,
  config: AppConfig,
  { listens }: ServerOverrides,
): Promise<void> =>
  assertConnectionBudget(database, {
    poolSize: config.database_pool_size,
    poolOverflow: config.database_max_overflow,
    queue: config.jobs && engineOf(config) === 'graphile' ? QUEUE_CONNECTIONS : 0,
    processes: listens === false ? 1 : config.workers,
  });

interface BuiltApp {
  readonly app: INestApplication;
  readonly library: HttpLibrary;
  readonly front: HttpFront;
  readonly metrics: Metrics;
}

/** What was opened before. */
interface Ground {
  readonly clock: Clock;
  readonly database: Database;
  readonly transactions: TransactionRunner;
  readonly notifications: Notifications;
  readonly logger: Logger;
  readonly tracer: Tracer | null;
}

/** Everything but running: nothing listens and no job is claimed yet. */
async function buildApp(
  config: AppConfig,
  overrides: ServerOverrides,
  { clock, database, transactions, notifications, logger, tracer }: Ground,
): Promise<BuiltApp> {
  const bars = new StoredBarCache(database, transactions);
  const plugins = await (overrides.plugins?.(config, clock) ??
    loadConfiguredPlugins(config, bars, pluginLogger(logger), clock));
  const log = logger.child({ name: 'prediction_provider' });
  for (const notice of config.notices) log.warn(notice);
  const telemetry = new Telemetry();
  telemetry.set('prediction_provider_build_info', buildInfo(config), 1);
  const siblings = cluster.isWorker ? new SupervisedSiblings(process) : ALONE;
  const metrics = new Metrics(telemetry, siblings);
  metrics.watchNotes(plugins);
  let audit: AuditRecorder | null = null;
  const access = new AccessLog(logger);
  const front: HttpFront = new HttpFront({
    allowedOrigins: config.allowed_origins,
    trustedProxies: config.trusted_proxies,
    maxInWork: config.max_requests_in_work,
    form: { errors: config.error_bodies, warnings: config.answer_warnings },
    clock,
    audit: () => (audit ??= app.get<AuditRecorder>(AuditRecorder)),
    observers: [access, metrics, new TraceRequests()],
    refusalObservers: [access, metrics],
    tracer,
    replica: database.replica,
  });
  const library = await httpLibrary(config, front);
  const jobListener = {
    ...jobFigures(telemetry),
    failed: (activity: string, error: unknown) => log.error({ err: error }, `jobs: ${activity} failed`),
  };
  const foundation = {
    config,
    clock,
    database,
    transactions,
    notifications,
    jobListener,
    telemetry,
    tracer,
  };
  const root = ApiModule.forRoot({ foundation, plugins, front, metrics }, overrides.domains);
  const app: INestApplication = await NestFactory.create(root, library.adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  serveDocumentation(app, app.get(RouteTable), config.swagger);
  return { app, library, front, metrics };
}

/** The original's port of a second listener; only another one opens it. */
const NO_SECOND_LISTENER = 5000;

/** Of several processes only the first one could find them free: they share them. */
async function assertPortsAreFree(config: AppConfig): Promise<void> {
  if (cluster.isWorker) return;
  await assertFree(config.host, config.port);
  if (config.endpoints_port !== NO_SECOND_LISTENER)
    await assertFree(config.endpoints_host, config.endpoints_port);
}

async function listenAll(config: AppConfig, library: HttpLibrary, servers: NodeServer[]): Promise<number> {
  const [first] = servers;
  if (first === undefined) throw new Error('an application has a server');
  const port = await listen(first, config.host, config.port);
  if (config.endpoints_port !== NO_SECOND_LISTENER) {
    const second = library.anotherServer();
    servers.push(second);
    await listen(second, config.endpoints_host, config.endpoints_port);
  }
  return port;
}

/** Health and metrics of a process without an API, if it is to have a port for them; else 0. */
async function listenAsWorker(
  { host, worker_port }: AppConfig,
  { app, metrics }: BuiltApp,
  servers: NodeServer[],
): Promise<number> {
  if (worker_port === null) return 0;
  const readiness = app.get(Readiness);
  const server = healthServer({ readings: () => readiness.readings(), metrics: () => metrics.text() });
  servers.push(server);
  return listen(server, host, worker_port);
}

/** `0.0.0.0` is no address to call. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
