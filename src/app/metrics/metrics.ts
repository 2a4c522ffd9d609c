import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AvailabilityFigures, PoolFigures, ReplicaFigures } from '#libs/database';
import { type SeriesReading, Telemetry } from '#libs/telemetry';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';
import type { RefusalObserver } from '../http/overload.js';
import { ALONE, type Siblings } from './siblings.js';

/** Of the processes of a service the worst one is told, not their sum or mean. */
const WORST = /^nodejs_eventloop_lag_(?!min_)/;

/** The timer of the event loop's lag. At prom-client's 10 ms it was a third of what a process costs that has nothing to do (0.4 % of a core). */
const LAG_STEP_MS = 20;

/** Measures series of the database; what cannot be had in time is left out. */
export interface DatabaseSeries {
  measure(): Promise<void>;
}

/**
 * What `/metrics` tells: the figures of all processes of this service put together, Node's own among them, and those of
 * the database, which are read when somebody asks.
 */
export class Metrics implements RequestObserver, RefusalObserver {
  readonly #node = new Registry();
  readonly #sources: (() => void)[] = [];
  readonly #database: DatabaseSeries[] = [];

  constructor(
    readonly telemetry = new Telemetry(),
    private readonly siblings: Siblings = ALONE,
  ) {
    collectDefaultMetrics({ register: this.#node, eventLoopMonitoringPrecision: LAG_STEP_MS });
    siblings.tell(() => this.own());
  }

  /** Adds the figures of the watch over the database and of its pool. */
  watchDatabase(database: {
    readonly availability: { readonly figures: AvailabilityFigures };
    readonly pool: PoolFigures | null;
    readonly replica: { readonly figures: ReplicaFigures } | null;
  }): void {
    this.#sources.push(() => {
      const { outage, outages, refused } = database.availability.figures;
      this.telemetry.set('database_up', {}, outage === null ? 1 : 0);
      this.telemetry.set('database_outages', {}, outages);
      this.telemetry.set('database_refusals', {}, refused);
      const replica = database.replica?.figures;
      if (replica !== undefined) {
        const { behindMs, reads, passed } = replica;
        if (behindMs !== null) this.telemetry.set('database_replica_lag_seconds', {}, behindMs / 1_000);
        this.telemetry.set('database_replica_reads', { where: 'replica' }, reads);
        this.telemetry.set('database_replica_reads', { where: 'primary' }, passed);
      }
      const { pool } = database;
      if (pool === null) return;
      this.telemetry.set('database_connections', { state: 'busy' }, pool.total - pool.idle);
      this.telemetry.set('database_connections', { state: 'idle' }, pool.idle);
      this.telemetry.set('database_connections', { state: 'waiting' }, pool.waiting);
      this.telemetry.set('database_connections_limit', {}, pool.limit);
    });
  }

  /** Adds the number of audit rows that wait for their commit. */
  watchAudit(recorder: { readonly waiting: number }): void {
    this.#sources.push(() => this.telemetry.set('audit_rows_waiting', {}, recorder.waiting));
  }

  /** Adds the number of log lines that could not be written. */
  watchLog({ lost }: { readonly lost: () => Readonly<Record<string, number>> }): void {
    this.#sources.push(() => {
      for (const [destination, lines] of Object.entries(lost()))
        this.telemetry.set('log_lines_lost', { destination }, lines);
    });
  }

  /** Adds how often answers carried notes about their data. */
  watchNotes({ noteCounts }: { readonly noteCounts: ReadonlyMap<string, number> }): void {
    this.#sources.push(() => {
      for (const [code, count] of noteCounts) this.telemetry.set('data_notes_total', { code }, count);
    });
  }

  /** Adds series that are read from the database whenever somebody asks. */
  watchRows(series: DatabaseSeries): void {
    this.#database.push(series);
  }

  finished({ method, route }: Exchange, status: number, durationMs: number): void {
    const labels = labelsOf(method, route);
    this.telemetry.count('http_requests_total', { ...labels, status: String(status) });
    this.telemetry.observe('http_request_duration_seconds', labels, durationMs / 1000);
  }

  /** They were not begun, so there is no duration to tell. */
  refused(byMethod: ReadonlyMap<string, number>): void {
    for (const [method, times] of byMethod)
      this.telemetry.count('http_requests_total', { ...labelsOf(method, null), status: '503' }, times);
  }

  /** Prometheus text, version 0.0.4. @throws AppError `unavailable` when the other processes cannot be asked */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    const [together] = await Promise.all([
      this.own().then((own) => this.siblings.together(own)),
      ...this.#database.map((series) => series.measure()),
    ]);
    const registry = new Registry();
    for (const reading of [...together, ...this.telemetry.readings('database')]) {
      // a reading is all that a registry asks a metric for
      registry.registerMetric({ ...reading, get: () => reading } as never);
    }
    return { contentType: registry.contentType, body: await registry.metrics() };
  }

  /** Tells the processes beside this one its last figures. */
  leave(): Promise<void> {
    return this.siblings.leave();
  }

  /** The series of this process. */
  async own(): Promise<SeriesReading[]> {
    for (const measure of this.#sources) measure();
    const node = (await this.#node.getMetricsAsJSON()) as unknown as SeriesReading[];
    return [
      ...this.telemetry.readings('process'),
      ...node.map((one) => (WORST.test(one.name) ? { ...one, aggregator: 'max' } : one)),
    ];
  }
}

/** Anything may stand in a request line; a figure's label may not. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

const labelsOf = (method: string, route: string | null): { method: string; route: string } => ({
  method: KNOWN_METHODS.has(method) ? method : 'OTHER',
  route: route ?? 'unmatched',
});
