import { Injectable, Logger } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import { type JobCounts, JobEngine } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { MarketplaceFigures } from '../marketplace/marketplace-statistics.port.js';
import type { ComponentHealth, JobHealth, MarketplaceHealth, SystemHealthOut } from './admin.dto.js';
import { type DiskSpace, ProcessFigures } from './process-figures.js';

const DISK_ALERT_PERCENT = 90;
/** A due job that waits longer than this tells that runners are missing or stuck. */
const WAIT_ALERT_MS = 60_000;
/** Claims and orders that ran out are dealt with every few seconds; after this time something is wrong. */
const STUCK_AFTER_MS = 60_000;

/** The state of everything the service stands on, measured on each call. What does not exist is said not to. */
@Injectable()
export class SystemHealth {
  readonly #logger = new Logger(SystemHealth.name);

  constructor(
    private readonly database: Database,
    private readonly plugins: PluginRegistry,
    private readonly figures: ProcessFigures,
    private readonly jobs: JobEngine,
    private readonly marketplace: MarketplaceFigures,
    private readonly clock: Clock,
  ) {}

  async report(): Promise<SystemHealthOut> {
    const [database, jobs, marketplace, disk] = await Promise.all([
      this.#database(),
      this.#jobs(),
      this.#marketplace(),
      this.#disk(),
    ]);
    const plugins = this.#plugins();
    const alerts = [
      ...(database.status === 'healthy' ? [] : ['The database does not answer']),
      ...this.#pluginAlerts(),
      ...jobAlerts(jobs),
      ...marketplaceAlerts(marketplace),
      ...diskAlerts(disk),
    ];
    return {
      overallStatus: database.status !== 'healthy' ? 'unhealthy' : alerts.length > 0 ? 'degraded' : 'healthy',
      components: {
        database,
        redisCache: { ...NOTHING_MEASURED, status: 'not_present' },
        pluginSystem: plugins,
        jobEngine: jobs,
        marketplace,
      },
      alerts,
      diskSpace: disk ?? { usedBytes: null, availableBytes: null, usedPercent: null },
    };
  }

  async #database(): Promise<ComponentHealth> {
    const started = performance.now();
    try {
      await runSql(this.database.read, 'SELECT 1');
      const responseTime = Math.round((performance.now() - started) * 100) / 100;
      return { ...NOTHING_MEASURED, status: 'healthy', responseTime, ...(await this.#connections()) };
    } catch (error) {
      this.#logger.error({ error }, 'the database does not answer');
      return { ...NOTHING_MEASURED, status: 'unhealthy' };
    }
  }

  /** Connections to a PostgreSQL server; a SQLite file has no server to count them. */
  async #connections(): Promise<{ connections: number | null; maxConnections: number | null }> {
    if (this.database.kind !== 'postgres') return { connections: null, maxConnections: null };
    const [row] = await runSql<{ used: string; allowed: string }>(
      this.database.read,
      `SELECT (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()) AS used,
         current_setting('max_connections') AS allowed`,
    );
    return { connections: Number(row?.used), maxConnections: Number(row?.allowed) };
  }

  #plugins(): ComponentHealth {
    const all = this.plugins.summaries();
    const failedPlugins = all.filter(({ state }) => state === 'failed').length;
    return {
      ...NOTHING_MEASURED,
      status: failedPlugins > 0 ? 'degraded' : 'healthy',
      loadedPlugins: all.filter(({ state }) => state === 'active').length,
      failedPlugins,
    };
  }

  #pluginAlerts(): string[] {
    const failed = this.plugins.summaries().filter(({ state }) => state === 'failed');
    return failed.map(({ kind, id }) => `The ${kind} plugin ${id} could not be created`);
  }

  async #jobs(): Promise<JobHealth> {
    try {
      const { queued, running, oldestWaitMs }: JobCounts = await this.jobs.counts();
      const isStuck = (oldestWaitMs ?? 0) > WAIT_ALERT_MS;
      return { status: isStuck ? 'degraded' : 'healthy', queued, running, oldestWaitMs };
    } catch (error) {
      this.#logger.error({ error }, 'jobs could not be counted');
      return { status: 'unhealthy', queued: null, running: null, oldestWaitMs: null };
    }
  }

  async #marketplace(): Promise<MarketplaceHealth> {
    try {
      const now = this.clock.now();
      const { oldestPending, ...counted } = await this.marketplace.backlog(
        new Date(now),
        new Date(now - STUCK_AFTER_MS),
      );
      return {
        status: counted.stuck > 0 ? 'degraded' : 'healthy',
        ...counted,
        oldestWaitMs: oldestPending === null ? null : Math.max(0, now - oldestPending.getTime()),
      };
    } catch (error) {
      this.#logger.error({ error }, 'orders of the marketplace could not be counted');
      return { status: 'unhealthy', pending: null, processing: null, stuck: null, oldestWaitMs: null };
    }
  }

  async #disk(): Promise<DiskSpace | null> {
    try {
      return await this.figures.disk();
    } catch (error) {
      this.#logger.warn({ error }, 'the disk could not be measured');
      return null;
    }
  }
}

const NOTHING_MEASURED = {
  responseTime: null,
  connections: null,
  maxConnections: null,
  memoryUsage: null,
  hitRate: null,
  loadedPlugins: null,
  failedPlugins: null,
} as const;

function jobAlerts({ oldestWaitMs: waitMs }: JobHealth): string[] {
  if (waitMs === null || waitMs <= WAIT_ALERT_MS) return [];
  return [`A job has waited for ${Math.round(waitMs / 1000)} s`];
}

function marketplaceAlerts({ stuck }: MarketplaceHealth): string[] {
  if (stuck === null || stuck === 0) return [];
  return [`Orders whose time ran out and that were neither returned to the queue nor ended: ${stuck}`];
}

function diskAlerts(disk: DiskSpace | null): string[] {
  if (disk === null || disk.usedPercent < DISK_ALERT_PERCENT) return [];
  return [`The disk is ${disk.usedPercent} % full`];
}
