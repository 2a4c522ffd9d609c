import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { AvailabilityFigures } from '#libs/database';
import type { JobCounts, JobEngine } from '#libs/jobs';
import { OutageError, systemClock, within } from '#libs/kernel';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';

/** From the 1 ms of an oracle's answer to the 30 s of a long wait; seconds. */
const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const COUNTER = 'http_requests_total';
const HISTOGRAM = 'http_request_duration_seconds';

/** What is counted of one method on one route. */
interface Series {
  /** Requests by status. */
  readonly statuses: Map<number, number>;
  /** Requests by the first bound that they kept; the last element counts those beyond every bound. */
  readonly buckets: Float64Array;
  sumSeconds: number;
}

/**
 * Counts requests and their durations in Prometheus' text format. prom-client hashes the labels of every observation,
 * 15 µs a request, a tenth of what a synchronous answer costs; here they are two map look-ups.
 */
export class RequestFigures {
  readonly #routes = new Map<string, Map<string, Series>>();

  add(method: string, route: string, status: number, seconds: number): void {
    const series = this.#seriesOf(method, route);
    series.statuses.set(status, (series.statuses.get(status) ?? 0) + 1);
    let bucket = 0;
    while (bucket < BOUNDS_S.length && seconds > (BOUNDS_S[bucket] ?? 0)) bucket += 1;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    series.sumSeconds += seconds;
  }

  /** Prometheus text, version 0.0.4: a counter and a histogram. */
  text(): string {
    const [counts, durations]: [string[], string[]] = [[], []];
    for (const [route, methods] of this.#routes) {
      for (const [method, series] of methods) {
        const labels = `method="${escaped(method)}",route="${escaped(route)}"`;
        for (const [status, count] of series.statuses) {
          counts.push(`${COUNTER}{${labels},status="${status}"} ${count}`);
        }
        durations.push(...histogramLines(labels, series));
      }
    }
    return `${[
      `# HELP ${COUNTER} Number of finished requests. The route is a template; status 499 means that the client disconnected.`,
      `# TYPE ${COUNTER} counter`,
      ...counts,
      '',
      `# HELP ${HISTOGRAM} Duration of requests in seconds, from the first byte of the request line to the last byte of the answer.`,
      `# TYPE ${HISTOGRAM} histogram`,
      ...durations,
    ].join('\n')}\n`;
  }

  #seriesOf(method: string, route: string): Series {
    let methods = this.#routes.get(route);
    if (methods === undefined) this.#routes.set(route, (methods = new Map()));
    let series = methods.get(method);
    if (series === undefined) {
      series = { statuses: new Map(), buckets: new Float64Array(BOUNDS_S.length + 1), sumSeconds: 0 };
      methods.set(method, series);
    }
    return series;
  }
}

function histogramLines(labels: string, { buckets, sumSeconds }: Series): string[] {
  let count = 0;
  const lines = Array.from(buckets, (requests, index) => {
    count += requests;
    return `${HISTOGRAM}_bucket{${labels},le="${BOUNDS_S[index] ?? '+Inf'}"} ${count}`;
  });
  return [...lines, `${HISTOGRAM}_sum{${labels}} ${sumSeconds}`, `${HISTOGRAM}_count{${labels}} ${count}`];
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

const escaped = (label: string): string => label.replace(/[\\"\n]/g, (sign) => ESCAPES[sign] ?? sign);

/** The process's figures: requests by route, jobs, and Node's own (event-loop delay, memory, garbage collection). */
export class Metrics implements RequestObserver {
  readonly #registry = new Registry();
  readonly #requests = new RequestFigures();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds the job engine's figures; they are read when somebody asks for them. */
  watchJobs(jobs: JobEngine): void {
    const gauge = new Gauge({
      name: 'jobs',
      help: 'Number of unfinished jobs, by status.',
      labelNames: ['status'] as const,
      registers: [this.#registry],
      collect: async () => {
        const counts = await countsOf(jobs);
        gauge.reset();
        oldest.reset();
        if (counts === null) return;
        gauge.set({ status: 'queued' }, counts.queued);
        gauge.set({ status: 'running' }, counts.running);
        oldest.set((counts.oldestWaitMs ?? 0) / 1000);
      },
    });
    const oldest = new Gauge({
      name: 'jobs_oldest_wait_seconds',
      help: 'Seconds that the longest-waiting job has been due; 0 if no job is waiting.',
      registers: [this.#registry],
    });
  }

  /** Adds the figures of the watch over the database, which need none. */
  watchDatabase(availability: { readonly figures: AvailabilityFigures }): void {
    const registers = [this.#registry];
    const figure = (name: string, help: string, read: (figures: AvailabilityFigures) => number): void => {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers,
        collect: () => gauge.set(read(availability.figures)),
      });
    };
    figure('database_up', '1 while the database serves; 0 while it is away, locked or full.', ({ outage }) =>
      outage === null ? 1 : 0,
    );
    figure(
      'database_outages',
      'Number of outages of the database since the start.',
      ({ outages }) => outages,
    );
    figure('database_refusals', 'Number of attempts that failed of them.', ({ refused }) => refused);
  }

  /** Adds the number of log lines that could not be written. */
  watchLog({ lost }: { readonly lost: () => Readonly<Record<string, number>> }): void {
    const gauge: Gauge<'destination'> = new Gauge({
      name: 'log_lines_lost',
      help: 'Number of log lines that could not be written, by destination.',
      labelNames: ['destination'] as const,
      registers: [this.#registry],
      collect: () => {
        for (const [destination, lines] of Object.entries(lost())) gauge.set({ destination }, lines);
      },
    });
  }

  /** Adds how often answers carried notes about their data. */
  watchNotes({ noteCounts }: { readonly noteCounts: ReadonlyMap<string, number> }): void {
    const counter: Counter<'code'> = new Counter({
      name: 'data_notes_total',
      help: 'Number of answers with a note about their data, by the code of the note.',
      labelNames: ['code'] as const,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        for (const [code, count] of noteCounts) counter.inc({ code }, count);
      },
    });
  }

  finished({ method, route }: Exchange, status: number, durationMs: number): void {
    const known = KNOWN_METHODS.has(method) ? method : 'OTHER';
    this.#requests.add(known, route ?? 'unmatched', status, durationMs / 1000);
  }

  /** Prometheus text. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    const others = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, body: `${this.#requests.text()}\n${others}` };
  }
}

/** The jobs' figures; null while the database, which has them, does not answer. */
async function countsOf(jobs: JobEngine): Promise<JobCounts | null> {
  const late = new OutageError('The jobs could not be counted in time', { code: 'database_unavailable' });
  try {
    return await within(systemClock, COUNT_MS, jobs.counts(), () => late);
  } catch (error) {
    if (error instanceof OutageError) return null;
    throw error;
  }
}
/** Whoever collects figures waits some seconds. */
const COUNT_MS = 1_500;

/** Anything may stand in a request line; a figure's label may not. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
